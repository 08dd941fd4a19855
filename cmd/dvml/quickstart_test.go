package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A quickstart replaces what an earlier one made, nothing else, and not what another is at work on.
func TestQuickstartFolder(t *testing.T) {
	c := quickstartCmd{Out: filepath.Join(t.TempDir(), "quickstart")}
	lock, err := c.folder()
	if err != nil {
		t.Fatal(err)
	}
	made := filepath.Join(c.Out, "data.h5")
	if err := os.WriteFile(made, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS == "linux" || runtime.GOOS == "darwin" {
		if _, err := c.folder(); err == nil || !strings.Contains(err.Error(), "another quickstart") {
			t.Errorf("a second one beside it: %v", err)
		}
		if _, err := os.Stat(made); err != nil {
			t.Error("the second one removed what the first made")
		}
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if lock, err = c.folder(); err != nil {
		t.Fatal(err)
	}
	lock.Release()
	if _, err := os.Stat(made); err == nil {
		t.Error("what an earlier one made is still there")
	}
	other := quickstartCmd{Out: t.TempDir()}
	if err := os.WriteFile(filepath.Join(other.Out, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := other.folder(); err == nil {
		t.Error("a folder that no quickstart made was taken")
	}
}
