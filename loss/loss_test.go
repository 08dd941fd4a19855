package loss

import (
	"encoding/json"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/shared"
)

// engine is the backend of all tests of the package.
var engine = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("go:ops_sequential") })

func backend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// graded is a loss on one batch: value, active share, gradient for the embeddings.
type graded struct {
	loss, active float32
	gradient     [][]float32
}

// grade computes a loss in a fresh store; prepare, where given, fills the store first.
func grade(t testing.TB, cfg Config, embeddings [][]float32, labels []int32, uniform [][]float32, prepare func(*model.Scope)) graded {
	t.Helper()
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	if prepare != nil {
		prepare(store.RootScope().At("loss"))
	}
	out := gradeIn(t, l, store, embeddings, labels, uniform)
	store.Finalize()
	return out
}

// gradeIn computes a loss with the variables of store.
func gradeIn(t testing.TB, l Loss, store *model.Store, embeddings [][]float32, labels []int32, uniform [][]float32) graded {
	t.Helper()
	out, _ := gradeWith(t, l, store, embeddings, labels, uniform, "")
	return out
}

// gradeWith also gives the gradient for a matrix that the loss learns, where it has that variable.
func gradeWith(t testing.TB, l Loss, store *model.Store, embeddings [][]float32, labels []int32, uniform [][]float32, learned string) (graded, [][]float32) {
	t.Helper()
	if uniform == nil {
		uniform = make([][]float32, len(labels))
		for i := range uniform {
			uniform[i] = make([]float32, len(labels))
		}
	}
	exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, in []*Node) []*Node {
		scope = scope.At("loss")
		v := l.Graph(scope, Batch{Embeddings: in[0], Labels: in[1], Uniform: in[2]})
		wanted := []*Node{in[0]}
		if variable := scope.GetVariable(learned); variable != nil {
			wanted = append(wanted, variable.NodeValue(in[0].Graph()))
		}
		return append([]*Node{v.Loss, v.Active}, Gradient(v.Loss, wanted...)...)
	})
	defer exec.Finalize()
	out, err := exec.Call(embeddings, labels, uniform)
	if err != nil {
		t.Fatal(err)
	}
	g := graded{tensors.ToScalar[float32](out[0]), tensors.ToScalar[float32](out[1]), out[2].Value().([][]float32)}
	if len(out) < 4 {
		return g, nil
	}
	return g, out[3].Value().([][]float32)
}

// golden is the part of golden/metric_learning.json that losses and miners are held to.
type golden struct {
	Labels     []int32     `json:"labels"`
	Embeddings [][]float32 `json:"embeddings"`
	Proxies    [][]float32 `json:"proxies"`
	Losses     map[string]struct {
		Value    float64     `json:"value"`
		Gradient [][]float64 `json:"grad"`
	} `json:"losses"`
}

func readGolden(t testing.TB) golden {
	t.Helper()
	blob, err := os.ReadFile(shared.Path(t, "golden/metric_learning.json"))
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(blob, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// agree holds a loss to a reference: values relative to their size (at least 1), gradients relative to the reference's largest entry.
func agree(t testing.TB, got graded, value float64, gradient [][]float64, tolerance float64) {
	t.Helper()
	off := math.Abs(float64(got.loss)-value) / max(1, math.Abs(value))
	if !(off <= tolerance) {
		t.Errorf("loss is %g, want %g", got.loss, value)
	}
	largest, worst := 0., 0.
	for i, row := range gradient {
		for j, want := range row {
			largest = max(largest, math.Abs(want))
			miss := math.Abs(float64(got.gradient[i][j]) - want)
			if !(miss <= worst) {
				worst = miss
			}
		}
	}
	if largest > 0 {
		worst /= largest
	}
	if !(worst <= tolerance) {
		t.Errorf("gradient is off by %g of its largest entry, %g", worst, largest)
	}
	t.Logf("value off by %.1e, gradient by %.1e of its largest entry, active %.3f", off, worst, got.active)
}
