package loss

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/mine"
)

// edges are batches at which a careless loss divides by zero: embeddings and labels.
func edges() map[string]struct {
	x      [][]float32
	labels []int32
	empty  bool // holds no triplet
} {
	const n, dim = 8, 4
	rng := rand.New(rand.NewPCG(3, 3))
	fill := func(f func(i int) float32) [][]float32 {
		x := make([][]float32, n)
		for i := range x {
			for range dim {
				x[i] = append(x[i], f(i))
			}
		}
		return x
	}
	normal := func(int) float32 { return float32(rng.NormFloat64()) }
	pairs := []int32{0, 0, 1, 1, 2, 2, 3, 3}
	type edge = struct {
		x      [][]float32
		labels []int32
		empty  bool
	}
	duplicated := fill(normal)
	copy(duplicated[1], duplicated[0])
	copy(duplicated[2], duplicated[0])
	return map[string]edge{
		"one class":       {fill(normal), make([]int32, n), true},
		"all classes":     {fill(normal), []int32{0, 1, 2, 3, 4, 5, 6, 7}, true},
		"all alike":       {fill(func(int) float32 { return 0.3 }), pairs, false},
		"all zero":        {fill(func(int) float32 { return 0 }), pairs, false},
		"two alike":       {duplicated, pairs, false},
		"tiny":            {fill(func(i int) float32 { return 1e-20 * normal(i) }), pairs, false},
		"huge":            {fill(func(i int) float32 { return 1e4 * normal(i) }), pairs, false},
		"far from origin": {fill(func(i int) float32 { return 1e3 + normal(i) }), pairs, false},
	}
}

// variants are all losses in their default form, and the forms whose graphs differ.
func variants() []Config {
	var all []Config
	for _, name := range Names() {
		all = append(all, Config{Name: name})
	}
	for _, name := range mine.Names() {
		all = append(all, Config{Name: "triplet", Distance: "euclidean", Miner: &mine.Config{Name: name}},
			Config{Name: "margin", Miner: &mine.Config{Name: name}})
	}
	return append(all,
		Config{Name: "triplet", Mining: "hard", Distance: "euclidean"},
		Config{Name: "triplet", Mining: "all", Distance: "cosine"},
		Config{Name: "contrastive", Normalise: new(false)},
		Config{Name: "contrastive", Memory: &Memory{Size: 12}},
		Config{Name: "n-pair", Normalise: new(true)},
		Config{Name: "signal-to-noise", Normalise: new(false)},
		Config{Name: "margin", LearnBeta: "per-class"},
	)
}

// tripletBased names the losses that a batch without triplets must leave at 0.
var tripletBased = []string{"triplet", "angular", "margin", "lifted-structure", "generalised-lifted", "circle"}

func TestEdges(t *testing.T) {
	for name, edge := range edges() {
		for _, cfg := range variants() {
			label := cfg.Name + " " + cfg.Mining
			if cfg.Miner != nil {
				label += cfg.Miner.Name
			}
			cfg.NumClasses, cfg.Dim = 8, 4
			got := grade(t, cfg, edge.x, edge.labels, nil, nil)
			if math.IsNaN(float64(got.loss)) || math.IsInf(float64(got.loss), 0) {
				t.Errorf("%s, %s: loss is %g", name, label, got.loss)
			}
			if !(got.active >= 0 && got.active <= 1) {
				t.Errorf("%s, %s: active is %g", name, label, got.active)
			}
			largest := float32(0)
			for _, row := range got.gradient {
				for _, v := range row {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Fatalf("%s, %s: gradient is %v", name, label, row)
					}
					largest = max(largest, max(v, -v))
				}
			}
			if edge.empty && slices.Contains(tripletBased, cfg.Name) && (got.loss != 0 || got.active != 0 || largest != 0) {
				t.Errorf("%s, %s: loss %g, active %g, gradient %g, all should be 0", name, label, got.loss, got.active, largest)
			}
		}
	}
}

// TestPromises checks that a batch which breaks what the configuration says is not trained on in silence.
func TestPromises(t *testing.T) {
	x := edges()["two alike"].x
	labels := []int32{0, 0, 0, 1, 1, 2, 2, 9}
	for _, cfg := range []Config{
		{Name: "triplet", PerClass: 2}, {Name: "triplet", Mining: "all", PerClass: 2},
		{Name: "margin", PerClass: 2, Miner: &mine.Config{Name: "semi-hard"}},
		{Name: "proxy-anchor"}, {Name: "proxy-nca"}, {Name: "proxy-nca++"}, {Name: "cosface"}, {Name: "arcface"}, {Name: "normalised-softmax"}, {Name: "soft-triple"}, {Name: "potential-field"},
		{Name: "margin", LearnBeta: "per-class"},
	} {
		cfg.NumClasses, cfg.Dim = 3, 4
		if got := grade(t, cfg, x, labels, nil, nil); !math.IsNaN(float64(got.loss)) {
			t.Errorf("%+v: loss is %g where it should be NaN", cfg, got.loss)
		}
	}
}

// TestNotANumber checks that no mask hides a broken embedding.
func TestNotANumber(t *testing.T) {
	for _, broken := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		x := edges()["two alike"].x
		x[5][1] = float32(broken)
		for _, cfg := range variants() {
			cfg.NumClasses, cfg.Dim = 8, 4
			if got := grade(t, cfg, x, []int32{0, 0, 1, 1, 2, 3, 4, 5}, nil, nil); !math.IsNaN(float64(got.loss)) {
				t.Errorf("%s: loss is %g with an embedding of %g", cfg.Name, got.loss, broken)
			}
		}
	}
}

// TestOrder checks that a loss does not depend on the order of the batch (n-pair alone does: it takes the first two of a class).
func TestOrder(t *testing.T) {
	r := newReference()
	x := single(r.x)
	order := rand.New(rand.NewPCG(1, 1)).Perm(len(x))
	moved, labels := make([][]float32, len(x)), make([]int32, len(x))
	for i, j := range order {
		moved[i], labels[i] = x[j], r.labels[j]
	}
	for _, name := range Names() {
		if name == "n-pair" {
			continue
		}
		cfg := Config{Name: name, NumClasses: r.classes, Dim: len(x[0]), Seed: 5}
		a, b := grade(t, cfg, x, r.labels, nil, nil), grade(t, cfg, moved, labels, nil, nil)
		want := make([][]float64, len(x))
		for i, j := range order {
			for _, v := range a.gradient[j] {
				want[i] = append(want[i], float64(v))
			}
		}
		agree(t, b, float64(a.loss), want, 1e-5)
	}
}

// TestProxies checks that proxies are a variable named "proxies", shared by calls with one scope, and drawn by the seed alone.
func TestProxies(t *testing.T) {
	r := newReference()
	draw := func(seed uint64) float32 {
		return grade(t, Config{Name: "proxy-anchor", NumClasses: 6, Dim: 5, Seed: seed}, single(r.x), r.labels, nil, nil).loss
	}
	if draw(1) != draw(1) || draw(1) == draw(2) {
		t.Errorf("losses %g, %g of one seed, %g of another", draw(1), draw(1), draw(2))
	}
	l, err := New(Config{Name: "soft-triple", NumClasses: 6, Dim: 5, Centres: 2})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	gradeIn(t, l, store, single(r.x), r.labels, nil)
	gradeIn(t, l, store, single(r.x), r.labels, nil)
	var paths []string
	for v := range store.RootScope().At("loss").IterVariables() {
		paths = append(paths, v.Path())
		if !v.Trainable {
			t.Errorf("%s is not trainable", v.Path())
		}
	}
	if len(paths) != 1 || paths[0] != "/loss/proxies" {
		t.Errorf("variables are %v, want /loss/proxies alone", paths)
	}
}
