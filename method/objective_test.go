package method

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/internal/shared"
	"github.com/dvml/dvml/loss"
)

const (
	testBatch    = 8
	testFeatures = 12
)

func newBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

func normal(seed uint64, dims ...int) *tensors.Tensor {
	rng := rand.New(rand.NewPCG(seed, 0))
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}

func testLabels() *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions([]int32{0, 0, 1, 1, 2, 2, 3, 3}, testBatch)
}

// hears returns, for each group of weights, whether the term that pick takes out of the objective has a gradient there, that of x included.
func hears(t *testing.T, m Method, phase Phase, pick func(Terms) *Node) map[string]bool {
	t.Helper()
	mo, err := NewModel(googlenet.Spec{Form: googlenet.Original, Width: 1}, m, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	var names []string
	out, err := model.CallOnceN(newBackend(t), store, func(scope *model.Scope, in []*Node) []*Node {
		terms := mo.TrainHeads(scope, Inputs{Features: in[0], Labels: in[1], Eps: in[2]}, phase)
		wrt := []*Node{in[0]}
		names = []string{"features"}
		for v := range store.IterVariables() {
			if v.Trainable && v.InUseByGraph(in[0].Graph()) {
				wrt, names = append(wrt, v.NodeValue(in[0].Graph())), append(names, v.Path())
			}
		}
		grads := Gradient(pick(terms), wrt...)
		for i, g := range grads {
			grads[i] = ReduceAllMax(Abs(g))
		}
		return grads
	}, normal(1, testBatch, testFeatures), testLabels(), normal(2, phase.Samples, testBatch, m.Dim))
	if err != nil {
		t.Fatal(err)
	}
	heard := map[string]bool{}
	for i, name := range names {
		group := strings.Split(strings.Trim(name, "/"), "/")
		key := group[0]
		if key == "heads" {
			key += "/" + group[1]
		}
		heard[key] = heard[key] || tensors.ToScalar[float32](out[i]) > 0
	}
	return heard
}

func TestWhoHearsWhichLoss(t *testing.T) {
	m := choices()
	m.Dim, m.Decoder.Hidden, m.FeatureNorm = 6, 10, false
	open := Phase{Steps: 1, Lambda: Lambda{KL: 1, Reconstruction: 1, Synthetic: 1, Invariant: 1}, TrainDecoder: true, Samples: 2}
	cut := open
	cut.CutReconstruction = true
	for _, c := range []struct {
		name  string
		phase Phase
		pick  func(Terms) *Node
		heard []string
	}{
		{"KL", open, func(t Terms) *Node { return t.KL }, []string{"features", "heads/mu", "heads/logvar"}},
		{"reconstruction, open", open, func(t Terms) *Node { return t.Reconstruction }, []string{"features", "heads/z_i", "heads/mu", "heads/logvar", "decoder"}},
		{"reconstruction, cut", cut, func(t Terms) *Node { return t.Reconstruction }, []string{"decoder"}},
		{"synthetic", cut, func(t Terms) *Node { return t.Synthetic }, []string{"features", "heads/z_i", "heads/mu", "heads/logvar"}},
		{"invariant", open, func(t Terms) *Node { return t.Invariant }, []string{"features", "heads/z_i"}},
		{"classifier", open, func(t Terms) *Node { return t.Classifier }, []string{"classifier"}},
		{"total, cut", cut, func(t Terms) *Node { return t.Total }, []string{"features", "heads/z_i", "heads/mu", "heads/logvar", "decoder", "classifier"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			heard := hears(t, m, c.phase, c.pick)
			want := map[string]bool{}
			for _, w := range c.heard {
				want[w] = true
			}
			for group, h := range heard {
				if h != want[group] {
					t.Errorf("%s: hears it: %t, want %t", group, h, want[group])
				}
			}
			for w := range want {
				if _, ok := heard[w]; !ok {
					t.Errorf("%s has no weights in the graph", w)
				}
			}
		})
	}
}

func TestTargetOfReconstructionIsConstant(t *testing.T) {
	// With the embedding part cut off, the only way from L2 to x would be the target.
	m := choices()
	m.Dim, m.Decoder.Hidden = 6, 10
	cut := Phase{Steps: 1, Lambda: Lambda{KL: 1, Reconstruction: 1, Synthetic: 1, Invariant: 1}, TrainDecoder: true, CutReconstruction: true, Samples: 1}
	if hears(t, m, cut, func(t Terms) *Node { return t.Reconstruction })["features"] {
		t.Error("the backbone hears the reconstruction through its target")
	}
}

func TestPlainObjectiveIsTheMetricLoss(t *testing.T) {
	m := choices()
	m.Objective, m.Dim, m.Classifier = "plain", 6, false
	heard := hears(t, m, Phase{Steps: 1, Lambda: Lambda{KL: 0, Reconstruction: 0, Synthetic: 0, Invariant: 1}, Samples: 1}, func(t Terms) *Node { return t.Total })
	for group := range heard {
		if group != "features" && group != "heads/z_i" && group != "heads/norm" {
			t.Errorf("the plain objective has weights of %s", group)
		}
	}
}

func TestKLAndReconstructionGolden(t *testing.T) {
	text, err := os.ReadFile(shared.Path(t, "golden/metric_learning.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		KL struct {
			Mu     [][]float32 `json:"mu"`
			LogVar [][]float32 `json:"log_var"`
			Value  float64     `json:"value"`
		} `json:"kl"`
		Reconstruction struct {
			X       [][]float32 `json:"x"`
			XHat    [][]float32 `json:"x_hat"`
			Norm    float64     `json:"l2"`
			Squared float64     `json:"squared"`
		} `json:"reconstruction"`
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	r := golden.Reconstruction
	// The golden squared form leaves out the half of the report's code.
	out, err := CallOnceN(newBackend(t), func(in []*Node) []*Node {
		return []*Node{divergence(in[0], in[1]), Method{Reconstruction: "norm"}.distance(in[2], in[3]), Method{Reconstruction: "squared"}.distance(in[2], in[3])}
	}, golden.KL.Mu, golden.KL.LogVar, r.X, r.XHat)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{golden.KL.Value, r.Norm, r.Squared / 2} {
		if got := float64(tensors.ToScalar[float32](out[i])); math.Abs(got-want) > 1e-5*math.Abs(want) {
			t.Errorf("value %d is %g, want %g", i, got, want)
		}
	}
}

// choices are the report's, at D = 128 around the semi-hard triplet loss.
func choices() Method {
	return Method{
		Objective: "dvml", Dim: 128, FeatureScale: "none", Start: "random", FeatureNorm: true,
		Decoder:        Decoder{Hidden: 512, Activation: "tanh"},
		Reconstruction: "norm",
		Classifier:     true,
		Loss:           loss.Config{Name: "triplet"},
	}
}
