package imageset

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/internal/shared"
	"github.com/dvml/dvml/store"
)

// TestCars196 lists the real training half and prepares a few of its photographs.
func TestCars196(t *testing.T) {
	set, err := Open(shared.Path(t, "data/cars196"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	var count [2]int
	for _, im := range set.Images {
		count[im.Split]++
		if want := store.ClassDisjoint(im.Label, 196); im.Split != want {
			t.Fatalf("%s of class %d is for %v", im.Path, im.Label, im.Split)
		}
	}
	if set.Name != "cars196" || len(set.Images) != 8144 || len(set.Classes) != 196 || count != [2]int{4052, 4092} {
		t.Errorf("%s: %d images, %d classes, %v; want 8144, 196, 4052 and 4092", set.Name, len(set.Images), len(set.Classes), count)
	}
	if first := set.Images[0]; first.Label != 13 || set.Classes[13] != "Audi TTS Coupe 2012" || filepath.Base(first.Path) != "00001.jpg" {
		t.Errorf("first image %s of class %d %q", first.Path, first.Label, set.Classes[first.Label])
	}
	set.Images = append(set.Images[:20:20], set.Images[8100:]...)
	out := filepath.Join(t.TempDir(), "cars.h5")
	s, err := Prepare(context.Background(), set, out, PrepareOptions{Strict: true})
	if err != nil || s.Written != 64 {
		t.Fatalf("%d written: %v", s.Written, err)
	}
	r, err := store.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	stored := make([]byte, 3*256*256)
	for i, im := range set.Images {
		f, err := im.Open()
		if err != nil {
			t.Fatal(err)
		}
		pixels, err := Decode(f, 256, Stretch)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if err := r.ReadImage(i, stored); err != nil {
			t.Fatal(err)
		}
		if string(stored) != string(pixels) {
			t.Errorf("%s is stored with other pixels than it has", im.Path)
		}
	}
}
