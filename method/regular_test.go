package method

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/loss"
)

func TestDropoutIsTheScaledMask(t *testing.T) {
	m := choices()
	m.Dim, m.FeatureNorm, m.Dropout = 6, false, 0.25
	x, drop := normal(1, testBatch, testFeatures), normal(2, testBatch, testFeatures) // any numbers serve: below .25 is dropped
	values, noise := tensors.MustCopyFlatData[float32](x), tensors.MustCopyFlatData[float32](drop)
	dropped := 0
	for i := range values {
		if noise[i] < 0.25 {
			values[i], dropped = 0, dropped+1
		} else {
			values[i] /= 0.75
		}
	}
	if dropped == 0 || dropped == len(values) {
		t.Fatal("the noise drops all or nothing")
	}
	out, err := model.CallOnceN(newBackend(t), model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		return []*Node{m.heads(scope, in[0], in[1], true).ZI, m.heads(scope, in[2], nil, true).ZI}
	}, x, drop, tensors.FromFlatDataAndDimensions(values, testBatch, testFeatures))
	if err != nil {
		t.Fatal(err)
	}
	got, want := tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-5 {
			t.Fatalf("z_I[%d] is %g, %g by hand", i, got[i], want[i])
		}
	}
}

func TestNoiseOfThePlainObjective(t *testing.T) {
	m := choices()
	m.Objective, m.Dim, m.Classifier, m.Noise = "plain", 6, false, 0.5
	mo, err := NewModel(googlenet.Spec{Form: googlenet.Original, Width: 1}, m, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := model.CallOnceN(newBackend(t), model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
		terms := mo.TrainHeads(scope, Inputs{Features: in[0], Labels: in[1], Eps: in[2]}, Phase{Steps: 1, Lambda: Lambda{Invariant: 1}, Samples: 1})
		z := Add(terms.Embedding.ZI, MulScalar(Squeeze(in[2], 0), 0.5))
		byHand := mo.loss.Graph(scope.At("loss"), loss.Batch{Embeddings: z, Labels: in[1]}).Loss
		quiet := mo.loss.Graph(scope.At("loss"), loss.Batch{Embeddings: terms.Embedding.ZI, Labels: in[1]}).Loss
		return []*Node{terms.Total, byHand, quiet}
	}, normal(1, testBatch, testFeatures), testLabels(), normal(2, 1, testBatch, m.Dim))
	if err != nil {
		t.Fatal(err)
	}
	got, want, quiet := tensors.ToScalar[float32](out[0]), tensors.ToScalar[float32](out[1]), tensors.ToScalar[float32](out[2])
	if got != want || got == quiet {
		t.Errorf("the loss is %g; %g by hand, %g without noise", got, want, quiet)
	}
	m.Objective = "dvml"
	if m.Validate() == nil {
		t.Error("noise beside z_V is allowed")
	}
}
