package imageset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dvml/dvml/store"
)

// inMemory makes a set of two classes from encoded images, the even ones of class 0, which trains.
func inMemory(files ...[]byte) *Set {
	set := &Set{Name: "made", Classes: []string{"even", "odd"}}
	for i, data := range files {
		set.Images = append(set.Images, Image{Path: fmt.Sprintf("photographs/%d.jpg", i), Label: i % 2, Split: store.Split(i % 2),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }})
	}
	return set
}

// shade is a grey image whose pixels tell which it is.
func shade(t testing.TB, v int) []byte {
	img := image.NewGray(image.Rect(0, 0, 20, 20))
	for i := range img.Pix {
		img.Pix[i] = byte(v)
	}
	return asPNG(t, img)
}

// nothingIn reports what a failed Prepare left behind.
func nothingIn(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left behind", e.Name())
	}
}

func TestPrepareLeavesOutBrokenImages(t *testing.T) {
	cases := broken(t)
	names := slices.Sorted(func(yield func(string) bool) {
		for name := range cases {
			if !yield(name) {
				return
			}
		}
	})
	var files [][]byte
	var bad []string
	for i, name := range names { // good and broken in turn
		files = append(files, shade(t, 10*i), cases[name].data)
		bad = append(bad, fmt.Sprintf("photographs/%d.jpg", 2*i+1))
	}
	files = append(files, shade(t, 200), shade(t, 210))
	set := inMemory(files...)
	missing := fmt.Sprintf("photographs/%d.jpg", len(files))
	set.Images = append(set.Images, Image{Path: missing, Open: func() (io.ReadCloser, error) { return nil, os.ErrNotExist }})
	bad = append(bad, missing)
	out := filepath.Join(t.TempDir(), "out.h5")
	var calls []int
	s, err := Prepare(context.Background(), set, out, PrepareOptions{Size: 8, Progress: func(done, total int) {
		if total != len(set.Images) {
			t.Errorf("progress of %d, want %d", total, len(set.Images))
		}
		calls = append(calls, done)
	}})
	if err != nil {
		t.Fatal(err)
	}
	var skipped []string
	for i, skip := range s.Skipped {
		skipped = append(skipped, skip.Path)
		if i < len(names) && (skip.Err == nil || !strings.Contains(skip.Err.Error(), cases[names[i]].want)) {
			t.Errorf("%s: reason %v, want one with %q", names[i], skip.Err, cases[names[i]].want)
		}
	}
	if !slices.Equal(skipped, bad) {
		t.Errorf("left out %q, want %q", skipped, bad)
	}
	good := len(names) + 2
	if s.Written != good || s.Train != good-1 || s.Test != 1 || s.Classes != 2 {
		t.Errorf("summary %d images, %d train, %d test, %d classes; want %d, %d, 1, 2", s.Written, s.Train, s.Test, s.Classes, good, good-1)
	}
	if len(calls) != len(set.Images) || !slices.IsSorted(calls) || calls[len(calls)-1] != len(set.Images) {
		t.Errorf("progress %v", calls)
	}
	r, err := store.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.N() != good {
		t.Fatalf("%d images are stored, want %d", r.N(), good)
	}
	pixels := make([]byte, 3*8*8)
	for i := range r.N() { // the others close up in order
		want := 10 * i
		if i >= len(names) {
			want = 200 + 10*(i-len(names))
		}
		if err := r.ReadImage(i, pixels); err != nil {
			t.Fatal(err)
		}
		if pixels[0] != byte(want) || pixels[len(pixels)-1] != byte(want) {
			t.Errorf("image %d has shade %d, want %d", i, pixels[0], want)
		}
	}
	if labels := r.Labels(); labels[0] != 0 || labels[good-1] != 1 {
		t.Errorf("labels %v", labels)
	}
}

// Of several broken images Strict names the first, whatever the order in which workers meet them.
func TestPrepareStrict(t *testing.T) {
	files := [][]byte{shade(t, 1), shade(t, 2), shade(t, 3), nil, []byte("text"), nil, nil, shade(t, 4)}
	for range 20 {
		dir := t.TempDir()
		_, err := Prepare(context.Background(), inMemory(files...), filepath.Join(dir, "out.h5"), PrepareOptions{Size: 8, Strict: true, Workers: 4})
		if err == nil || !strings.Contains(err.Error(), "photographs/3.jpg") || !strings.Contains(err.Error(), "empty") {
			t.Fatalf("error %v, want one about photographs/3.jpg, which is empty", err)
		}
		nothingIn(t, dir)
	}
}

func TestPrepareNothingDecodes(t *testing.T) {
	dir := t.TempDir()
	_, err := Prepare(context.Background(), inMemory(nil, nil), filepath.Join(dir, "out.h5"), PrepareOptions{})
	if err == nil || !strings.Contains(err.Error(), "photographs/0.jpg") {
		t.Errorf("error %v, want one about photographs/0.jpg", err)
	}
	nothingIn(t, dir)
}

func TestPrepareCancelled(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.h5")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var files [][]byte
	for i := range 50 {
		files = append(files, shade(t, i))
	}
	_, err := Prepare(ctx, inMemory(files...), out, PrepareOptions{Size: 8, Progress: func(done, _ int) {
		if done == 10 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	nothingIn(t, dir)
}

func TestPrepareKeepsAnOlderFile(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.h5")
	if err := os.WriteFile(out, []byte("older"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Prepare(context.Background(), inMemory(shade(t, 1), nil), out, PrepareOptions{Strict: true}); err == nil {
		t.Fatal("a broken image passes")
	}
	if data, err := os.ReadFile(out); err != nil || string(data) != "older" {
		t.Errorf("the older file is %q (%v)", data, err)
	}
}

func TestPrepareRefuses(t *testing.T) {
	set := inMemory(shade(t, 1), shade(t, 2))
	out := filepath.Join(t.TempDir(), "out.h5")
	tests := map[string]struct {
		set *Set
		out string
		o   PrepareOptions
	}{
		"no images":     {&Set{Classes: []string{"a"}}, out, PrepareOptions{}},
		"negative size": {set, out, PrepareOptions{Size: -1}},
		"unknown fit":   {set, out, PrepareOptions{Fit: 9}},
		"no folder":     {set, filepath.Join(filepath.Dir(out), "missing", "out.h5"), PrepareOptions{}},
	}
	for name, test := range tests {
		if _, err := Prepare(context.Background(), test.set, test.out, test.o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	nothingIn(t, filepath.Dir(out))
}

// The file depends on the images, not on how many workers met them in which order.
func TestPrepareIsTheSameForAnyWorkers(t *testing.T) {
	var files [][]byte
	for i := range 40 {
		files = append(files, shade(t, 6*i))
	}
	files[7] = nil
	for _, jpeg := range []bool{false, true} {
		var first []byte
		for _, workers := range []int{1, 5} {
			out := filepath.Join(t.TempDir(), "out.h5")
			if _, err := Prepare(context.Background(), inMemory(files...), out, PrepareOptions{Size: 16, JPEG: jpeg, Workers: workers}); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = data
			} else if !bytes.Equal(first, data) {
				t.Errorf("JPEG %v: %d workers write another file than 1", jpeg, workers)
			}
		}
	}
}

// Photographs that are JPEG of the stored size keep their bytes: no generation is lost. Those that must be turned do not.
func TestPrepareKeepsJPEG(t *testing.T) {
	plain := asJPEG(t, made(64, 64))
	turned, err := os.ReadFile("testdata/turned.jpg")
	if err != nil {
		t.Fatal(err)
	}
	cmyk, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out.h5")
	if _, err := Prepare(context.Background(), inMemory(plain, turned, cmyk), out, PrepareOptions{Size: 64, JPEG: true, Strict: true}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, plain) {
		t.Error("the bytes of a JPEG of the right size are not kept")
	}
	r, err := store.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pixels := make([]byte, 3*64*64)
	for i := range r.N() {
		if err := r.ReadImage(i, pixels); err != nil {
			t.Fatal(err)
		}
		checkQuadrants(t, pixels, 64, quadrants, 8)
	}
}

// The heap stays bounded however many greedy images there are and workers ask for them: to scale one of these takes 65 MB, all at a time 655.
func TestPrepareMemory(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	data := asPNG(t, image.NewGray(image.Rect(0, 0, 8, 8000)))
	files := make([][]byte, 10)
	for i := range files {
		files[i] = data
	}
	set := inMemory(files...)
	w, err := store.Create(filepath.Join(t.TempDir(), "out.h5"), store.Spec{N: len(files), Size: 256, Classes: set.Classes})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	worst := uint64(0)
	p := &preparation{src: set, out: w, budget: newBudget(140 << 20), failed: map[int]error{}, files: make([]fileDigest, len(files)),
		o: PrepareOptions{Size: 256, Workers: len(files), Strict: true, Progress: func(int, int) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			worst = max(worst, m.HeapAlloc)
		}}}
	if err := p.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if worst > 400<<20 {
		t.Errorf("the heap grew to %d MiB", worst>>20)
	}
}

func TestBudget(t *testing.T) {
	b := newBudget(10)
	var mu sync.Mutex
	var wg sync.WaitGroup
	used, worst := int64(0), int64(0)
	for i := range 50 {
		wg.Go(func() {
			n := int64(i%10 + 1)
			b.take(n)
			mu.Lock()
			used += n
			worst = max(worst, used)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			used -= n
			mu.Unlock()
			b.give(n)
		})
	}
	wg.Wait()
	if worst > 10 || b.left != 10 {
		t.Errorf("up to %d of 10 were taken, %d are left", worst, b.left)
	}
}
