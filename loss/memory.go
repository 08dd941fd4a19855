package loss

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// memory is a cross-batch memory (XBM): the batch is held not only against itself but against the embeddings of the batches before, which have
// hardly moved once training has settled:
//
//	L = L(batch, batch) + weight * L(batch, memory)
//
// Each execution of the graph puts its batch in front of the queue, after the loss was computed, and lets the oldest fall out. The queue is three
// variables of the loss's scope, not trainable, saved and resumed like weights: memory/embeddings [M,D], memory/labels [M] int32 (-1: still empty)
// and memory/step, a count of batches. Where one graph calls the loss several times in one scope, on several kinds of embeddings, the second call has
// its own queue under memory_2, and so on in the order of the calls.
//
// Wang, Zhang, Huang, Scott, "Cross-Batch Memory for Embedding Learning", CVPR 2020.
type memory struct {
	size, dim, start int
	weight           float64
}

func newMemory(c Memory, dim int) (*memory, error) {
	m := &memory{c.Size, dim, c.Start, or(c.Weight, 1)}
	if c.Size < 1 || c.Start < 0 {
		return nil, fmt.Errorf("memory of size %d from step %d: the size must be above 0, the step not below", c.Size, c.Start)
	}
	if dim < 1 {
		return nil, errors.New("dim must be given, for the memory")
	}
	return m, nil
}

// queue is a memory's variables in a scope.
type queue struct {
	*memory
	embeddings, labels, step *model.Variable
}

// open creates the queue of this call of the loss, or finds it.
func (m *memory) open(scope *model.Scope, g *Graph) queue {
	own := scope.At("memory")
	for call := 2; ; call++ {
		step := own.GetVariable("step")
		if step == nil || !step.ChangedInGraph(g) {
			break
		}
		own = scope.At("memory_%d", call)
	}
	empty := make([]int32, m.size)
	for i := range empty {
		empty[i] = -1
	}
	embeddings := make([][]float32, m.size)
	for i := range embeddings {
		embeddings[i] = make([]float32, m.dim)
	}
	q := queue{
		memory:     m,
		embeddings: own.VariableWithValue("embeddings", embeddings),
		labels:     own.VariableWithValue("labels", empty),
		step:       own.VariableWithValue("step", int32(0)),
	}
	q.embeddings.SetTrainable(false)
	q.labels.SetTrainable(false)
	q.step.SetTrainable(false)
	return q
}

// enter puts a batch in front of the queue. Before the starting step it enters without labels, which keeps it out of every pair.
func (q queue) enter(b Batch) {
	g := b.Embeddings.Graph()
	step := q.step.NodeValue(g)
	early := LessThan(step, Scalar(g, dtypes.Int32, q.start))
	labels := Where(BroadcastLike(early, b.Labels), MulScalar(OnesLike(b.Labels), -1), b.Labels)
	q.embeddings.SetNodeValue(q.shift(StopGradient(b.Embeddings), q.embeddings.NodeValue(g)))
	q.labels.SetNodeValue(q.shift(labels, q.labels.NodeValue(g)))
	q.step.SetNodeValue(AddScalar(step, 1))
}

// shift puts fresh rows before the old ones and cuts at the memory's size.
func (q queue) shift(fresh, old *Node) *Node {
	rows := fresh.Shape().Dimensions[0]
	if rows >= q.size {
		return SliceAxis(fresh, 0, AxisRange(0, q.size))
	}
	return Concatenate([]*Node{fresh, SliceAxis(old, 0, AxisRange(0, q.size-rows))}, 0)
}
