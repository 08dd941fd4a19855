package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// writeGallery makes a file of two training images, two queries and a gallery of three.
func writeGallery(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.h5")
	w, err := Create(path, Spec{N: 7, Size: 4, Classes: []string{"a", "b", "c"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i, s := range []Split{Train, Gallery, Test, Gallery, Train, Test, Gallery} {
		if err := w.Put(i, picture(i, 4), int32(i%3), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGalleryIsPartOfTest(t *testing.T) {
	path := writeGallery(t)
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := fmt.Sprint(r.Indices(Train), r.Indices(Test), r.Indices(Gallery)); got != "[0 4] [1 2 3 5 6] [1 3 6]" {
		t.Error(got)
	}
	if got := fmt.Sprint(r.InGallery(r.Indices(Test)), r.InGallery(r.Indices(Train)) == nil); got != "[true false true false true] true" {
		t.Error(got)
	}
}

func TestH5PyReadsTheGallery(t *testing.T) {
	got := python(t, show, writeGallery(t))
	for _, want := range []string{"train targets [0, 4] True", "test targets [1, 2, 3, 5, 6] True", "gallery targets [1, 3, 6] True"} {
		if !strings.Contains(got, want) {
			t.Errorf("h5py sees\n%s\nwithout %q", got, want)
		}
	}
}
