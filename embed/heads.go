package embed

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/method"
)

// Heads is what all heads of a model make of images, row after row.
type Heads struct {
	Dim        int
	ZI         []float32 // [N,Dim], not normalised
	Mu, LogVar []float32 // [N,Dim] mean and log variance of z_V; nil under the plain objective
}

// HeadsOf runs the heads alone, on the backbone's pooled features [N,F], as an Embedder of kind Features returns them.
func HeadsOf(backend compute.Backend, variables *model.Store, m *method.Model, features []float32) (Heads, error) {
	f := m.Backbone.Features()
	if len(features) == 0 || len(features)%f != 0 {
		return Heads{}, fmt.Errorf("embed: heads: %d values are no rows of %d features", len(features), f)
	}
	exec, err := model.NewExec(backend, variables, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		e := m.Heads(scope, x)
		if e.Mu == nil {
			return []*graph.Node{e.ZI}
		}
		return []*graph.Node{e.ZI, e.Mu, e.LogVar}
	})
	if err != nil {
		return Heads{}, fmt.Errorf("embed: heads: %w", err)
	}
	defer exec.Finalize()
	out, err := exec.Call(tensors.FromFlatDataAndDimensions(features, len(features)/f, f))
	if err != nil {
		return Heads{}, fmt.Errorf("embed: heads: %w", err)
	}
	h := Heads{Dim: m.Method.Dim}
	for i, to := range []*[]float32{&h.ZI, &h.Mu, &h.LogVar}[:len(out)] {
		if *to, err = tensors.CopyFlatData[float32](out[i]); err != nil {
			return Heads{}, fmt.Errorf("embed: heads: %w", err)
		}
		out[i].FinalizeAll() //nolint:errcheck // the values were copied
	}
	return h, nil
}
