package loss

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("n-pair", "normalise regulariser", newNPair)
}

// nPair holds the first sample a_i of each class against the second samples p_j of all classes:
//
//	L = mean_i log(1 + sum_{j != i} exp(a_i.p_j - a_i.p_i)) + r * mean |x|^2
//
// The last term, over the samples used, keeps the norms from growing. Further samples of a class, and classes with a single one, are left out: the
// batch plan is n classes of 2.
//
// Options: normalise (false), regulariser r (0.02; 0 where normalised, whose norms are 1). Active: the share of anchors whose own positive is not
// the most similar.
//
// Sohn, "Improved Deep Metric Learning with Multi-class N-pair Loss Objective", NIPS 2016.
type nPair struct {
	normalise   bool
	regulariser float64
}

func newNPair(c Config) (Loss, error) {
	l := nPair{normalise: or(c.Normalise, false)}
	byDefault := 0.02
	if l.normalise {
		byDefault = 0
	}
	l.regulariser = or(c.Regulariser, byDefault)
	if !(l.regulariser >= 0) {
		return nil, fmt.Errorf("regulariser is %g; it must not be below 0", l.regulariser)
	}
	return l, nil
}

func (nPair) Name() string       { return "n-pair" }
func (nPair) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l nPair) Graph(_ *model.Scope, b Batch) Value {
	x := b.Embeddings
	if l.normalise {
		x = distance.Normalise(x)
	}
	positive, negative := distance.Masks(b.Labels, b.Labels, true)
	earlier := earlierOfClass(positive)                                            // [B]
	second := Equal(earlier, OnesLike(earlier))                                    // the positives
	columns := BroadcastLike(InsertAxes(second, 0), positive)                      // [B,B]
	partner := LogicalAnd(positive, columns)                                       // in each row, its class's second sample
	first := LogicalAnd(Equal(earlier, ZerosLike(earlier)), distance.Any(partner)) // the anchors
	others := LogicalAnd(negative, columns)

	s := distance.Dots(x, x)                                    // [B,B]
	own := ReduceSum(keep(partner, s), -1)                      // [B] a_i.p_i
	term := logSumExp(Sub(s, InsertAxes(own, 1)), others, true) // [B]
	frozen := StopGradient(s)
	wrong := LogicalAnd(first, GreaterOrEqual(rowMax(frozen, others), StopGradient(own)))

	loss := mean(term, first)
	if l.regulariser > 0 {
		used := LogicalOr(first, second)
		loss = Add(loss, MulScalar(mean(ReduceSum(Square(x), -1), used), l.regulariser))
	}
	return Value{Loss: loss, Active: share(count(wrong), count(first))}
}

// earlierOfClass counts for each sample the samples of its class that stand before it in the batch, [B]. positive [B,B].
func earlierOfClass(positive *Node) *Node {
	g, square := positive.Graph(), shapes.Make(dtypes.Float32, positive.Shape().Dimensions...)
	before := LessThan(Iota(g, square, 1), Iota(g, square, 0))
	return ReduceSum(distance.Count(LogicalAnd(positive, before)), -1)
}
