package loss

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

// TestMemory runs batches past a memory and holds each loss to the sum over the batches that it must still remember.
func TestMemory(t *testing.T) {
	r := newReference()
	n := len(r.labels)
	const size = 18 // one batch and a part of the one before
	for _, start := range []int{0, 2} {
		l, err := New(Config{Name: "contrastive", Dim: 5, Memory: &Memory{Size: size, Weight: new(0.5), Start: start}})
		if err != nil {
			t.Fatal(err)
		}
		store := model.NewStore()
		var past [][]float64
		var pastLabels []int32
		for step := range 4 {
			now := r
			now.x = make([][]float64, n)
			for i := range now.x {
				for j, v := range r.x[i] {
					now.x[i] = append(now.x[i], float64(float32(v+0.3*math.Sin(float64(7*i+3*j+5*step)))))
				}
			}
			by := func() float64 { return memorised(now, past, pastLabels, 0.5) }
			agree(t, gradeIn(t, l, store, single(now.x), r.labels, nil), by(), differences(&now.x, by), 1e-4)
			if step >= start {
				past = append(append([][]float64{}, now.x...), past...)
				pastLabels = append(append([]int32{}, r.labels...), pastLabels...)
			}
			if len(past) > size {
				past, pastLabels = past[:size], pastLabels[:size]
			}
		}
		for v := range store.RootScope().IterVariables() {
			if v.Trainable {
				t.Errorf("%s is trainable", v.Path())
			}
		}
	}
}

// TestMemories checks that two calls of a loss in one graph and scope remember apart.
func TestMemories(t *testing.T) {
	r := newReference()
	l, err := New(Config{Name: "contrastive", Dim: 5, Memory: &Memory{Size: 20}})
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	defer store.Finalize()
	exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, x, labels *Node) []*Node {
		a := l.Graph(scope.At("loss"), Batch{Embeddings: x, Labels: labels})
		b := l.Graph(scope.At("loss"), Batch{Embeddings: MulScalar(x, 2), Labels: labels})
		return []*Node{a.Loss, b.Loss}
	})
	defer exec.Finalize()
	for range 2 {
		if _, err := exec.Call(single(r.x), r.labels); err != nil {
			t.Fatal(err)
		}
	}
	for path, factor := range map[string]float32{"/loss/memory/embeddings": 1, "/loss/memory_2/embeddings": 2} {
		value, err := store.GetVariable(path).Value()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := value.Value().([][]float32)[0][0], factor*float32(r.x[0][0]); got != want {
			t.Errorf("%s begins with %g, want %g", path, got, want)
		}
	}
	if n := store.NumVariables(); n != 6 {
		t.Errorf("there are %d variables, want 6", n)
	}
}

// memorised is the contrastive loss of a batch and, weighed, of the batch against past embeddings.
func memorised(r reference, past [][]float64, labels []int32, weight float64) float64 {
	d := func(a, b []float64) float64 { return apart(distance.Euclidean, unit(a), unit(b)) }
	batch := contrastiveBy(r, func(i, j int) float64 { return d(r.x[i], r.x[j]) }, 0, 1, everyPair)
	var pull, push average
	for i := range r.x {
		for j := range past {
			if r.labels[i] == labels[j] {
				pull.above(d(r.x[i], past[j]))
			} else {
				push.above(1 - d(r.x[i], past[j]))
			}
		}
	}
	return batch + weight*(pull.mean()+push.mean())
}
