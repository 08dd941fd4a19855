package mine

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

// easyPositive picks for each anchor its closest positive, so that a class need not shrink to a
// point, and one negative: with `negatives: semi-hard` the closest that is farther than that
// positive (an anchor without one is left out), with `hard` the closest of all.
//
// Xuan, Stylianou, Pless, "Improved Embeddings with Easy Positive Triplet Mining", WACV 2020.
type easyPositive struct {
	measure
	semiHard bool
}

func newEasyPositive(c Config) (Miner, error) {
	switch c.Negatives {
	case "", "semi-hard", "hard":
		return easyPositive{c.measure(), c.Negatives != "hard"}, nil
	}
	return nil, fmt.Errorf("negatives is %q; choose semi-hard or hard", c.Negatives)
}

func (easyPositive) Name() string       { return "easy-positive" }
func (easyPositive) NeedsUniform() bool { return false }
func (easyPositive) NeedsTable() bool   { return false }

func (m easyPositive) pick(in Input) (positive, negative *Node) {
	d := m.between(in)
	nearest := least(d, in.Positive) // [A,1]
	usable := in.Negative
	if m.semiHard {
		usable = LogicalAnd(usable, GreaterThan(d, nearest))
	}
	closest := least(d, usable)
	limit := MulScalar(OnesLike(nearest), far)
	whole := BroadcastLike(LogicalAnd(LessThan(nearest, limit), LessThan(closest, limit)), d)
	positive = LogicalAnd(LogicalAnd(in.Positive, whole), Equal(d, BroadcastLike(nearest, d)))
	negative = LogicalAnd(LogicalAnd(usable, whole), Equal(d, BroadcastLike(closest, d)))
	return positive, negative
}

// Pairs implements Miner.
func (m easyPositive) Pairs(in Input) Pairs {
	positive, negative := m.pick(in)
	return Pairs{distance.Count(positive), distance.Count(negative)}
}

// Triplets implements Miner.
func (m easyPositive) Triplets(in Input) *Node {
	positive, negative := m.pick(in)
	return join(in, positive, negative)
}
