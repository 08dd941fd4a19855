package drawn

import (
	"bytes"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/evaluate"
)

// pixels draws the first few images of each class, size pixels each way, as rows of size x size x 3 numbers about 0.
func pixels(t *testing.T, o Options) (rows []float32, dim int, labels []int32) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	o = s.options
	for class := range o.Classes {
		for index := range o.PerClass {
			img := s.Image(class, index)
			for i, v := range img.Pix {
				if i%4 != 3 {
					rows = append(rows, float32(v)-128)
				}
			}
			labels = append(labels, int32(class))
		}
	}
	return rows, o.Size * o.Size * 3, labels
}

// TestPixelsDoNotTellClasses: what a network is to learn is not there for the taking.
func TestPixelsDoNotTellClasses(t *testing.T) {
	rows, dim, labels := pixels(t, Options{Size: 32, Seed: 1})
	for _, d := range []evaluate.Distance{evaluate.Euclidean, evaluate.Cosine} {
		r, err := evaluate.Retrieve(rows, dim, labels, evaluate.RetrieveOptions{Distance: d})
		if err != nil {
			t.Fatal(err)
		}
		recall, err := r.Recall([]int{1})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%v: Recall@1 of raw pixels %.3f, chance %.3f", d, recall[0], 29./1199)
		if recall[0] >= 0.5 || recall[0] < 0.05 {
			t.Errorf("%v: Recall@1 of raw pixels is %.3f: want below 0.5, and above chance", d, recall[0])
		}
	}
}

func TestDrawIsDeterministic(t *testing.T) {
	o := Options{Classes: 7, PerClass: 3, Size: 48, Seed: 5}
	a, b := t.TempDir(), filepath.Join(t.TempDir(), "new", "folder")
	for _, dir := range []string{a, b} {
		if err := Draw(dir, o); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	names := s.Names()
	many, err := New(Options{Classes: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, name := range many.Names() {
		_, words, _ := strings.Cut(name, ".")
		if called[words] {
			t.Errorf("two classes are called %s", words)
		}
		called[words] = true
	}
	if !slices.IsSorted(names) || len(names) != 7 {
		t.Errorf("names %v do not sort in the order of the classes", names)
	}
	seen := map[string]bool{}
	for class, name := range names {
		for index, file := range []string{"001.png", "002.png", "003.png"} {
			x, err := os.ReadFile(filepath.Join(a, name, file))
			if err != nil {
				t.Fatal(err)
			}
			y, err := os.ReadFile(filepath.Join(b, name, file))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(x, y) {
				t.Errorf("%s/%s differs from run to run", name, file)
			}
			if seen[string(x)] {
				t.Errorf("%s/%s repeats another image", name, file)
			}
			seen[string(x)] = true
			img, err := png.Decode(bytes.NewReader(x))
			if err != nil {
				t.Fatal(err)
			}
			want := s.Image(class, index)
			if img.Bounds() != want.Bounds() || img.At(20, 30) != want.At(20, 30) {
				t.Errorf("%s/%s is not Set.Image", name, file)
			}
		}
	}
}

// TestSeedsAndClasses: another seed gives other classes; more classes leave the first ones as they are.
func TestSeedsAndClasses(t *testing.T) {
	image := func(o Options) []byte {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		return s.Image(3, 2).Pix
	}
	few := image(Options{Classes: 12, Size: 32, Seed: 1})
	if !bytes.Equal(few, image(Options{Classes: 60, Size: 32, Seed: 1})) {
		t.Error("more classes change the first ones")
	}
	if bytes.Equal(few, image(Options{Classes: 12, Size: 32, Seed: 2})) {
		t.Error("another seed gives the same picture")
	}
}

func TestOptions(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Options{Classes: 40, PerClass: 30, Size: 96}); s.options != want {
		t.Errorf("defaults %+v, want %+v", s.options, want)
	}
	for _, o := range []Options{{Classes: -1}, {Classes: 1000}, {PerClass: -2}, {Size: 8}, {Size: 5000}} {
		if err := Draw(t.TempDir(), o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if err := Draw(filepath.Join("draw_test.go", "under a file"), Options{Classes: 1, PerClass: 1}); err == nil {
		t.Error("a folder under a file: no error")
	}
}

// TestEveryDesignDraws: any geometry, at its limits too, gives a picture with the object in it.
func TestEveryDesignDraws(t *testing.T) {
	for _, f := range families {
		for _, v := range []float64{0, 0.25, 0.5, 0.75, 1} {
			d := design{family: f, geometry: slices.Repeat([]float64{v}, f.numbers), palette: newPalette(int(v*10), [4]float64{v, v, v, v})}
			l := newLayer(64)
			f.draw(newBrush(l, move(32, 32).then(stretch(26, 26)), at(0, -1)), d.geometry, d.palette, joints(7))
			covered := 0
			for i := 3; i < len(l.pix); i += 4 {
				if l.pix[i] > 0.5 {
					covered++
				}
				if l.pix[i] != l.pix[i] {
					t.Fatalf("%s at %v: NaN", f.name, v)
				}
			}
			if share := float64(covered) / (64 * 64); share < 0.05 || share > 0.7 {
				t.Errorf("%s at %v covers %.2f of the image", f.name, v, share)
			}
		}
	}
}

func joints(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

func BenchmarkImage(b *testing.B) {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		s.Image(i%40, i)
	}
}

func ExampleNew() {
	s, err := New(Options{Classes: 6, Seed: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range s.Names() {
		fmt.Println(name)
	}
	// Output:
	// 001.orange_vase
	// 002.golden_fish
	// 003.golden_beetle
	// 004.green_robot
	// 005.indigo_car
	// 006.green_flower
}
