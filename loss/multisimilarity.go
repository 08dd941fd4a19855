package loss

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("multi-similarity", pairOptions("alpha beta base"), newMultiSimilarity)
}

// multiSimilarity weighs each pair by its own similarity s and by the others of its anchor:
//
//	L = mean_i 1/alpha log(1 + sum_{j pos} exp(-alpha (s_ij - lambda))) + 1/beta log(1 + sum_{k neg} exp(beta (s_ik - lambda)))
//
// over all anchors.
//
// Options: alpha (2), beta (50), base lambda (0.5), normalise (true: s is the cosine), miner (the paper's is multi-similarity), memory. Active: the
// share of anchors with both a positive and a negative that count.
//
// Wang, Han, Huang, Dong, Scott, "Multi-Similarity Loss with General Pair Weighting for Deep Metric Learning", CVPR 2019.
type multiSimilarity struct{ alpha, beta, base float64 }

func newMultiSimilarity(c Config) (Loss, error) {
	l := multiSimilarity{or(c.Alpha, 2), or(c.Beta, 50), or(c.Base, 0.5)}
	if err := positive("alpha", l.alpha); err != nil {
		return nil, err
	}
	if err := positive("beta", l.beta); err != nil {
		return nil, err
	}
	return newPairLoss(c, or(c.Normalise, true), l)
}

func (l multiSimilarity) graph(p pairs) Value {
	above := AddScalar(p.similarities(), -l.base)
	pull := logSumExp(MulScalar(above, -l.alpha), p.positive, true)
	push := logSumExp(MulScalar(above, l.beta), p.negative, true)
	term := Add(MulScalar(pull, 1/l.alpha), MulScalar(push, 1/l.beta))
	complete := distance.Count(p.complete())
	return Value{Loss: ReduceAllMean(term), Active: ReduceAllMean(complete)}
}
