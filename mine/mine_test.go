package mine

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/internal/shared"
)

// engine is the backend of all tests of the package.
var engine = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("go:ops_sequential") })

// mined is what a miner picked from one batch.
type mined struct {
	triplets           [][3]int
	positive, negative [][]float32 // weights of the pairs
}

// run lets a miner pick from a batch held against itself; slots of the table are turned back to columns.
func run(t testing.TB, cfg Config, x [][]float32, labels []int32, uniform [][]float32, perClass int) mined {
	t.Helper()
	backend, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if uniform == nil {
		uniform = make([][]float32, len(x))
		for i := range uniform {
			uniform[i] = make([]float32, len(x))
		}
	}
	exec := MustNewExec(backend, func(in []*Node) []*Node {
		positive, negative := distance.Masks(in[1], in[1], true)
		input := Input{in[0], in[0], positive, negative, distance.NewTable(positive, perClass), in[2]}
		pairs := m.Pairs(input)
		return []*Node{distance.Count(m.Triplets(input)), pairs.Positive, pairs.Negative}
	})
	defer exec.Finalize()
	out, err := exec.Call(x, labels, uniform)
	if err != nil {
		t.Fatal(err)
	}
	got := mined{positive: out[1].Value().([][]float32), negative: out[2].Value().([][]float32)}
	for a, slots := range out[0].Value().([][][]float32) {
		for r, row := range slots {
			for n, picked := range row {
				if picked == 1 {
					got.triplets = append(got.triplets, [3]int{a, column(labels, a, r, perClass), n})
				}
			}
		}
	}
	return got
}

// column is the sample in slot r of anchor a.
func column(labels []int32, a, r, perClass int) int {
	if perClass == 0 {
		return r
	}
	for j, y := range labels {
		if j != a && y == labels[a] {
			if r == 0 {
				return j
			}
			r--
		}
	}
	return -1
}

func listed(weights [][]float32) [][2]int {
	var pairs [][2]int
	for i, row := range weights {
		for j, w := range row {
			if w > 0 {
				pairs = append(pairs, [2]int{i, j})
			}
		}
	}
	return pairs
}

// TestGolden holds miners to what pytorch-metric-learning 2.9.0 picks.
func TestGolden(t *testing.T) {
	blob, err := os.ReadFile(shared.Path(t, "golden/metric_learning.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g struct {
		Labels     []int32     `json:"labels"`
		Embeddings [][]float32 `json:"embeddings"`
		Miners     struct {
			SemiHard  [][3]int `json:"pml_triplet_semihard_0.2"`
			Hard      [][3]int `json:"pml_triplet_hard_0.2"`
			BatchHard [][3]int `json:"pml_batch_hard"`
			Similar   struct {
				Positive [][2]int `json:"positive"`
				Negative [][2]int `json:"negative"`
			} `json:"pml_multi_similarity_0.1"`
		} `json:"miners"`
	}
	if err := json.Unmarshal(blob, &g); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		miner string
		want  [][3]int
	}{{"semi-hard", g.Miners.SemiHard}, {"hard", g.Miners.Hard}, {"batch-hard", g.Miners.BatchHard}} {
		slices.SortFunc(test.want, func(a, b [3]int) int { return slices.Compare(a[:], b[:]) })
		for _, perClass := range []int{0, 4} {
			got := run(t, Config{Name: test.miner}, g.Embeddings, g.Labels, nil, perClass)
			if len(test.want) == 0 || !slices.Equal(got.triplets, test.want) {
				t.Errorf("%s: %d triplets, want %d", test.miner, len(got.triplets), len(test.want))
			}
		}
	}
	got := run(t, Config{Name: "multi-similarity"}, g.Embeddings, g.Labels, nil, 0)
	if len(g.Miners.Similar.Positive) == 0 || !slices.Equal(listed(got.positive), g.Miners.Similar.Positive) ||
		!slices.Equal(listed(got.negative), g.Miners.Similar.Negative) {
		t.Errorf("multi-similarity: %d and %d pairs, want %d and %d", len(listed(got.positive)), len(listed(got.negative)),
			len(g.Miners.Similar.Positive), len(g.Miners.Similar.Negative))
	}
}

// batch draws embeddings with classes of 1 to 4 samples out of order.
func batch() ([][]float32, []int32) {
	rng := rand.New(rand.NewPCG(9, 2))
	labels := []int32{1, 0, 1, 2, 3, 0, 1, 1, 3, 4}
	x := make([][]float32, len(labels))
	for i, y := range labels {
		x[i] = make([]float32, 6)
		for j := range x[i] {
			x[i][j] = float32(rng.NormFloat64())
		}
		x[i][y] += 1.5
	}
	return x, labels
}

// spans are the Euclidean distances of the normalised rows.
func spans(x [][]float32) [][]float64 {
	d := make([][]float64, len(x))
	norm := func(v []float32) (n float64) {
		for _, c := range v {
			n += float64(c) * float64(c)
		}
		return math.Sqrt(n)
	}
	for i, a := range x {
		for _, b := range x {
			s := 0.
			for k := range a {
				diff := float64(a[k])/norm(a) - float64(b[k])/norm(b)
				s += diff * diff
			}
			d[i] = append(d[i], math.Sqrt(s))
		}
	}
	return d
}

// TestEasyPositive holds the miner to a search by loops.
func TestEasyPositive(t *testing.T) {
	x, labels := batch()
	d := spans(x)
	for _, negatives := range []string{"", "hard"} {
		var want [][3]int
		for a := range x {
			p, n := -1, -1
			for j := range x {
				if j != a && labels[j] == labels[a] && (p < 0 || d[a][j] < d[a][p]) {
					p = j
				}
			}
			for j := range x {
				if p >= 0 && labels[j] != labels[a] && (negatives == "hard" || d[a][j] > d[a][p]) && (n < 0 || d[a][j] < d[a][n]) {
					n = j
				}
			}
			if p >= 0 && n >= 0 {
				want = append(want, [3]int{a, p, n})
			}
		}
		got := run(t, Config{Name: "easy-positive", Negatives: negatives}, x, labels, nil, 4)
		if len(want) == 0 || !slices.Equal(got.triplets, want) {
			t.Errorf("negatives %q: picked %v, want %v", negatives, got.triplets, want)
		}
	}
}

// TestPairsCount checks that a triplet miner's pairs are counted as often as they stand in its triplets.
func TestPairsCount(t *testing.T) {
	x, labels := batch()
	for _, perClass := range []int{0, 4} {
		got := run(t, Config{Name: "semi-hard", Distance: distance.Squared, Margin: new(1.)}, x, labels, nil, perClass)
		for _, triplet := range got.triplets {
			got.positive[triplet[0]][triplet[1]]--
			got.negative[triplet[0]][triplet[2]]--
		}
		for i := range x {
			for j := range x {
				if got.positive[i][j] != 0 || got.negative[i][j] != 0 {
					t.Fatalf("pair (%d,%d) is off by %g and %g", i, j, got.positive[i][j], got.negative[i][j])
				}
			}
		}
	}
}

// TestDistanceWeighted sweeps the noise evenly over [0,1): each negative must come as often as its
// share of the weights says, and as its share of the negatives where all weights vanish.
func TestDistanceWeighted(t *testing.T) {
	x, labels := batch()
	d, dim := spans(x), float64(len(x[0]))
	const sweep = 64
	for _, farthest := range []float64{1.4, 1e-3} {
		counts, draws := make([][]float64, len(x)), make([]float64, len(x))
		for i := range counts {
			counts[i] = make([]float64, len(x))
		}
		for step := range sweep {
			uniform := make([][]float32, len(x))
			for i := range uniform {
				uniform[i] = slices.Repeat([]float32{(float32(step) + 0.5) / sweep}, len(x))
			}
			for _, triplet := range run(t, Config{Name: "distance-weighted", Farthest: new(farthest)}, x, labels, uniform, 4).triplets {
				counts[triplet[0]][triplet[2]]++
				draws[triplet[0]]++
			}
		}
		for a := range x {
			positives, weights, sum := 0., make([]float64, len(x)), 0.
			for n := range x {
				switch c := max(d[a][n], 0.5); {
				case n != a && labels[n] == labels[a]:
					positives++
				case labels[n] != labels[a] && farthest == 1e-3:
					weights[n] = 1
				case labels[n] != labels[a] && d[a][n] < farthest:
					weights[n] = 1 / (math.Pow(c, dim-2) * math.Pow(1-c*c/4, (dim-3)/2))
				}
				sum += weights[n]
			}
			if draws[a] != positives*sweep {
				t.Fatalf("anchor %d with %g positives was drawn for %g times in %d", a, positives, draws[a], sweep)
			}
			for n := range x {
				if got, want := counts[a][n], positives*sweep*weights[n]/sum; math.Abs(got-want) > positives {
					t.Errorf("farthest %g, anchor %d, negative %d: drawn %g times, want %.1f", farthest, a, n, got, want)
				}
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		says string
	}{
		{Config{Name: "soft"}, `"soft" is not a miner; choose one of batch-hard, distance-weighted, easy-positive, hard, multi-similarity, semi-hard`},
		{Config{Name: "hard", Distance: "manhattan"}, `"manhattan" is not a distance`},
		{Config{Name: "semi-hard", Margin: new(0.)}, "margin is 0"},
		{Config{Name: "easy-positive", Negatives: "easy"}, `negatives is "easy"`},
		{Config{Name: "hard", Margin: new(1.)}, "option margin is not read by this miner"},
		{Config{Name: "multi-similarity", Distance: "squared"}, "option distance is not read"},
		{Config{Name: "distance-weighted", Normalise: new(false)}, "option normalise is not read"},
		{Config{Name: "distance-weighted", Cutoff: new(2.)}, "cutoff 2 must lie in (0, 2)"},
	} {
		if _, err := New(test.cfg); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%+v: %v does not say %q", test.cfg, err, test.says)
		}
	}
}
