package loss

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("lifted-structure", "distance normalise positive_margin negative_margin miner", newLifted)
	register("generalised-lifted", pairOptions("distance positive_margin negative_margin"), newGeneralisedLifted)
}

// lifted holds each positive pair against all negatives of both its ends:
//
//	J_ij = log( sum_{k neg of i} exp(m- - d_ik) + sum_{k neg of j} exp(m- - d_jk) ) + d_ij - m+
//	L    = mean_{(i,j) positive} max(0, J_ij)^2 / 2
//
// Options: distance (euclidean), normalise (true), positive_margin m+ (0), negative_margin m- (1), miner. No memory: it would need the negatives of
// the memory's entries. Active: the share of positive pairs with J above 0.
//
// Oh Song, Xiang, Jegelka, Savarese, "Deep Metric Learning via Lifted Structured Feature Embedding", CVPR 2016.
type lifted struct {
	kind                           distance.Kind
	positiveMargin, negativeMargin float64
}

func newLifted(c Config) (Loss, error) {
	form := lifted{orName(c.Distance, distance.Euclidean), or(c.PositiveMargin, 0), or(c.NegativeMargin, 1)}
	return newPairLoss(c, or(c.Normalise, true), form)
}

func (l lifted) graph(p pairs) Value {
	d := distance.Between(l.kind, p.anchors, p.references)
	has := distance.Any(p.negative)
	pushes := logSumExp(AddScalar(Neg(d), l.negativeMargin), p.negative, false) // [B]
	pushes = Where(has, pushes, MulScalar(OnesLike(pushes), -far))
	of, with := InsertAxes(pushes, 1), InsertAxes(pushes, 0) // of i [B,1], of j [1,B]
	top := StopGradient(Max(of, with))
	valid := LogicalAnd(p.positive, GreaterThan(top, MulScalar(OnesLike(top), -far)))
	sum := Add(Exp(Sub(of, top)), Exp(Sub(with, top))) // between 1 and 2
	j := Add(Add(keep(valid, top), Log(sum)), AddScalar(d, -l.positiveMargin))
	j = keep(valid, relu(j))
	return Value{
		Loss:   share(MulScalar(ReduceAllSum(Square(j)), 0.5), count(valid)),
		Active: share(count(GreaterThan(j, ZerosLike(j))), count(valid)),
	}
}

// generalisedLifted holds all positives of an anchor against all its negatives:
//
//	L = mean_i max(0, log sum_{j pos} exp(d_ij - m+) + log sum_{k neg} exp(m- - d_ik))
//
// over the anchors that have both.
//
// Options: distance (euclidean), normalise (true), positive_margin m+ (0), negative_margin m- (1), miner, memory. Active: the share of those anchors
// whose term is above 0.
//
// Hermans, Beyer, Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017.
type generalisedLifted struct {
	kind                           distance.Kind
	positiveMargin, negativeMargin float64
}

func newGeneralisedLifted(c Config) (Loss, error) {
	form := generalisedLifted{orName(c.Distance, distance.Euclidean), or(c.PositiveMargin, 0), or(c.NegativeMargin, 1)}
	return newPairLoss(c, or(c.Normalise, true), form)
}

func (l generalisedLifted) graph(p pairs) Value {
	d := distance.Between(l.kind, p.anchors, p.references)
	pull := logSumExp(AddScalar(d, -l.positiveMargin), p.positive, false)
	push := logSumExp(AddScalar(Neg(d), l.negativeMargin), p.negative, false)
	complete := p.complete()
	term := keep(complete, relu(Add(pull, push)))
	return Value{
		Loss:   mean(term, complete),
		Active: share(count(GreaterThan(term, ZerosLike(term))), count(complete)),
	}
}
