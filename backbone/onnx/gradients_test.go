package onnx

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/shared"
)

// gradients is what scripts/golden/gradients.py writes of a network.
type gradients struct {
	Output string
	Shape  []int // of the input, in the model's order
	Scale  float64
	Norms  map[string]float64 // of the gradient with respect to each weight
}

// The norm of the gradient with respect to each weight is PyTorch's.
func TestGradientsAgreeWithPyTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/gradients.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]gradients
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	for name, g := range golden {
		t.Run(strings.TrimSuffix(name, ".onnx"), func(t *testing.T) {
			path := filepath.Join("testdata", name)
			if _, err := os.Stat(path); err != nil {
				path = shared.Path(t, "weights/"+name)
			}
			in, err := room{}.Read(path, nil, backbone.Options{Output: g.Output, Normalisation: &augment.ImageNet})
			if err != nil {
				t.Fatal(err)
			}
			got := g.of(t, in)
			if len(got) != len(g.Norms) {
				t.Errorf("%d weights have gradients, want %d", len(got), len(g.Norms))
			}
			largest, worst := 0.0, 0.0
			for _, want := range g.Norms {
				largest = max(largest, want)
			}
			for weight, want := range g.Norms {
				off := math.Abs(got[weight]-want) / max(want, 1e-6*largest)
				if worst = max(worst, off); !(off < 1e-3) {
					t.Errorf("%s: %g, want %g", weight, got[weight], want)
				}
			}
			t.Logf("%d norms, the largest relative difference %.1e", len(got), worst)
		})
	}
}

// of returns the norms that the network gives, by the names of its weights in the model.
func (g gradients) of(t *testing.T, in backbone.Imported) map[string]float64 {
	t.Helper()
	b := in.Network.(*Backbone)
	images := array{dims: g.Shape, data: make([]float32, volume(g.Shape))}
	for i := range images.data {
		h := uint32(i) * 2654435761
		h = (h ^ h>>15) * 2246822519
		h = (h ^ h>>13) * 3266489917
		images.data[i] = float32(g.Scale * (float64(h)/(1<<31) - 1))
	}
	if b.net.Input.ChannelsFirst {
		images = images.channelsLast()
	}
	store := filled(t, in)
	var names []string
	var trained []*Weight
	for _, w := range b.net.ordered {
		if !w.Statistic {
			names, trained = append(names, w.Name), append(trained, w)
		}
	}
	exec := model.MustNewExec(testBackend(t), store, func(scope *model.Scope, x *Node) []*Node {
		scope = scope.At("backbone")
		features := b.Build(scope, x, true)
		factors := Cos(ConvertDType(Iota(x.Graph(), features.Shape(), 1), features.DType()))
		var values []*Node
		for _, w := range trained {
			values = append(values, scope.Store().GetVariable(model.JoinPath(scope.Scope(), w.Path)).NodeValue(x.Graph()))
		}
		var norms []*Node
		for _, d := range Gradient(ReduceAllSum(Mul(features, factors)), values...) {
			norms = append(norms, Sqrt(ReduceAllSum(Mul(d, d))))
		}
		return norms
	})
	out, err := exec.Call(images.tensor())
	if err != nil {
		t.Fatal(err)
	}
	norms := map[string]float64{}
	for i, name := range names {
		norms[name] = float64(tensors.ToScalar[float32](out[i]))
	}
	return norms
}
