package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(folder, "file")
	for _, text := range []string{"first", "second"} {
		if err := Write(path, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			t.Fatal(err)
		}
		holds(t, folder, text)
	}
	broken := errors.New("broken")
	err := Write(path, func(w io.Writer) error { _, _ = io.WriteString(w, "half"); return broken })
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	holds(t, folder, "second")
	if err := Write(filepath.Join(path, "below"), func(io.Writer) error { return nil }); err == nil {
		t.Error("a file served as a folder")
	}
}

// holds checks that folder holds one file, with text.
func holds(t *testing.T, folder, text string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Fatalf("folder holds %v (%v), want one file", entries, err)
	}
	if got, err := os.ReadFile(filepath.Join(folder, entries[0].Name())); err != nil || string(got) != text {
		t.Errorf("file holds %q (%v), want %q", got, err, text)
	}
}
