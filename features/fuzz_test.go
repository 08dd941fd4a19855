package features

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/dvml/dvml/internal/hdf5"
)

// FuzzOpen opens caches that were damaged or are no caches: an error, or rows of the size that was asked for.
func FuzzOpen(f *testing.F) {
	const key = "0123456789abcdef01234567"
	sizes := Set{Shape: []int{1, 1, 3}, Crops: 1, row: 12, centre: part{images: []int{1, 4}}, crops: part{images: []int{0, 2}}}
	path := filepath.Join(f.TempDir(), "features.h5")
	file, err := os.Create(path)
	if err != nil {
		f.Fatal(err)
	}
	rows := bytesOf([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
	if _, err := file.WriteAt(rows, hdf5.SuperblockSize); err != nil {
		f.Fatal(err)
	}
	if err := structure(file, key, sizes); err != nil {
		f.Fatal(err)
	}
	if err := file.Close(); err != nil {
		f.Fatal(err)
	}
	set, err := open(path, key, sizes)
	if err != nil {
		f.Fatal(err)
	}
	defer set.Close()
	row := make([]byte, 12)
	if err := set.Read(row, 0, 2); err != nil || !slices.Equal(row, rows[36:]) {
		f.Fatalf("%v, %v", row, err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-5])
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "features.h5")
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		set, err := open(path, key, sizes)
		if err != nil {
			return
		}
		defer set.Close()
		for _, r := range []struct{ crop, image int }{{-1, 1}, {-1, 4}, {0, 0}, {0, 2}} {
			if err := set.Read(row, r.crop, r.image); err != nil {
				t.Fatal(err)
			}
		}
	})
}
