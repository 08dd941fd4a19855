package tensorboard

import (
	"errors"
	"os"
	"testing"
)

// FuzzParse feeds the reader with events that are framed properly, so that the decoder is reached, and with the bytes as they are.
func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	w, err := Create(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	err = errors.Join(
		w.Graph([]Node{{Name: "a", Shape: []int{2, -1}}, {Name: "b", Op: "Neg", Inputs: []string{"a"}}}),
		w.Scalar("x", 3, 0.5), w.Histogram("h", 4, []float32{1, 2, 3}), w.Image("i", 5, picture(2, 2)), w.Close())
	if err != nil {
		f.Fatal(err)
	}
	files, err := eventFiles(dir)
	if err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for rest := data; len(rest) > 0; {
		payload, after, _, err := cutRecord(rest)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
		rest = after
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		framed := appendRecord(appendRecord(nil, b), b)
		for _, data := range [][]byte{b, framed} {
			if _, err := parse(data, nil); err != nil && !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
		}
	})
}
