package loss

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("contrastive", pairOptions("distance positive_margin negative_margin"), newContrastive)
	register("signal-to-noise", pairOptions("positive_margin negative_margin"), newSignalToNoise)
}

// contrastive pulls positive pairs under one distance and pushes negative pairs over another:
//
//	L = mean_{(i,j) positive} max(0, d_ij - m+) + mean_{(i,j) negative} max(0, m- - d_ij)
//
// each mean over the pairs whose term is above 0.
//
// Options: distance (euclidean), normalise (true), positive_margin m+ (0), negative_margin m- (1), miner, memory. Active: the share of pairs whose
// term is above 0.
//
// Hadsell, Chopra, LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006.
type contrastive struct {
	measure                        func(p pairs) *Node // [A,N]
	positiveMargin, negativeMargin float64
}

func newContrastive(c Config) (Loss, error) {
	kind := orName(c.Distance, distance.Euclidean)
	measure := func(p pairs) *Node { return distance.Between(kind, p.anchors, p.references) }
	return newPairLoss(c, or(c.Normalise, true), contrastive{measure, or(c.PositiveMargin, 0), or(c.NegativeMargin, 1)})
}

func (l contrastive) graph(p pairs) Value {
	d := l.measure(p)
	pull := keep(p.positive, relu(AddScalar(d, -l.positiveMargin)))
	push := keep(p.negative, relu(AddScalar(Neg(d), l.negativeMargin)))
	pulled, pushed := count(GreaterThan(pull, ZerosLike(pull))), count(GreaterThan(push, ZerosLike(push)))
	return Value{
		Loss:   Add(share(ReduceAllSum(pull), pulled), share(ReduceAllSum(push), pushed)),
		Active: share(Add(pulled, pushed), Add(count(p.positive), count(p.negative))),
	}
}

// newSignalToNoise makes the contrastive loss on the signal-to-noise distance, the variance of the difference (noise) over the anchor's (signal):
//
//	d_ij = var(x_i - x_j) / var(x_i)
//
// with variances over the D components. It is not symmetric. Embeddings without variance have distance 0 and no gradient.
//
// Options: normalise (true), positive_margin (0), negative_margin (1), miner, memory. Active: as contrastive's.
//
// Yuan, Deng, Tang, Tang, Chen, "Signal-to-Noise Ratio: A Robust Distance Metric for Deep Metric Learning", CVPR 2019.
func newSignalToNoise(c Config) (Loss, error) {
	return newPairLoss(c, or(c.Normalise, true), contrastive{noiseToSignal, or(c.PositiveMargin, 0), or(c.NegativeMargin, 1)})
}

// noiseToSignal is var(x_i - x_j) / var(x_i) for anchors i and references j, [A,N]. The variance of a difference is the squared distance of the
// vectors less their own means, over D; the D's cancel.
func noiseToSignal(p pairs) *Node {
	x := Sub(p.anchors, ReduceAndKeep(p.anchors, ReduceMean, -1))
	y := x
	if p.references != p.anchors {
		y = Sub(p.references, ReduceAndKeep(p.references, ReduceMean, -1))
	}
	noise := distance.Between(distance.Squared, x, y)
	signal := ReduceAndKeep(Square(x), ReduceSum, -1) // [A,1]
	some := GreaterThan(signal, MulScalar(OnesLike(signal), 1e-12))
	ratio := Div(noise, Where(some, signal, OnesLike(signal)))
	return keep(BroadcastLike(some, ratio), ratio)
}
