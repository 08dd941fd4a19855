package mine

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

// distanceWeighted draws for each positive pair (a,p) one negative n with a chance that levels out
// how often each distance occurs. On the unit sphere of R^D distances d are distributed as q(d) ~
// d^(D-2) (1 - d^2/4)^((D-3)/2), so n is drawn with weight
//
//	w(n) ~ 1 / q(max(d(a,n), cutoff))   where d(a,n) < farthest, else 0
//
// and, where all weights of an anchor vanish, uniformly from its negatives. The noise is Input.Uniform at (a,p): one number a pair.
//
// Wu, Manmatha, Smola, Krähenbühl, "Sampling Matters in Deep Embedding Learning", ICCV 2017.
type distanceWeighted struct{ cutoff, farthest float64 }

func newDistanceWeighted(c Config) (Miner, error) {
	m := distanceWeighted{or(c.Cutoff, 0.5), or(c.Farthest, 1.4)}
	if !(m.cutoff > 0 && m.cutoff < 2) || !(m.farthest > 0) {
		return nil, fmt.Errorf("cutoff %g must lie in (0, 2) and farthest %g above 0", m.cutoff, m.farthest)
	}
	return m, nil
}

func (distanceWeighted) Name() string           { return "distance-weighted" }
func (distanceWeighted) NeedsUniform() bool     { return true }
func (distanceWeighted) NeedsTable() bool       { return true }
func (m distanceWeighted) Pairs(in Input) Pairs { return pairsOf(in, m.Triplets(in)) }

// Triplets implements Miner.
func (m distanceWeighted) Triplets(in Input) *Node {
	chances := m.weights(in)
	g, n := chances.Graph(), chances.Shape().Dimensions[1]
	// sum_{k <= j} w_k: one product with a triangle of ones.
	row := Iota(g, shapes.Make(dtypes.Float32, n, n), 0)
	column := Iota(g, shapes.Make(dtypes.Float32, n, n), 1)
	sums := DotGeneral(chances, []int{1}, nil, distance.Count(LessOrEqual(row, column)), []int{0}, nil) // [A,N]
	total := ReduceAndKeep(sums, ReduceMax, -1)                                                         // [A,1]

	// The drawn negative is the first whose sum passes u * total; u stays clear of 1 so that rounding leaves one.
	aim := Mul(in.Table.Gather(in.Uniform), MulScalar(total, 1-1e-6))                             // [A,R]
	index := ReduceSum(distance.Count(LessOrEqual(InsertAxes(sums, 1), InsertAxes(aim, -1))), -1) // [A,R]
	drawn := Equal(Iota(g, shapes.Make(dtypes.Float32, 1, 1, n), 2), InsertAxes(index, -1))       // [A,R,N]
	possible := LogicalAnd(in.Negative, GreaterThan(chances, ZerosLike(chances)))
	return LogicalAnd(in.Table.Triplets(possible), drawn)
}

// weights gives w, [A,N], 0 outside the negatives; the largest of a row is 1.
func (m distanceWeighted) weights(in Input) *Node {
	d := measure{distance.Euclidean, true}.between(in)
	dim := float64(in.Embeddings.Shape().Dimensions[1])
	clipped := MaxScalar(d, m.cutoff)
	slack := MaxScalar(OneMinus(MulScalar(Square(clipped), 0.25)), 1e-6)
	logs := Sub(MulScalar(Log(clipped), 2-dim), MulScalar(Log(slack), (dim-3)/2))
	usable := LogicalAnd(in.Negative, LessThan(d, MulScalar(OnesLike(d), m.farthest)))
	shifted := Where(usable, Sub(logs, most(logs, usable)), ZerosLike(logs))
	w := Where(usable, Exp(shifted), ZerosLike(logs))
	none := BroadcastLike(LogicalNot(InsertAxes(distance.Any(usable), -1)), usable)
	return Where(none, distance.Count(in.Negative), w)
}
