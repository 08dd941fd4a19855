package loss

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("circle", pairOptions("margin gamma"), newCircle)
}

// circle weighs each similarity s by how far it lies from its optimum:
//
//	L = mean_i log(1 + sum_{k neg} exp(gamma a_k (s_ik - m)) sum_{j pos} exp(-gamma b_j (s_ij - (1 - m))))
//	a_k = max(0, s_ik + m), b_j = max(0, 1 + m - s_ij), constants for the gradient
//
// over the anchors that have both and a term above 0.
//
// Options: margin m (0.4), gamma (80), normalise (true: s is the cosine), miner, memory. Active: the share of anchors with both whose sum weighs more
// than the 1.
//
// Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", CVPR 2020.
type circle struct{ margin, gamma float64 }

func newCircle(c Config) (Loss, error) {
	l := circle{or(c.Margin, 0.4), or(c.Gamma, 80)}
	if err := positive("gamma", l.gamma); err != nil {
		return nil, err
	}
	return newPairLoss(c, or(c.Normalise, true), l)
}

func (l circle) graph(p pairs) Value {
	s := p.similarities()
	frozen := StopGradient(s)
	toPositive := relu(AddScalar(Neg(frozen), 1+l.margin))
	toNegative := relu(AddScalar(frozen, l.margin))
	pull := MulScalar(Mul(toPositive, AddScalar(s, l.margin-1)), -l.gamma)
	push := MulScalar(Mul(toNegative, AddScalar(s, -l.margin)), l.gamma)
	complete := p.complete()
	sum := Add(logSumExp(pull, p.positive, false), logSumExp(push, p.negative, false)) // [A]
	term := keep(complete, softplus(sum))
	heavy := LogicalAnd(complete, GreaterThan(sum, ZerosLike(sum)))
	return Value{
		Loss:   mean(term, GreaterThan(term, ZerosLike(term))),
		Active: share(ReduceAllSum(distance.Count(heavy)), count(complete)),
	}
}
