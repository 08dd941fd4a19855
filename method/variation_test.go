package method

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
)

// A dimension that holds more than its free nats is charged for in full and has the divergence's gradient; one that holds less costs them and has none.
func TestFreeBitsByBruteForce(t *testing.T) {
	const rows, dims, free = 3, 4, 0.5
	mu := [][]float32{{2, 0.1, 0, -1}, {-1, 0, 0.2, 0.5}, {1.5, -0.1, 0, 2}}
	logVar := [][]float32{{-1, 0, 0.1, -2}, {-2, 0.1, 0, -1}, {0.5, 0, 0, 0.3}}
	want, above := 0.0, [dims]bool{}
	for j := range dims {
		kl := 0.0
		for i := range rows {
			m, l := float64(mu[i][j]), float64(logVar[i][j])
			kl += (math.Exp(l) + m*m - l - 1) / 2 / rows
		}
		above[j] = kl > free
		want += max(kl, free)
	}
	if above != [dims]bool{true, false, false, true} {
		t.Fatalf("dimensions above the free nats are %v: the numbers show nothing", above)
	}
	out, err := CallOnceN(newBackend(t), func(in []*Node) []*Node {
		kl := charged(in[0], in[1], free)
		return append([]*Node{kl, charged(in[0], in[1], 0), divergence(in[0], in[1])}, Gradient(kl, in[0], in[1])...)
	}, mu, logVar)
	if err != nil {
		t.Fatal(err)
	}
	value := func(i int) float64 { return float64(tensors.ToScalar[float32](out[i])) }
	if math.Abs(value(0)-want) > 1e-5*want {
		t.Errorf("the KL is charged as %g, %g by hand", value(0), want)
	}
	if math.Abs(value(1)-value(2)) > 1e-5*value(2) {
		t.Errorf("with nothing free the KL is charged as %g, but is %g", value(1), value(2))
	}
	byMu, byLogVar := tensors.MustCopyFlatData[float32](out[3]), tensors.MustCopyFlatData[float32](out[4])
	for i := range rows {
		for j := range dims {
			var wantMu, wantLogVar float64
			if above[j] {
				wantMu, wantLogVar = float64(mu[i][j])/rows, (math.Exp(float64(logVar[i][j]))-1)/2/rows
			}
			if gotMu, gotLogVar := float64(byMu[i*dims+j]), float64(byLogVar[i*dims+j]); math.Abs(gotMu-wantMu) > 1e-6 || math.Abs(gotLogVar-wantLogVar) > 1e-6 {
				t.Errorf("image %d, dimension %d: gradient %g and %g, by hand %g and %g", i, j, gotMu, gotLogVar, wantMu, wantLogVar)
			}
		}
	}
}

// What is minimised is the weighted sum, the KL with its free nats at its share of its weight; what is told of the KL is all of it.
func TestTotalUnderFreeBitsAndWarmUp(t *testing.T) {
	m := choices()
	m.Dim, m.Decoder.Hidden, m.FeatureNorm, m.Classifier, m.FreeBits = 6, 10, false, false, 0.4
	mo, err := NewModel(googlenet.Spec{Form: googlenet.Original, Width: 1}, m, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	phase := Phase{Steps: 10, Lambda: Lambda{KL: 0.7, Reconstruction: 0.3, Synthetic: 0.2, Invariant: 0.9}, KLWarmup: 0.5, Samples: 1}
	for _, share := range []float32{0, 0.25, 1} {
		out, err := model.CallOnceN(newBackend(t), model.NewStore(), func(scope *model.Scope, in []*Node) []*Node {
			terms := mo.TrainHeads(scope, Inputs{Features: in[0], Labels: in[1], Eps: in[2], KLShare: in[3]}, phase)
			e := terms.Embedding
			return []*Node{terms.Total, charged(e.Mu, e.LogVar, m.FreeBits), terms.Reconstruction, terms.Synthetic, terms.Invariant, terms.KL, divergence(e.Mu, e.LogVar)}
		}, normal(1, testBatch, testFeatures), testLabels(), normal(2, 1, testBatch, m.Dim), tensors.FromScalar(share))
		if err != nil {
			t.Fatal(err)
		}
		var v [7]float64
		for i := range v {
			v[i] = float64(tensors.ToScalar[float32](out[i]))
		}
		if want := 0.7*float64(share)*v[1] + 0.3*v[2] + 0.2*v[3] + 0.9*v[4]; math.Abs(v[0]-want) > 1e-4*want {
			t.Errorf("at share %g the total is %g, %g by hand", share, v[0], want)
		}
		if v[5] != v[6] || v[5] == v[1] {
			t.Errorf("the KL is told as %g; it is %g, charged as %g", v[5], v[6], v[1])
		}
	}
}

func TestKLShare(t *testing.T) {
	p := Phase{Steps: 8, KLWarmup: 0.5}
	for step, want := range []float64{0, 0.25, 0.5, 0.75, 1, 1, 1, 1} {
		if got := p.KLShare(step); got != want {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	if p.KLWarmup = 0; p.KLShare(0) != 1 {
		t.Error("without a warm-up the KL does not have its weight at once")
	}
}

func TestSettingsOfZVAreChecked(t *testing.T) {
	nan := math.NaN()
	for name, change := range map[string]func(m *Method, p *Phase){
		"free_bits is -1":  func(m *Method, _ *Phase) { m.FreeBits = -1 },
		"free_bits is NaN": func(m *Method, _ *Phase) { m.FreeBits = nan },
		"plain objective":  func(m *Method, _ *Phase) { m.Objective, m.FreeBits = "plain", 0.1 },
		"kl_warmup is 1.5": func(_ *Method, p *Phase) { p.KLWarmup = 1.5 },
		"kl_warmup is NaN": func(_ *Method, p *Phase) { p.KLWarmup = nan },
	} {
		m, p := choices(), Phase{Steps: 1, Samples: 1}
		change(&m, &p)
		err := m.Validate()
		if err == nil {
			err = p.Validate()
		}
		if name == "plain objective" {
			name = "set it to 0, or method.objective to dvml"
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
