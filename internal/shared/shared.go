// Package shared finds the reference data that some tests hold the project against: real
// photographs, ImageNet weights and golden values from public libraries. They lie beside the
// repository, in ../shared, never inside it; where they are absent a test skips.
package shared

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path returns the path of name (slash separated, for instance "golden/googlenet.json") under ../shared seen from the repository's root,
// or skips the test with a message that says what is missing.
func Path(t testing.TB, name string) string {
	t.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		t.Skip("shared: the source's place is unknown, so ../shared cannot be found")
	}
	path := filepath.Join(filepath.Dir(here), "..", "..", "..", "shared", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("shared: reference data %q is not beside the repository (../shared): %v", name, err)
	}
	return path
}
