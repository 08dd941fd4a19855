package features

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// FuzzRead reads caches that were damaged or are no caches: an error, or as many values as were asked for.
func FuzzRead(f *testing.F) {
	const key = "0123456789abcdef01234567"
	sizes := Set{N: 2, Dim: 3, Crops: 1}
	whole := sizes
	whole.centre, whole.crops = []float32{1, 2, 3, 4, 5, 6}, []float32{7, 8, 9, 10, 11, 12}
	path := filepath.Join(f.TempDir(), "features.h5")
	if err := write(path, key, &whole); err != nil {
		f.Fatal(err)
	}
	back, err := read(path, key, sizes)
	if err != nil || !slices.Equal(back.centre, whole.centre) || !slices.Equal(back.crops, whole.crops) {
		f.Fatalf("%+v, %v", back, err)
	}
	bytes, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes)
	f.Add(bytes[:len(bytes)-5])
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "features.h5")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if set, err := read(path, key, sizes); err == nil && (len(set.centre) != 6 || len(set.crops) != 6) {
			t.Fatalf("%+v", set)
		}
	})
}
