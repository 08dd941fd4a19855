package method

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
)

// rootByHand is root of one row.
func rootByHand(x []float64) []float64 {
	unit := func(v []float64) {
		var sum float64
		for _, a := range v {
			sum += a * a
		}
		by := 1 / math.Sqrt(sum/float64(len(v))+1e-12)
		for i := range v {
			v[i] *= by
		}
	}
	y := append([]float64(nil), x...)
	unit(y)
	for i, a := range y {
		y[i] = math.Copysign(math.Sqrt(math.Abs(a)+RootBend)-math.Sqrt(RootBend), a)
	}
	unit(y)
	return y
}

func TestZIStartsAsTheFeatures(t *testing.T) {
	const features = 16
	m := choices()
	m.Objective, m.Dim, m.FeatureNorm, m.FeatureScale, m.Start = "plain", features, false, "root", "features"
	x := normal(1, testBatch, features)
	out, err := model.CallOnce(newBackend(t), model.NewStore(), func(scope *model.Scope, x *Node) *Node { return m.heads(scope, x, nil, false).ZI }, x)
	if err != nil {
		t.Fatal(err)
	}
	values, got := tensors.MustCopyFlatData[float32](x), tensors.MustCopyFlatData[float32](out)
	for n := range testBatch {
		row := make([]float64, features)
		for i := range row {
			row[i] = float64(values[n*features+i])
		}
		for i, want := range rootByHand(row) {
			if g := float64(got[n*features+i]); math.Abs(g-want) > 1e-5 {
				t.Fatalf("z_I[%d,%d] is %g, %g by hand", n, i, g, want)
			}
		}
	}
}

func TestRootGradient(t *testing.T) {
	row := []float64{0.7, -1.2, 0, 0.01, 3, 0.3} // a feature that is 0 as well: there the root itself has no slope
	weigh := []float64{1, -2, 0.5, 3, -1, 2}
	value := func(x []float64) (sum float64) {
		for i, v := range rootByHand(x) {
			sum += weigh[i] * v
		}
		return sum
	}
	out, err := model.CallOnce(newBackend(t), model.NewStore(), func(_ *model.Scope, x, w *Node) *Node {
		return Gradient(ReduceAllSum(Mul(root(x), w)), x)[0]
	}, tensors.FromFlatDataAndDimensions(row, 1, len(row)), tensors.FromFlatDataAndDimensions(weigh, 1, len(row)))
	if err != nil {
		t.Fatal(err)
	}
	const h = 1e-6
	for i, g := range tensors.MustCopyFlatData[float64](out) {
		up, down := append([]float64(nil), row...), append([]float64(nil), row...)
		up[i], down[i] = up[i]+h, down[i]-h
		if want := (value(up) - value(down)) / (2 * h); math.Abs(g-want) > 1e-4*max(1, math.Abs(want)) && row[i] != 0 {
			t.Errorf("gradient %d is %g, %g by differences", i, g, want)
		}
		if math.IsNaN(g) || math.IsInf(g, 0) {
			t.Errorf("gradient %d is %g", i, g)
		}
	}
}

func TestStartSettings(t *testing.T) {
	b := googlenet.Spec{Form: googlenet.Original, Width: 1}
	m := choices()
	m.Dim, m.Start = 0, "features"
	if m.Validate() == nil {
		t.Error("batch norm before heads that start as the features was accepted")
	}
	m.FeatureNorm = false
	mo, err := NewModel(b, m, 4, 1)
	if err != nil || mo.Method.Dim != b.Features() {
		t.Errorf("dim 0 became %v, %v; want %d", mo, err, b.Features())
	}
	m.Dim = b.Features() + 1
	if _, err := NewModel(b, m, 4, 1); err == nil {
		t.Error("more dimensions than features were accepted")
	}
}
