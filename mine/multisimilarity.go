package mine

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

// multiSimilarity picks the negatives that are more similar to the anchor than its least similar
// positive, and the positives that are less similar than its most similar negative, both by epsilon
// (cosine similarity s):
//
//	negative (a,n):  s(a,n) > min_p s(a,p) - epsilon
//	positive (a,p):  s(a,p) < max_n s(a,n) + epsilon
//
// Wang, Han, Huang, Dong, Scott, "Multi-Similarity Loss with General Pair Weighting", CVPR 2019.
type multiSimilarity struct{ epsilon float64 }

func newMultiSimilarity(c Config) (Miner, error) {
	return multiSimilarity{or(c.Epsilon, 0.1)}, nil
}

func (multiSimilarity) Name() string       { return "multi-similarity" }
func (multiSimilarity) NeedsUniform() bool { return false }
func (multiSimilarity) NeedsTable() bool   { return false }

func (m multiSimilarity) pick(in Input) (positive, negative *Node) {
	s := OneMinus(measure{distance.Cosine, false}.between(in))
	negative = LogicalAnd(in.Negative, GreaterThan(AddScalar(s, m.epsilon), least(s, in.Positive)))
	positive = LogicalAnd(in.Positive, LessThan(AddScalar(s, -m.epsilon), most(s, in.Negative)))
	return positive, negative
}

// Pairs implements Miner.
func (m multiSimilarity) Pairs(in Input) Pairs {
	positive, negative := m.pick(in)
	return Pairs{distance.Count(positive), distance.Count(negative)}
}

// Triplets implements Miner.
func (m multiSimilarity) Triplets(in Input) *Node {
	positive, negative := m.pick(in)
	return join(in, positive, negative)
}
