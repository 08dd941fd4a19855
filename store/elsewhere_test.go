package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files of other programs' layouts (scripts/golden/hdf5.py) are read value for value.
func TestFilesMadeElsewhere(t *testing.T) {
	for _, name := range []string{"chunks", "gzip-shuffle", "lzf", "fletcher32", "growing", "newest", "newest-single", "newest-table",
		"newest-table-gzip", "newest-table-larger", "newest-array", "newest-array-gzip", "newest-tree", "newest-tree-gzip", "newest-in-a-row", "soft-link", "soft-link-newest"} {
		temporary := t.TempDir()
		t.Setenv("TMPDIR", temporary)
		r, err := Open(filepath.Join("testdata", name+".h5"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.N() != 10 || r.Size() != 8 || len(r.Classes()) != 5 {
			t.Errorf("%s: %d images of %d pixels, %d classes", name, r.N(), r.Size(), len(r.Classes()))
		}
		pixels := make([]byte, 3*8*8)
		for i := range r.N() {
			if err := r.ReadImage(i, pixels); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for at, got := range pixels {
				if want := byte(7*i + 50*(at/64) + 3*(at/8%8) + at%8); got != want {
					t.Fatalf("%s: image %d has %d at %d, want %d", name, i, got, at, want)
				}
			}
			if got := r.Labels()[i]; got != int32(i/2) {
				t.Errorf("%s: image %d has label %d", name, i, got)
			}
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("%s: %d files were left behind, %v", name, len(left), err)
		}
	}
}

// What cannot be read says why and what to do.
func TestLayoutsThatAreRefused(t *testing.T) {
	for name, want := range map[string]string{
		"scale-offset": "h5repack", "circle": "circle", "external-link": "another file", "virtual": "virtual dataset",
	} {
		r, err := Open(filepath.Join("testdata", name+".h5"))
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", name, err, want)
		}
	}
}

// Chunks that are damaged are errors, never panics, and leave nothing behind.
func TestDamagedChunks(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	path := filepath.Join(t.TempDir(), "damaged.h5")
	for name, stride := range map[string]int{"gzip-shuffle": 37, "newest-single": 37, "newest-table-gzip": 37, "newest-array": 211, "newest-tree-gzip": 137} {
		whole, err := os.ReadFile(filepath.Join("testdata", name+".h5"))
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(whole); at += stride {
			b := append([]byte(nil), whole...)
			b[at] ^= 0xff
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
			if r, err := Open(path); err == nil {
				r.Close()
			}
			if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
				t.Fatalf("%s, byte %d: %d files were left behind, %v", name, at, len(left), err)
			}
		}
	}
}
