package features

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/internal/hdf5"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/store"
)

const stage = "inception_3b"

// choices are a preset's, of which the features hold nothing.
func choices(t *testing.T) method.Method {
	t.Helper()
	c, err := config.Preset("report-1")
	if err != nil {
		t.Fatal(err)
	}
	return c.Method
}

// source makes a data file of 20 images of 40 x 40, 12 of them to train on, and a source of a stage's maps of them.
func source(t *testing.T, crops int) (s Source, data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "x.h5")
	w, err := store.Create(data, store.Spec{N: 20, Size: 40, Classes: []string{"a", "b", "c", "d", "e"}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 20 {
		pixels := make([]byte, 3*40*40)
		for p := range pixels {
			pixels[p] = byte(rng.IntN(256))
		}
		split := store.Test
		if i%5 < 3 {
			split = store.Train
		}
		if err := w.Put(i, pixels, int32(i%5), split); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	r, err := store.Open(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	b, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	spec := googlenet.Spec{Form: googlenet.Original, Width: 0.125}
	m, err := method.NewModel(spec, choices(t), 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, err := embed.NewStage(b, model.NewStore(), m, stage, 32, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return Source{
		Reader: r, Embedder: e, Stage: stage, Weights: "w", Crops: crops, Seed: 3,
		Test:  augment.Plan{Crop: 32, Norm: augment.Caffe},
		Train: augment.Plan{Crop: 32, RandomCrop: true, Mirror: true, Norm: augment.Caffe},
	}, data
}

// path is where the cache of s lies beside data.
func path(s Source, data string) string { return filepath.Join(filepath.Dir(data), s.Name(data)) }

func load(t *testing.T, s Source, data string) *Set {
	t.Helper()
	set, err := Load(context.Background(), s, Place{Data: data}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	return set
}

// values reads an image's row.
func values(t *testing.T, set *Set, crop, image int) []float32 {
	t.Helper()
	v, err := set.Row(crop, image)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Rows are what the network gives for the image, whether it was computed now or read again.
func TestRowsAreTheNetworks(t *testing.T) {
	for _, crops := range []int{0, 3} {
		s, data := source(t, crops)
		for range 2 {
			set := load(t, s, data)
			for i := range 20 {
				test := i%5 >= 3
				if crops > 0 && !test { // only its augmented crops are kept
					if err := set.Read(make([]byte, s.row()), -1, i); err == nil {
						t.Errorf("the centre crop of training image %d", i)
					}
					seen := [][]float32{}
					for k := range crops {
						seen = append(seen, values(t, set, k, i))
					}
					if slices.Equal(seen[0], seen[1]) && slices.Equal(seen[1], seen[2]) {
						t.Errorf("all crops of image %d are one", i)
					}
					continue
				}
				want, err := s.Embedder.Rows(context.Background(), s.Reader, []int{i}, s.Test, nil)
				if err != nil {
					t.Fatal(err)
				}
				near(t, values(t, set, -1, i), want)
			}
			if again, err := Cached(s, Place{Data: data}); err != nil || again == nil {
				t.Errorf("not cached: %v", err)
			} else {
				again.Close()
			}
		}
	}
}

// With one place for the crop and no mirror the augmented crops are the centre crop of each training image, in its place.
func TestCropsStandInTheirPlaces(t *testing.T) {
	s, data := source(t, 2)
	s.Train.RandomCrop, s.Train.Mirror = false, false
	set := load(t, s, data)
	for _, i := range s.Reader.Indices(store.Train) {
		want, err := s.Embedder.Rows(context.Background(), s.Reader, []int{i}, s.Test, nil)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 2 {
			near(t, values(t, set, k, i), want)
		}
	}
	for crop, image := range map[int]int{2: 0, 0: 3} { // no such crop; a held-out image
		if err := set.Read(make([]byte, s.row()), crop, image); err == nil {
			t.Errorf("crop %d of image %d: no error", crop, image)
		}
	}
}

func near(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, not %d", len(got), len(want))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i] - v)); d > 1e-4*(1+math.Abs(float64(v))) {
			t.Fatalf("value %d is %g, not %g", i, got[i], v)
		}
	}
}

// rounding is an engine that says of itself that it rounds.
type rounding struct{ compute.Backend }

func (rounding) Precision() string { return "bfloat16" }

// Whatever would change the values changes the key.
func TestKeys(t *testing.T) {
	s, data := source(t, 1)
	other, _ := source(t, 1)
	if s.Key() != other.Key() {
		t.Error("equal sources have two keys")
	}
	change := map[string]func(*Source){
		"weights": func(s *Source) { s.Weights = "v" },
		"stage":   func(s *Source) { s.Stage = "inception_4a" },
		"test":    func(s *Source) { s.Test.Norm = augment.ImageNet },
		"train":   func(s *Source) { s.Train.Mirror = false },
		"crops":   func(s *Source) { s.Crops = 2 },
		"seed":    func(s *Source) { s.Seed++ },
	}
	b, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	m, err := method.NewModel(googlenet.Spec{Form: googlenet.Original, Width: 0.125}, choices(t), 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	rounded, err := embed.NewStage(rounding{b}, model.NewStore(), m, stage, 32, 8)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rounded.Close)
	change["precision"] = func(s *Source) { s.Embedder = rounded }
	keys := map[string]string{path(s, data): "the source"}
	for name, f := range change {
		c := s
		f(&c)
		if was, ok := keys[path(c, data)]; ok {
			t.Errorf("%s: the key is that of %s", name, was)
		}
		keys[path(c, data)] = name
	}
	s.Crops = 0 // then training's augmentation and the seed play no part
	c := s
	c.Train, c.Seed = augment.Plan{}, 8
	if c.Key() != s.Key() {
		t.Error("without crops the key hears of augmentation")
	}
}

// A cache under another key, a cut one and what a killed run left are never trusted.
func TestNothingHalfIsTrusted(t *testing.T) {
	s, data := source(t, 0)
	want := values(t, load(t, s, data), -1, 7)
	at := path(s, data)
	whole, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	stale := s
	stale.Weights = "v"
	for name, prepare := range map[string]func() error{
		"cut": func() error { return os.WriteFile(at, whole[:len(whole)-100], 0o644) },
		"another's": func() error {
			load(t, stale, data)
			return os.Rename(path(stale, data), at)
		},
		"killed": func() error {
			if err := os.Remove(at); err != nil {
				return err
			}
			return os.WriteFile(at+".7.part", slices.Repeat([]byte{0xff}, len(whole)+4096), 0o644)
		},
	} {
		if err := prepare(); err != nil {
			t.Fatal(err)
		}
		if got := values(t, load(t, s, data), -1, 7); !slices.Equal(got, want) {
			t.Errorf("%s: other values", name)
		}
		if again, err := os.ReadFile(at); err != nil || len(again) != len(whole) {
			t.Errorf("%s: the file is not made anew: %v", name, err)
		}
		if left, err := filepath.Glob(at + "?*"); err != nil || len(left) > 0 {
			t.Errorf("%s: left are %v, %v", name, left, err)
		}
	}
}

func TestAnInterruptedCacheIsGone(t *testing.T) {
	s, data := source(t, 0)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Load(ctx, s, Place{Data: data}, nil, func(done, total int) {
		if total != 20 {
			t.Errorf("%d images in all", total)
		}
		cancel()
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(data), "*.features-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestAFullDiskIsToldBefore(t *testing.T) {
	s, data := source(t, 2)
	defer func(f func(string) (uint64, bool)) { freeSpace = f }(freeSpace)
	freeSpace = func(string) (uint64, bool) { return uint64(s.Bytes()) - 1, true }
	want := "32 x 4 x 4 x 64 float32 after inception_3b (0.1 MiB), and "
	if _, err := Load(context.Background(), s, Place{Data: data}, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	if left, err := filepath.Glob(path(s, data) + "*"); err != nil || len(left) > 0 {
		t.Errorf("something was written: %v, %v", left, err)
	}
	freeSpace = func(string) (uint64, bool) { return 0, false } // a system that does not tell
	load(t, s, data)
}

// The file is HDF5 as its documentation says.
func TestTheFile(t *testing.T) {
	s, data := source(t, 2)
	load(t, s, data)
	f, err := os.Open(path(s, data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	file, err := hdf5.Open(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	root, err := file.Root()
	if err != nil {
		t.Fatal(err)
	}
	for name, dims := range map[string][]uint64{"centre": {8, 4, 4, 64}, "crops": {2, 12, 4, 4, 64}} {
		node, err := file.Node(root.Links[name])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(node.Data.Dims, dims) {
			t.Errorf("%s has the dimensions %v, not %v", name, node.Data.Dims, dims)
		}
	}
}

// Networks from files call their stages anything; a cache's file lies beside the data all the same.
func TestStagesMakeNamesOfFiles(t *testing.T) {
	for stage, want := range map[string]string{"pool": "pool", "inception_4e": "inception_4e", "/layer2/relu_1": "layer2_relu_1", "../../x:0": "x_0", "größe": "gr__e"} {
		if got := inName(stage); got != want {
			t.Errorf("%q: %q, want %q", stage, got, want)
		}
	}
	if got := inName(strings.Repeat("/block", 50)); len(got) > 40 {
		t.Errorf("a name of %d letters", len(got))
	}
}
