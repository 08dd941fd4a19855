package store

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// written makes a file of n images of 8 pixels in two classes.
func written(t *testing.T, path string, n int) {
	t.Helper()
	w, err := Create(path, Spec{N: n, Size: 8, Classes: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := w.Put(i, bytes.Repeat([]byte{byte(i + 1)}, 3*8*8), int32(i%2), Split(i%2)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// Two processes cannot write one file; the first is not disturbed, and nothing stays beside it.
func TestOneWriterAtATime(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.h5")
	w, err := Create(path, Spec{N: 2, Size: 8, Classes: []string{"a", "b"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, Spec{N: 2, Size: 8, Classes: []string{"a", "b"}}); !errors.Is(err, ErrBusy) {
		t.Fatalf("a second writer: %v", err)
	}
	for i := range 2 {
		if err := w.Put(i, make([]byte, 3*8*8), int32(i), Split(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	written(t, path, 4) // the next one is free to
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%d files, %v", len(left), err)
	}
}

// A flipped byte of the images, the labels, the names or the split is found, at opening or by Check, and named.
func TestFlippedBytesAreFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	written(t, path, 40)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func() error {
		r, err := Open(path)
		if err != nil {
			return err
		}
		defer r.Close()
		known, err := r.Check(context.Background(), nil)
		if err == nil && !known {
			return errors.New("the file has no digests")
		}
		return err
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	image := pixelsAt + 21*3*8*8 + 5
	targets := bytes.Index(whole, []byte{1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0})
	for at, want := range map[int]string{image: "image 21", targets: "labels", targets + 12: "labels"} {
		b := bytes.Clone(whole)
		b[at] ^= 3 // of a target: 1 becomes 2
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("byte %d: %v, want %q in it", at, err, want)
		}
	}
}
