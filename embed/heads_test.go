package embed_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/method"
)

// Each head is a matrix product with its weights, by hand.
func TestHeadsOfByHand(t *testing.T) {
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Preset("report-1")
	if err != nil {
		t.Fatal(err)
	}
	choices := c.Method
	choices.Dim, choices.FeatureNorm = 5, false
	m, err := method.NewModel(googlenet.Spec{Form: googlenet.Original, Width: 1.0 / 16}, choices, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	f, n := m.Backbone.Features(), 7
	rng := rand.New(rand.NewPCG(3, 4))
	x := make([]float32, n*f)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	vars := model.NewStore()
	h, err := embed.HeadsOf(backend, vars, m, x)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]float32{"z_i": h.ZI, "mu": h.Mu, "logvar": h.LogVar} {
		w := tensors.MustCopyFlatData[float32](vars.GetVariable("/heads/" + name + "/weights").MustValue())
		for i := range n {
			for j := range 5 {
				want := 0.0
				for k := range f {
					want += float64(x[i*f+k]) * float64(w[k*5+j])
				}
				if math.Abs(want-float64(got[i*5+j])) > 1e-4 {
					t.Fatalf("%s[%d,%d] is %g, %g by hand", name, i, j, got[i*5+j], want)
				}
			}
		}
	}
	// Behind batch norm z_I is what an Embedder makes of the same features.
	m.Method.FeatureNorm = true
	fresh := model.NewStore()
	if h, err = embed.HeadsOf(backend, fresh, m, x); err != nil {
		t.Fatal(err)
	}
	one, err := model.CallOnce(backend, fresh, m.EmbedFeatures, tensors.FromFlatDataAndDimensions(x, n, f))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range tensors.MustCopyFlatData[float32](one) {
		if h.ZI[i] != want {
			t.Fatalf("z_I[%d] is %g, an embedder's %g", i, h.ZI[i], want)
		}
	}
	m.Method.Objective, m.Method.FeatureNorm = "plain", false
	if h, err = embed.HeadsOf(backend, vars, m, x); err != nil || h.Mu != nil || len(h.ZI) != n*5 {
		t.Errorf("under the plain objective: %d and %d values, %v", len(h.ZI), len(h.Mu), err)
	}
	if _, err := embed.HeadsOf(backend, vars, m, x[1:]); err == nil {
		t.Error("half a row of features passes")
	}
}
