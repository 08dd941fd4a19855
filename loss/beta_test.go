package loss

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// TestBeta holds the gradient for margin's learned boundaries to central differences of the written-out formula.
func TestBeta(t *testing.T) {
	r := newReference()
	l, err := New(Config{Name: "margin", LearnBeta: "per-class", Regulariser: new(0.1), NumClasses: r.classes})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	defer store.Finalize()
	exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, x, labels *Node) *Node {
		v := l.Graph(scope, Batch{Embeddings: x, Labels: labels})
		return Gradient(v.Loss, scope.GetVariable("beta").NodeValue(x.Graph()))[0]
	})
	defer exec.Finalize()
	out, err := exec.Call1(single(r.x), r.labels)
	if err != nil {
		t.Fatal(err)
	}
	every := func(a, p, n int) bool { return true }
	for class, got := range out.Value().([]float32) {
		at := func(step float64) float64 {
			return marginBy(r, func(y int32) float64 {
				if int(y) == class {
					return 1.2 + step
				}
				return 1.2
			}, 0.2, 0.1, every)
		}
		if want := (at(1e-5) - at(-1e-5)) / 2e-5; math.Abs(float64(got)-want) > 1e-4 {
			t.Errorf("class %d: gradient is %g, want %g", class, got, want)
		}
	}
}
