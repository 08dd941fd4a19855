package store

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func create(t *testing.T, spec Spec) (*Writer, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.h5")
	w, err := Create(path, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Abort() })
	return w, path
}

func files(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestPutRefuses(t *testing.T) {
	w, _ := create(t, Spec{N: 3, Size: 4, Classes: []string{"a", "b"}})
	ok := make([]byte, 48)
	if err := w.Put(1, ok, 1, Test); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"twice":         {w.Put(1, ok, 1, Test), "image 1 is put twice"},
		"beyond":        {w.Put(3, ok, 1, Test), "image 3 in a file made for 3"},
		"before":        {w.Put(-1, ok, 1, Test), "image -1"},
		"label":         {w.Put(0, ok, 2, Test), "label 2, there are 2 classes"},
		"negative":      {w.Put(0, ok, -1, Test), "label -1"},
		"split":         {w.Put(0, ok, 1, 7), "unknown split 7"},
		"short":         {w.Put(0, ok[1:], 1, Test), "47 bytes"},
		"JPEG":          {w.PutJPEG(0, ok, 1, Test), "Spec.JPEG"},
		"after refusal": {w.Put(0, ok, 1, Test), ""},
	} {
		if c.want == "" && c.err == nil {
			continue
		}
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, c.err, c.want)
		}
	}
}

func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, spec := range []Spec{{}, {N: 1, Size: 4}, {N: 1, Classes: []string{"a"}}, {Size: 4, Classes: []string{"a"}}, {N: 1, Size: 1 << 20, Classes: []string{"a"}}, {N: 1, Size: 4, Classes: []string{"a\x00b"}}} {
		if _, err := Create(filepath.Join(dir, "x.h5"), spec); err == nil {
			t.Errorf("%+v: no error", spec)
		}
	}
	if _, err := Create(filepath.Join(dir, "absent", "x.h5"), Spec{N: 1, Size: 4, Classes: []string{"a"}}); err == nil {
		t.Error("no error without the folder")
	}
	if left := files(t, filepath.Join(dir, "x")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAbortRemovesAndKeepsTheOldFile(t *testing.T) {
	for _, jpeg := range []bool{false, true} {
		w, path := create(t, Spec{N: 1, Size: 4, Classes: []string{"a"}, JPEG: jpeg})
		if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := w.Put(0, make([]byte, 48), 0, Train); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		if old, err := os.ReadFile(path); string(old) != "old" || err != nil {
			t.Errorf("the target holds %q %v", old, err)
		}
		if left := files(t, path); len(left) != 1 {
			t.Errorf("left behind: %v", left)
		}
		if w.Put(0, make([]byte, 48), 0, Train) == nil || w.Commit() == nil {
			t.Error("usable after Abort")
		}
	}
}

func TestCommitNeedsAnImage(t *testing.T) {
	w, path := create(t, Spec{N: 2, Size: 4, Classes: []string{"a"}})
	if err := w.Commit(); err == nil {
		t.Error("no error")
	}
	if left := files(t, path); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The file does not depend on which goroutine puts which image when.
func TestConcurrentPut(t *testing.T) {
	for _, jpeg := range []bool{false, true} {
		var first []byte
		for run := range 3 {
			w, path := create(t, Spec{N: 64, Size: 8, Classes: []string{"a", "b"}, JPEG: jpeg})
			var all sync.WaitGroup
			for g := range 4 {
				all.Go(func() {
					for i := g; i < 64; i += 4 {
						if i%10 == 3 {
							continue
						}
						if err := w.Put(i, picture(i, 8), int32(i%2), Split(i%2)); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			if got := w.Len(); got != 57 {
				t.Errorf("%d images", got)
			}
			if err := w.Commit(); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if run == 0 {
				first = b
			} else if !bytes.Equal(first, b) {
				t.Error("the bytes differ between runs")
			}
		}
	}
}

func TestJPEGKeepsThePicture(t *testing.T) {
	const size = 32
	smooth := make([]byte, 3*size*size)
	for y := range size {
		for x := range size {
			at := y*size + x
			smooth[at], smooth[size*size+at], smooth[2*size*size+at] = byte(8*x), byte(8*y), byte(4*x+4*y)
		}
	}
	w, path := create(t, Spec{N: 2, Size: size, Classes: []string{"a"}, JPEG: true})
	if err := w.Put(0, smooth, 0, Train); err != nil {
		t.Fatal(err)
	}
	data, err := encodeJPEG(smooth, size)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PutJPEG(1, data, 0, Test); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if !r.JPEG() || r.N() != 2 {
		t.Errorf("JPEG %v, N %d", r.JPEG(), r.N())
	}
	a, b := make([]byte, len(smooth)), make([]byte, len(smooth))
	if err := r.ReadImage(0, a); err != nil {
		t.Fatal(err)
	}
	if err := r.ReadImage(1, b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("Put and PutJPEG differ")
	}
	var sum float64
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(smooth[i]))
	}
	if mean := sum / float64(len(a)); mean > 2 {
		t.Errorf("mean difference %.2f of 255", mean)
	}
}

func TestPutJPEGRefuses(t *testing.T) {
	w, _ := create(t, Spec{N: 1, Size: 16, Classes: []string{"a"}, JPEG: true})
	small, err := encodeJPEG(picture(0, 8), 8)
	if err != nil {
		t.Fatal(err)
	}
	for want, data := range map[string][]byte{"8 x 8 pixels, expected 16 x 16": small, "image 0: JPEG": []byte("text"), "JPEG: ": nil} {
		if err := w.PutJPEG(0, data, 0, Train); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	print := func(change func(i int, pixels []byte) (int32, Split)) string {
		t.Helper()
		path := filepath.Join(dir, "x.h5")
		w, err := Create(path, Spec{N: 100, Size: 4, Classes: []string{"a", "b"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			p := picture(i, 4)
			label, split := change(i, p)
			if err := w.Put(i, p, label, split); err != nil {
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
		return r.Fingerprint()
	}
	seen := map[string]string{}
	for name, change := range map[string]func(i int, p []byte) (int32, Split){
		"plain":     func(i int, p []byte) (int32, Split) { return int32(i % 2), Split(i % 2) },
		"one label": func(i int, p []byte) (int32, Split) { return int32(i % 2 & min(1, i^53)), Split(i % 2) },
		"one split": func(i int, p []byte) (int32, Split) { return int32(i % 2), Split(i % 2 & min(1, i^53)) },
		"one pixel": func(i int, p []byte) (int32, Split) {
			if i == 53 {
				p[7]++
			}
			return int32(i % 2), Split(i % 2)
		},
	} {
		a, b := print(change), print(change)
		if a != b || len(a) != 64 {
			t.Errorf("%s: %q and %q", name, a, b)
		}
		if other, ok := seen[a]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[a] = name
	}
}
