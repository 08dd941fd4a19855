package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// halves writes n images into a whole file and into parts of each images.
func halves(t *testing.T, dir string, n, each int, jpeg bool) (whole string, parts []string) {
	t.Helper()
	const size = 6
	classes := []string{"a", "b", "c"}
	make := func(name string, from, to int) string {
		path := filepath.Join(dir, name)
		w, err := Create(path, Spec{N: to - from, Size: size, Classes: classes, JPEG: jpeg, Fit: "crop"})
		if err != nil {
			t.Fatal(err)
		}
		for i := from; i < to; i++ {
			if err := w.Put(i-from, picture(i, size), int32(i%3), Split(i%3)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if err := os.MkdirAll(filepath.Join(dir, "parts"), 0o755); err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += each {
		parts = append(parts, make(fmt.Sprintf("parts/%03d.h5", from), from, min(n, from+each)))
	}
	return make("whole.h5", 0, n), parts
}

// A file of parts is the whole one: the same images, labels, split and fingerprint, and copied the same bytes; more parts than may be open at a time, read by many.
func TestJoinedIsTheWhole(t *testing.T) {
	t.Parallel()
	for _, jpeg := range []bool{false, true} {
		dir := t.TempDir()
		path, parts := halves(t, dir, 3*mostOpen+1, 2, jpeg)
		joined := filepath.Join(dir, "joined.h5")
		if n, err := Join(joined, parts, nil); err != nil || n != 3*mostOpen+1 {
			t.Fatal(n, err)
		}
		moved := t.TempDir() // the parts are found from where the file lies
		if err := os.Rename(dir, filepath.Join(moved, "x")); err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(moved, "x")
		path, joined = filepath.Join(dir, filepath.Base(path)), filepath.Join(dir, filepath.Base(joined))
		want, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer want.Close()
		got, err := Open(joined)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Close()
		if got.Fingerprint() != want.Fingerprint() || !slices.Equal(got.Labels(), want.Labels()) || got.JPEG() != jpeg || got.Fit() != "crop" || got.parts == nil || len(got.parts.names) != len(parts) {
			t.Error("the joined file is another")
		}
		for _, s := range splits {
			if !slices.Equal(got.Indices(s), want.Indices(s)) {
				t.Errorf("%s: %v, want %v", s, got.Indices(s), want.Indices(s))
			}
		}
		var readers sync.WaitGroup
		for worker := range 4 {
			readers.Go(func() {
				a, b := make([]byte, 3*6*6), make([]byte, 3*6*6)
				for k := range got.N() {
					i := (k*7 + worker*31) % got.N()
					if err := got.ReadImage(i, a); err != nil {
						t.Error(err)
					}
					if err := want.ReadImage(i, b); err != nil || !bytes.Equal(a, b) {
						t.Errorf("image %d differs (%v)", i, err)
					}
				}
			})
		}
		readers.Wait()
		if known, err := got.Check(t.Context(), nil); !known || err != nil {
			t.Error(known, err)
		}
		one := filepath.Join(dir, "one.h5")
		if err := Copy(context.Background(), got, one, nil); err != nil {
			t.Fatal(err)
		}
		a, err := os.ReadFile(one)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(a, b) {
			t.Errorf("the copy has other bytes (%v)", err)
		}
	}
}

func TestJoinDealsSplits(t *testing.T) {
	dir := t.TempDir()
	_, parts := halves(t, dir, 10, 4, false)
	joined := filepath.Join(dir, "joined.h5")
	_, err := Join(joined, parts, func(classes []string, count []int) []Split {
		if !slices.Equal(classes, []string{"a", "b", "c"}) || !slices.Equal(count, []int{4, 3, 3}) {
			t.Errorf("%v have %v images", classes, count)
		}
		return []Split{Test, Train, Train}
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Open(joined)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.Indices(Test); !slices.Equal(got, []int{0, 3, 6, 9}) {
		t.Errorf("held out are %v", got)
	}
}

func TestPartsThatDoNotFit(t *testing.T) {
	dir := t.TempDir()
	_, parts := halves(t, dir, 6, 3, false)
	other := filepath.Join(dir, "other.h5")
	write(t, other, 3, 6, false, []int{0, 1, 2})
	joined := filepath.Join(dir, "joined.h5")
	for want, list := range map[string][]string{
		"no parts":                {},
		"first part of 6 px":      {parts[0], other},
		"no such file":            {parts[0], filepath.Join(dir, "none.h5")},
		"has its images in parts": {joined},
	} {
		if strings.HasPrefix(want, "has") {
			if _, err := Join(joined, parts, nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Join(filepath.Join(dir, "x.h5"), list, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", list, err, want)
		}
	}
	// A part that was exchanged is noticed where its images are read, and one that is gone is named.
	pixels, err := os.ReadFile(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	pixels[pixelsAt] ^= 1
	if err := os.WriteFile(parts[1], pixels, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(joined); err == nil || !strings.Contains(err.Error(), "is not the one that was written") {
		t.Errorf("an exchanged part: %v", err)
	}
	if err := os.Remove(parts[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(joined); err == nil || !strings.Contains(err.Error(), "003.h5") {
		t.Errorf("a missing part: %v", err)
	}
}
