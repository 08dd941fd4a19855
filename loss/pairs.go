package loss

import (
	"errors"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/mine"
)

// pairs is what a pair loss is computed on: anchors against references.
type pairs struct {
	scope      *model.Scope
	anchors    *Node // [A,D], normalised where the loss wants it
	references *Node // [N,D], the same node for a batch against itself
	labels     *Node // [A] int32, of the anchors

	positive, negative *Node       // [A,N] bool, the pairs that count
	picked             *mine.Pairs // how often each counts, where a miner of triplets picked them
}

// triplets gives for each pair [A,N] float32 in how many triplets it stands: those that a miner of triplets picked, else
// all that join the positive and negative pairs at one anchor.
func (p pairs) triplets() (positive, negative *Node) {
	if p.picked != nil {
		return p.picked.Positive, p.picked.Negative
	}
	positive, negative = distance.Count(p.positive), distance.Count(p.negative)
	negatives := ReduceAndKeep(negative, ReduceSum, -1) // [A,1]
	positives := ReduceAndKeep(positive, ReduceSum, -1)
	return Mul(positive, negatives), Mul(negative, positives)
}

// pairForm is the formula of one pair loss.
type pairForm interface{ graph(p pairs) Value }

// pairLoss is what all pair losses share: scaling to length 1, the miner, and the memory.
type pairLoss struct {
	name      string
	normalise bool
	perClass  int
	miner     mine.Miner // nil: all pairs
	memory    *memory    // nil: the batch alone
	form      pairForm
}

// newPairLoss makes a pair loss around a formula.
func newPairLoss(c Config, normalise bool, form pairForm) (Loss, error) {
	l := pairLoss{name: c.Name, normalise: normalise, perClass: c.PerClass, form: form}
	var err error
	if c.Miner != nil {
		if l.miner, err = mine.New(*c.Miner); err != nil {
			return nil, err
		}
	}
	if c.Memory == nil {
		return l, nil
	}
	if l.miner != nil && l.miner.NeedsTable() {
		return nil, errors.New("a memory takes no miner of triplets; use one of pairs: batch-hard, easy-positive, multi-similarity")
	}
	l.memory, err = newMemory(*c.Memory, c.Dim)
	return l, err
}

func (l pairLoss) Name() string       { return l.name }
func (l pairLoss) NeedsUniform() bool { return l.miner != nil && l.miner.NeedsUniform() }

// Graph implements Loss.
func (l pairLoss) Graph(scope *model.Scope, b Batch) Value {
	positive, negative := distance.Masks(b.Labels, b.Labels, true)
	v := l.against(scope, b, b.Embeddings, positive, negative)
	if l.memory == nil {
		return v
	}
	g := b.Embeddings.Graph()
	queue := l.memory.open(scope, g)
	positive, negative = distance.Masks(b.Labels, queue.labels.NodeValue(g), false)
	past := l.against(scope, b, queue.embeddings.NodeValue(g), positive, negative)
	v.Loss = Add(v.Loss, MulScalar(past.Loss, l.memory.weight))
	queue.enter(b)
	return v
}

// against is the loss of the batch against references.
func (l pairLoss) against(scope *model.Scope, b Batch, references, positive, negative *Node) Value {
	p := pairs{scope: scope, anchors: b.Embeddings, references: references, labels: b.Labels, positive: positive, negative: negative}
	var guard *Node
	if l.miner != nil {
		in := mine.Input{Embeddings: b.Embeddings, References: references, Positive: positive, Negative: negative, Uniform: b.Uniform}
		if l.miner.NeedsTable() {
			in.Table = distance.NewTable(positive, l.perClass)
			guard = in.Table.Guard()
		}
		picked := l.miner.Pairs(in)
		if l.miner.NeedsTable() {
			p.picked = &picked
		}
		p.positive = GreaterThan(picked.Positive, ZerosLike(picked.Positive))
		p.negative = GreaterThan(picked.Negative, ZerosLike(picked.Negative))
	}
	if l.normalise {
		self := references == b.Embeddings
		p.anchors = distance.Normalise(b.Embeddings)
		p.references = p.anchors
		if !self {
			p.references = distance.Normalise(references)
		}
	}
	v := l.form.graph(p)
	if guard != nil {
		v.Loss = Add(v.Loss, guard)
	}
	return v
}

// similarities is the dot product of anchors and references, the cosine where they are normalised, [A,N].
func (p pairs) similarities() *Node { return distance.Dots(p.anchors, p.references) }

// complete marks the anchors [A] that have both a positive and a negative.
func (p pairs) complete() *Node {
	return LogicalAnd(distance.Any(p.positive), distance.Any(p.negative))
}

// pairOptions are the options of every pair loss that may have a memory, beside its own.
func pairOptions(own string) string { return strings.TrimSpace(own + " normalise miner memory") }
