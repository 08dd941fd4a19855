package cpu

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/support/backendtest"
)

func newTest(t testing.TB) compute.Backend {
	t.Helper()
	b, err := New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// TestSuite is GoMLX's public suite for backends.
func TestSuite(t *testing.T) { backendtest.RunAll(t, newTest(t), nil) }

var _ compute.Backend = (*Backend)(nil)
