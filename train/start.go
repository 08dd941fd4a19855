package train

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"gonum.org/v1/gonum/mat"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
)

const zIWeights = "/heads/z_i/weights"

// checkStart refuses a head that is to begin along the features' principal axes where the features
// are not known before the first step.
func checkStart(m *method.Model, c *config.Config) error {
	features, known := m.Backbone.Features(), c.Freeze.Frozen(0) && c.Freeze.Until == ""
	if c.Method.Start == "features" && c.Method.Dim < features && !known {
		return fmt.Errorf("method.start is features with %d of the backbone's %d dimensions, whose principal axes need features that are computed first: "+
			"set freeze.part to backbone, or method.dim to 0", c.Method.Dim, features)
	}
	return nil
}

// start gives the head of z_I its first weights where it begins as the features in fewer dimensions
// than they have: the first principal axes of what the heads read of the training images. The axes
// are of the second moments, not of the covariance, since z_I is compared by its direction from the
// origin.
func (t *Trainer) start(ctx context.Context) error {
	m, features := t.Config.Method, t.Model.Backbone.Features()
	if m.Start != "features" || m.Dim == features || t.store.GetVariable(zIWeights) != nil {
		return nil
	}
	read, err := model.NewExec(t.backend, t.store, func(scope *model.Scope, x *graph.Node) *graph.Node { return t.Model.HeadInput(scope, x) })
	if err != nil {
		return err
	}
	defer read.Finalize()
	rows, err := t.eval.fromCache(ctx, t.features, t.data.train, &t.Config.Seed, features, func(x *tensors.Tensor) (*tensors.Tensor, error) { return read.Call1(x) })
	if err != nil {
		return fmt.Errorf("the features: %w", err)
	}
	axes, err := principalAxes(rows, features, m.Dim)
	if err != nil {
		return err
	}
	_, err = t.store.CreateVariable(zIWeights, tensors.FromFlatDataAndDimensions(axes, features, m.Dim))
	return err
}

// principalAxes returns the eigenvectors of the second moments of rows [N,f] with the d largest
// eigenvalues, as the columns of [f,d].
func principalAxes(rows []float32, f, d int) ([]float32, error) {
	wide := make([]float64, len(rows))
	for i, v := range rows {
		wide[i] = float64(v)
	}
	x := mat.NewDense(len(rows)/f, f, wide)
	var moments mat.SymDense
	moments.SymOuterK(1/float64(len(rows)/f), x.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(&moments, true) {
		return nil, fmt.Errorf("the principal axes of %d features were not found: their values are not finite", f)
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	axes := make([]float32, f*d)
	for i := range f {
		for j := range d {
			axes[i*d+j] = float32(vectors.At(i, f-1-j)) // eigenvalues ascend
		}
	}
	return axes, nil
}
