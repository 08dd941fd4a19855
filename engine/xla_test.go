//go:build xla

package engine

import (
	"os"
	"testing"
)

func TestCPUAgreesWithXLA(t *testing.T) {
	if os.Getenv("PJRT_PLUGIN_LIBRARY_PATH") == "" {
		t.Skip("set PJRT_PLUGIN_LIBRARY_PATH to the folder of XLA's CPU plugin (scripts/install-test-tools brings it)")
	}
	agree(t, "cpu", "xla:cpu")
}
