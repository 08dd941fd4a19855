package imageset

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/store"
)

func TestParseHoldOut(t *testing.T) {
	for text, want := range map[string]HoldOut{
		"": {}, "0.25": {Fraction: 0.25}, "30%": {Fraction: 0.3}, "random": {Random: true}, "random:7": {Random: true, Seed: 7},
		"milk, oat milk": {Classes: []string{"milk", "oat milk"}}, `"tench, Tinca tinca",eel`: {Classes: []string{"tench, Tinca tinca", "eel"}},
		"3,5": {Classes: []string{"3", "5"}}, "7": {Classes: []string{"7"}}, "randomised": {Classes: []string{"randomised"}},
	} {
		if got, err := ParseHoldOut(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"random:x", "random:-1", "120%", "1.5", "-0.5", `"a`, "NaN"} {
		if h, err := ParseHoldOut(text); err == nil && len(h.Classes) == 0 {
			t.Errorf("%q: %+v", text, h)
		}
	}
}

// Both sides get their share of the classes, whatever the fraction; the deal depends on names and seed alone.
func TestDeal(t *testing.T) {
	for n := 2; n < 40; n++ {
		classes, count := make([]string, n), make([]int, n)
		for i := range classes {
			classes[i], count[i] = fmt.Sprint("class ", i), 1+i%4
		}
		for _, h := range []HoldOut{{}, {Seed: 3}, {Fraction: 0.2}, {Fraction: 0.9}} {
			split, how := h.Deal(classes, count)
			again, _ := h.Deal(classes, count)
			held := 0
			for _, s := range split {
				held += int(s)
			}
			fraction := h.Fraction
			if fraction == 0 {
				fraction = 0.5
			}
			if !slices.Equal(split, again) || held == 0 || held == n || float64(held) < fraction*float64(n)-1 || float64(held) > fraction*float64(n)+2 {
				t.Errorf("%d classes, %+v: %d held out (%s)", n, h, held, how)
			}
		}
	}
	classes := []string{"a", "b", "c", "d"}
	split, _ := HoldOut{Classes: []string{"b", "d"}}.Deal(classes, []int{1, 1, 1, 1})
	if !slices.Equal(split, []store.Split{store.Train, store.Test, store.Train, store.Test}) {
		t.Errorf("%v", split)
	}
}

// A class more changes little of who is held out.
func TestDealIsStable(t *testing.T) {
	var classes []string
	var count []int
	for i := range 100 {
		classes, count = append(classes, fmt.Sprint("class ", i)), append(count, 5)
	}
	before, _ := HoldOut{}.Deal(classes[:99], count[:99])
	after, _ := HoldOut{}.Deal(classes, count)
	moved := 0
	for i, s := range before {
		if after[i] != s {
			moved++
		}
	}
	if moved > 1 {
		t.Errorf("%d of 99 classes change sides", moved)
	}
}

// The split is dealt over what can be read: four classes of unreadable files do not count.
func TestPrepareDealsWhatIsRead(t *testing.T) {
	f := files{}
	for i, class := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		for n := range 3 {
			f[fmt.Sprintf("%s/%d.png", class, n)] = photo(t, byte(10*i+n))
			if i < 4 {
				f[fmt.Sprintf("%s/%d.png", class, n)] = "broken"
			}
		}
	}
	set, err := Open(f.folder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for held, h := range map[int]HoldOut{2: {}, 1: {Fraction: 0.25}, 3: {Classes: []string{"e", "f", "g"}}} {
		out := filepath.Join(t.TempDir(), "x.h5")
		s, err := Prepare(context.Background(), set, out, PrepareOptions{Size: 8, HoldOut: h})
		if err != nil {
			t.Fatal(err)
		}
		if s.Written != 12 || s.Classes != 4 || s.Test != 3*held || s.Train != 12-3*held || s.Dealt == "" {
			t.Errorf("%+v: %+v", h, s)
		}
		r, err := store.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		labels, classes := r.Labels(), map[int32]bool{}
		for _, i := range r.Indices(store.Test) {
			classes[labels[i]] = true
		}
		if len(classes) != held {
			t.Errorf("%+v: %d classes are stored as held out", h, len(classes))
		}
		r.Close()
	}
	_, err = Prepare(context.Background(), set, filepath.Join(t.TempDir(), "x.h5"), PrepareOptions{HoldOut: HoldOut{Classes: []string{"z"}}})
	if err == nil || !strings.Contains(err.Error(), `hold out "z": there is no class of that name`) {
		t.Errorf("error %v", err)
	}
}

// A set's own split stays, unless another is asked for.
func TestPrepareKeepsTheSourcesSplit(t *testing.T) {
	set, err := Open(tree(t, append(classesIn("train", "val"), "train/cat/0.png", "val/dog/0.png")...).folder(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	for test, h := range map[int]HoldOut{3: {}, 2: {Classes: []string{"ant"}}} {
		s, err := Prepare(context.Background(), set, filepath.Join(t.TempDir(), "x.h5"), PrepareOptions{Size: 8, HoldOut: h})
		if err != nil || s.Test != test {
			t.Errorf("%+v: %+v, %v", h, s, err)
		}
	}
}

func TestPrepareTellsCopies(t *testing.T) {
	a, b, c := shade(t, 1), shade(t, 2), shade(t, 3)
	set := inMemory(a, b, c, a, c) // even and odd in turn: a comes in both classes, c twice in one
	s, err := Prepare(context.Background(), set, filepath.Join(t.TempDir(), "x.h5"), PrepareOptions{Size: 8})
	if err != nil {
		t.Fatal(err)
	}
	want := []Copy{{"photographs/3.jpg", "photographs/0.jpg", "odd", "even"}, {"photographs/4.jpg", "photographs/2.jpg", "even", "even"}}
	if !slices.Equal(s.Copies, want) || s.Bytes != int64(2*len(a)+len(b)+2*len(c)) {
		t.Errorf("%+v, %d bytes", s.Copies, s.Bytes)
	}
}

// Files that say they are vast, or are no images, are refused by their size and their first bytes.
func TestPrepareBombs(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, data := range map[string]string{"a/1.png": photo(t, 1), "b/1.png": photo(t, 2), "b/zeros.png": string(make([]byte, 8<<20)),
		"a/bomb.png": "\x89PNG\r\n\x1a\n" + string(make([]byte, 1<<20))} {
		h := &zip.FileHeader{Name: name, UncompressedSize64: uint64(len(data)), CompressedSize64: uint64(len(data)), CRC32: crc32.ChecksumIEEE([]byte(data))}
		if name == "a/bomb.png" {
			h.UncompressedSize64 = 2 * maxMemory
		}
		e, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(e, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	set, err := Open(write(t, "set.zip", b.Bytes()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var read int
	for i := range set.Images {
		open := set.Images[i].Open
		set.Images[i].Open = func() (io.ReadCloser, error) {
			r, err := open()
			return &counted{r, &read}, err
		}
	}
	s, err := Prepare(context.Background(), set, filepath.Join(t.TempDir(), "x.h5"), PrepareOptions{Size: 8, Workers: 1})
	if err != nil || s.Written != 2 || len(s.Skipped) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if read > 1<<16 {
		t.Errorf("%d bytes are read", read)
	}
}

// counted counts what is read; it says its size as the file does.
type counted struct {
	io.ReadCloser
	n *int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	*c.n += n
	return n, err
}

func (c *counted) Stat() (os.FileInfo, error) {
	return c.ReadCloser.(interface{ Stat() (os.FileInfo, error) }).Stat()
}

// What is read of a file on disk is the whole file, and one that grows shorter meanwhile is cut short.
func TestReadFile(t *testing.T) {
	data := shade(t, 5)
	place := write(t, "a.png", data)
	open := func() (io.ReadCloser, error) { return openRegular(place) }
	if got, err := readFile(&Image{Open: open}, 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := readFile(&Image{Open: open}, 10); err == nil {
		t.Error("a large file is read")
	}
}
