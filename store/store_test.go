package store

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// picture returns the made pixels of image i.
func picture(i, size int) []byte {
	p := make([]byte, 3*size*size)
	for j := range p {
		p[j] = byte(i*31 + j*7)
	}
	return p
}

// write makes a file of n images of 3 classes, two for training, leaving out the images in skip.
func write(t testing.TB, path string, n, size int, jpeg bool, order []int) {
	t.Helper()
	w, err := Create(path, Spec{N: n, Size: size, Classes: []string{"Audi", "BMW", "Citroën 2CV"}, JPEG: jpeg})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for _, i := range order {
		label := int32(i % 3)
		if err := w.Put(i, picture(i, size), label, Split(label/2)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestWriteAndRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.h5")
	write(t, path, 7, 8, false, []int{6, 0, 3, 1, 2, 5, 4})
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.N() != 7 || r.Size() != 8 {
		t.Errorf("N %d, size %d", r.N(), r.Size())
	}
	if got := fmt.Sprint(r.Classes(), r.Labels(), r.Indices(Train), r.Indices(Test)); got != "[Audi BMW Citroën 2CV] [0 1 2 0 1 2 0] [0 1 3 4 6] [2 5]" {
		t.Error(got)
	}
	got := make([]byte, 3*8*8)
	for i := range r.N() {
		if err := r.ReadImage(i, got); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, picture(i, 8)) {
			t.Errorf("image %d differs", i)
		}
	}
}

func TestLeftOutImagesCloseUp(t *testing.T) {
	for _, jpeg := range []bool{false, true} {
		dir := t.TempDir()
		a, b := filepath.Join(dir, "a.h5"), filepath.Join(dir, "b.h5")
		write(t, a, 9, 16, jpeg, []int{8, 7, 1, 2, 4, 5})
		write(t, b, 9, 16, jpeg, []int{1, 2, 4, 5, 7, 8})
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if !bytes.Equal(x, y) {
			t.Errorf("jpeg %v: the order of Put changes the file", jpeg)
		}
		r, err := Open(a)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Labels(); !slices.Equal(got, []int32{1, 2, 1, 2, 1, 2}) {
			t.Errorf("labels %v", got)
		}
		got := make([]byte, 3*16*16)
		if err := r.ReadImage(4, got); err != nil {
			t.Fatal(err)
		}
		if !jpeg && !bytes.Equal(got, picture(7, 16)) {
			t.Errorf("row 4 is not image 7")
		}
		r.Close()
		left, _ := os.ReadDir(dir)
		if len(left) != 2 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// Names of classes are folders' names, which may begin and end with anything.
func TestNamesAreKeptAsTheyAre(t *testing.T) {
	names := []string{" ", " a", "a ", "a  ", "a", "\ta\t", "\u00a0", "é", "é", `a\x00b`, "日本", "a\nb"}
	path := filepath.Join(t.TempDir(), "x.h5")
	w, err := Create(path, Spec{N: len(names), Size: 4, Classes: names})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range names {
		if err := w.Put(i, picture(i, 4), int32(i), Split(i%2)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !slices.Equal(r.Classes(), names) {
		t.Errorf("classes %q, want %q", r.Classes(), names)
	}
}
