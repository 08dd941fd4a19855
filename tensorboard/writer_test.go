package tensorboard

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func open(t *testing.T, dir string, purge int) *Writer {
	t.Helper()
	w, err := Create(dir, Options{PurgeStep: purge})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func picture(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = uint8(i*i) | 0x80
	}
	return img
}

// tear cuts the last bytes off the folder's last event file.
func tear(t *testing.T, dir string) {
	t.Helper()
	files, err := eventFiles(dir)
	do(t, err)
	last := files[len(files)-1]
	data, err := os.ReadFile(last)
	do(t, err)
	do(t, os.WriteFile(last, data[:len(data)-3], 0o644))
}

// points lists the steps and values of the curve tag.
func points(t *testing.T, path, tag string) [][2]float64 {
	t.Helper()
	events, err := Read(path)
	do(t, err)
	var p [][2]float64
	for _, e := range events {
		for _, v := range e.Values {
			if v.Tag == tag {
				p = append(p, [2]float64{float64(e.Step), float64(v.Scalar)})
			}
		}
	}
	return p
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	nodes := []Node{{Name: "a", Op: "Parameter", Shape: []int{-1, 3}}, {Name: "s/b", Op: "Neg", Inputs: []string{"a"}, Shape: []int{}}, {Name: "c", Op: "?"}}
	values := []float32{1, 2, 2, -5}
	grey := image.NewGray(image.Rect(3, 3, 7, 8))
	grey.SetGray(4, 4, color.Gray{Y: 200})
	do(t, w.Graph(nodes))
	do(t, w.Scalar("inf", 1, math.Inf(1)))
	do(t, w.Scalar("x", math.MaxInt64, -0.25))
	do(t, w.Histogram("h", 2, values))
	do(t, w.Image("i", 3, grey))
	do(t, w.Close())
	if err := w.Flush(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}

	events, err := Read(dir)
	do(t, err)
	if len(events) != 7 || events[0].Version != version || !events[1].Start || events[1].Step != 0 {
		t.Fatalf("events %+v", events)
	}
	equal(t, "graph", events[2].Graph, nodes)
	equal(t, "infinity", events[3].Values, []Value{{Tag: "inf", Scalar: float32(math.Inf(1))}})
	equal(t, "step", events[4].Step, math.MaxInt64)
	want := count(values)
	equal(t, "histogram", events[5].Values, []Value{{Tag: "h", Histogram: &want}})
	i := events[6].Values[0].Image
	img, err := png.Decode(bytes.NewReader(i.PNG))
	do(t, err)
	if i.Width != 4 || i.Height != 5 || color.GrayModel.Convert(img.At(1, 1)) != (color.Gray{Y: 200}) {
		t.Errorf("image %d x %d", i.Width, i.Height)
	}
	if now := events[6].WallTime; now < events[0].WallTime || now < 1.7e9 {
		t.Errorf("wall time %v", now)
	}
}

// TestResume: what a killed run logged after its last checkpoint is logged again, and counts once.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	for i, run := range []struct{ from, to int }{{0, 3}, {0, 7}, {4, 9}, {4, 6}} {
		w := open(t, dir, run.from)
		if run.from == 0 {
			do(t, w.Scalar("x", 0, float64(100*i)))
		}
		for step := run.from + 1; step <= run.to; step++ {
			do(t, w.Scalar("x", step, float64(100*i+step)))
		}
		do(t, w.Close())
	}
	equal(t, "points", points(t, dir, "x"), [][2]float64{{0, 100}, {1, 101}, {2, 102}, {3, 103}, {4, 104}, {5, 305}, {6, 306}})
}

// TestClock: a file made after the clock went back still comes last.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	do(t, os.WriteFile(filepath.Join(dir, prefix+"4000000000.host.1"), nil, 0o644))
	do(t, os.WriteFile(filepath.Join(dir, prefix+"strange"), nil, 0o644))
	do(t, open(t, dir, 0).Close())
	if _, err := os.Stat(filepath.Join(dir, prefix+"4000000001.dvml")); err != nil {
		t.Error(err)
	}
}

// TestTorn cuts a file at each byte: the whole records before the cut are read.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	do(t, w.Scalar("x", 1, 1))
	do(t, w.Scalar("x", 2, 2))
	do(t, w.Close())
	files, err := eventFiles(dir)
	do(t, err)
	data, err := os.ReadFile(files[0])
	do(t, err)
	whole, err := parse(data, nil)
	do(t, err)
	seen := map[int]bool{}
	for n := range len(data) {
		got, err := parse(data[:n], nil)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		seen[len(got)] = true
		if len(got) > 0 && !reflect.DeepEqual(got, whole[:len(got)]) {
			t.Fatalf("cut at %d: %v", n, got)
		}
	}
	equal(t, "numbers of events", len(seen), len(whole))
	for n := range data {
		bad := slices.Clone(data)
		bad[n] ^= 0x10
		if got, err := parse(bad, nil); !errors.Is(err, ErrCorrupt) || len(got) >= len(whole) {
			t.Fatalf("byte %d changed: %d events, %v", n, len(got), err)
		}
	}
}

func TestErrors(t *testing.T) {
	w := open(t, t.TempDir(), 0)
	defer w.Close()
	blank := image.NewRGBA(image.Rect(0, 0, 0, 4))
	for want, err := range map[string]error{
		"step -1 is negative":               w.Scalar("x", -1, 0),
		`tag "" is empty`:                   w.Scalar("", 1, 0),
		"not UTF-8":                         w.Histogram("\xff", 1, nil),
		"no image":                          w.Image("x", 1, nil),
		"the image is empty":                w.Image("x", 1, blank),
		"node 1: the name":                  w.Graph([]Node{{Name: "a"}, {Name: "a"}}),
		"node 0 has no name":                w.Graph([]Node{{}}),
		"its input \"b\" is not a node":     w.Graph([]Node{{Name: "a", Inputs: []string{"b"}}}),
		"the name must consist":             w.Projector("../x", 1, []float32{1}, 1, nil, nil, 0),
		"3 numbers are no rows of 2":        w.Projector("x", 1, make([]float32, 3), 2, nil, nil, 0),
		"0 numbers are no rows of 0":        w.Projector("x", 1, nil, 0, nil, nil, 0),
		"1 labels for 2 rows":               w.Projector("x", 1, make([]float32, 2), 1, []string{"a"}, nil, 0),
		"row 1 has a number that is not":    w.Projector("x", 1, []float32{0, float32(math.NaN())}, 1, nil, nil, 0),
		"hold fewer than 5 thumbnails of 4": w.Projector("x", 1, make([]float32, 5), 1, nil, picture(8, 8), 4),
		"thumbnails of 0 pixels":            w.Projector("x", 1, make([]float32, 5), 1, nil, picture(8, 8), 0),
		"at most 8192":                      w.Projector("x", 1, make([]float32, 5), 1, nil, image.NewGray(image.Rect(0, 0, 8200, 8)), 8),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "tensorboard: ") {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if _, err := Create(t.TempDir(), Options{PurgeStep: -1}); err == nil {
		t.Error("a negative PurgeStep is taken")
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestConcurrent logs from several goroutines; run it with -race.
func TestConcurrent(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	done := make(chan error)
	for g := range 4 {
		go func() {
			var err error
			for step := range 50 {
				err = errors.Join(err, w.Scalar(fmt.Sprint(g), step, 1))
			}
			done <- errors.Join(err, w.Flush())
		}()
	}
	for range 4 {
		do(t, <-done)
	}
	do(t, w.Close())
	for g := range 4 {
		equal(t, "points", len(points(t, dir, fmt.Sprint(g))), 50)
	}
}
