package mine

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

// band picks every triplet whose negative lies, seen from the anchor, within a band behind or before the positive.
//
//	semi-hard  0 < d(a,n) - d(a,p) <= margin   (Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015)
//	hard       d(a,n) <= d(a,p)
type band struct {
	measure
	name   string
	margin float64 // semi-hard's; hard has none
}

func newSemiHard(c Config) (Miner, error) {
	m := band{c.measure(), "semi-hard", or(c.Margin, 0.2)}
	if !(m.margin > 0) {
		return nil, fmt.Errorf("margin is %g; it must be above 0", m.margin)
	}
	return m, nil
}

func newHard(c Config) (Miner, error) { return band{c.measure(), "hard", 0}, nil }

func (m band) Name() string         { return m.name }
func (band) NeedsUniform() bool     { return false }
func (band) NeedsTable() bool       { return true }
func (m band) Pairs(in Input) Pairs { return pairsOf(in, m.Triplets(in)) }

// Triplets implements Miner.
func (m band) Triplets(in Input) *Node {
	d := m.between(in)
	gap := Sub(InsertAxes(d, 1), InsertAxes(in.Table.Gather(d), -1)) // [A,R,N] d(a,n) - d(a,p)
	zero := ZerosLike(gap)
	inside := LessOrEqual(gap, zero)
	if m.name == "semi-hard" {
		inside = LogicalAnd(LogicalNot(inside), LessOrEqual(gap, AddScalar(zero, m.margin)))
	}
	return LogicalAnd(in.Table.Triplets(in.Negative), inside)
}

// batchHard picks for each anchor its farthest positive and its closest negative (all of them where several are equally far).
//
// Hermans, Beyer, Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017.
type batchHard struct{ measure }

func newBatchHard(c Config) (Miner, error) { return batchHard{c.measure()}, nil }

func (batchHard) Name() string       { return "batch-hard" }
func (batchHard) NeedsUniform() bool { return false }
func (batchHard) NeedsTable() bool   { return false }

func (m batchHard) pick(in Input) (positive, negative *Node) {
	d := m.between(in)
	positive = LogicalAnd(in.Positive, Equal(d, BroadcastLike(most(d, in.Positive), d)))
	negative = LogicalAnd(in.Negative, Equal(d, BroadcastLike(least(d, in.Negative), d)))
	return positive, negative
}

// Pairs implements Miner.
func (m batchHard) Pairs(in Input) Pairs {
	positive, negative := m.pick(in)
	return Pairs{distance.Count(positive), distance.Count(negative)}
}

// Triplets implements Miner.
func (m batchHard) Triplets(in Input) *Node {
	positive, negative := m.pick(in)
	return join(in, positive, negative)
}
