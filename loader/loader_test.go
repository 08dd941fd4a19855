package loader

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/sampler"
)

// made is a source of made images; bad ones fail.
type made struct {
	n, size int
	bad     map[int]bool
}

var errBad = errors.New("the disk is on fire")

func (m made) N() int    { return m.n }
func (m made) Size() int { return m.size }

func (m made) Labels() []int32 {
	l := make([]int32, m.n)
	for i := range l {
		l[i] = int32(i % 5)
	}
	return l
}

func (m made) ReadImage(i int, dst []byte) error {
	if i < 0 || i >= m.n {
		return fmt.Errorf("image %d of %d", i, m.n)
	}
	if m.bad[i] {
		return errBad
	}
	for j := range dst {
		dst[j] = byte(i*37 + j*11 + j/7)
	}
	return nil
}

var plan = augment.Plan{Crop: 9, RandomCrop: true, Mirror: true, Norm: augment.Caffe}

func pxk(t testing.TB, m made) sampler.Sampler {
	t.Helper()
	rows := make([]int, m.n)
	for i := range rows {
		rows[i] = i
	}
	s, err := sampler.NewPxK(m.Labels(), rows, 4, 3, 9)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func start(t testing.TB, m made, s sampler.Sampler, step, workers, depth int) *Loader {
	t.Helper()
	l, err := New(m, s, plan, 21, step, workers, depth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// Bits and order do not depend on workers, depth, the first step or whether batches are given back.
func TestSameBitsWhateverTheWorkers(t *testing.T) {
	m := made{n: 60, size: 12}
	const steps = 30
	var want []Batch
	for _, c := range []struct {
		from, workers, depth int
		release              bool
	}{{0, 1, 1, false}, {0, 2, 3, true}, {0, 7, 1, true}, {0, 3, 5, false}, {17, 2, 2, true}} {
		l := start(t, m, pxk(t, m), c.from, c.workers, c.depth)
		for step := c.from; step < steps; step++ {
			b, err := l.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(want) < steps {
				want = append(want, Batch{Step: b.Step, Images: slices.Clone(b.Images), Labels: slices.Clone(b.Labels), Index: slices.Clone(b.Index)})
			}
			w := &want[step]
			if b.Step != step || !slices.Equal(b.Images, w.Images) || !slices.Equal(b.Labels, w.Labels) || !slices.Equal(b.Index, w.Index) {
				t.Fatalf("%+v: the batch of step %d differs", c, step)
			}
			if c.release {
				l.Release(b)
			}
		}
		l.Close()
	}
	for i := range want[0].Index {
		if want[0].Labels[i] != int32(want[0].Index[i]%5) {
			t.Errorf("row %d: label %d of image %d", i, want[0].Labels[i], want[0].Index[i])
		}
	}
	if slices.Equal(want[0].Images, want[1].Images) {
		t.Error("two steps have the same images")
	}
}

func TestImagesAreWhatThePlanMakes(t *testing.T) {
	m := made{n: 10, size: 12}
	s, err := sampler.NewSequential([]int{3, 1, 4, 9, 5}, 2)
	if err != nil {
		t.Fatal(err)
	}
	centre := augment.Plan{Crop: 8, Norm: augment.ImageNet}
	l, err := New(m, s, centre, 0, 0, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	pixels, want := make([]byte, 3*12*12), make([]float32, 3*8*8)
	var got []int
	for {
		b, err := l.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for j, i := range b.Index[:s.Valid(b.Step)] {
			m.ReadImage(i, pixels)
			centre.Apply(want, pixels, 12, nil)
			if !slices.Equal(b.Images[j*192:(j+1)*192], want) {
				t.Errorf("image %d differs", i)
			}
			got = append(got, i)
		}
		l.Release(b)
	}
	if !slices.Equal(got, []int{3, 1, 4, 9, 5}) {
		t.Errorf("images %v", got)
	}
	if _, err := l.Next(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// Of several bad images the one that comes first in the order of steps and rows is reported, whoever meets it first.
func TestABadImageIsReported(t *testing.T) {
	m := made{n: 60, size: 12}
	s := pxk(t, m)
	m.bad = map[int]bool{s.Batch(4)[7]: true, s.Batch(4)[9]: true, s.Batch(6)[0]: true}
	first, at := -1, 0
	for step := 0; first < 0; step++ {
		for _, i := range s.Batch(step) {
			if m.bad[i] && first < 0 {
				first, at = i, step
			}
		}
	}
	for _, workers := range []int{1, 2, 5} {
		l := start(t, m, s, 0, workers, 3)
		for range at {
			b, err := l.Next()
			if err != nil {
				t.Fatal(err)
			}
			l.Release(b)
		}
		want := fmt.Sprintf("step %d: image %d: ", at, first)
		for range 2 {
			if _, err := l.Next(); !errors.Is(err, errBad) || !strings.Contains(err.Error(), want) {
				t.Errorf("%d workers: error %v, want %q", workers, err, want)
			}
		}
		l.Close()
	}
}

// rogue plans rows that do not exist.
type rogue struct{ sampler.Sampler }

func (rogue) Fill(rows []int, _ int) {
	for i := range rows {
		rows[i] = 1000
	}
}

func TestARowThatDoesNotExist(t *testing.T) {
	m := made{n: 60, size: 12}
	l := start(t, m, rogue{pxk(t, m)}, 0, 2, 2)
	if _, err := l.Next(); err == nil || !strings.Contains(err.Error(), "image 1000 of 60") {
		t.Errorf("error %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	m := made{n: 60, size: 12}
	for _, c := range []struct{ step, workers, depth, crop int }{{-1, 1, 1, 9}, {0, 0, 1, 9}, {0, 1, 0, 9}, {0, 1, 1, 13}} {
		p := plan
		p.Crop = c.crop
		if _, err := New(m, pxk(t, m), p, 0, c.step, c.workers, c.depth); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
}

// Close ends everything at any moment, also while Next waits, and can be called twice.
func TestCloseLeavesNothingRunning(t *testing.T) {
	m := made{n: 60, size: 12}
	before := runtime.NumGoroutine()
	for run := range 50 {
		l := start(t, m, pxk(t, m), 0, 3, 2)
		var reader sync.WaitGroup
		reader.Go(func() {
			for range run {
				b, err := l.Next()
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
				l.Release(b)
			}
		})
		if run%2 == 0 {
			reader.Wait()
		}
		l.Close()
		l.Close()
		reader.Wait()
		if _, err := l.Next(); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

func TestNothingIsAllocated(t *testing.T) {
	m := made{n: 60, size: 12}
	l := start(t, m, pxk(t, m), 0, 2, 2)
	take := func() {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		l.Release(b)
	}
	for range 20 {
		take()
	}
	if n := testing.AllocsPerRun(200, take); n >= 1 {
		t.Errorf("%v allocations a batch", n)
	}
}
