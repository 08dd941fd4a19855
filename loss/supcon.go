package loss

import (
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("supcon", pairOptions("temperature"), newSupCon)
	register("nt-xent", pairOptions("temperature"), newNTXent)
}

// supCon asks that each positive be found among all other samples (s similarity, t temperature, P(i) the positives of i, A(i) all others):
//
//	L = mean_i -1/|P(i)| sum_{p in P(i)} log( exp(s_ip / t) / sum_{a in A(i)} exp(s_ia / t) )
//
// over the anchors that have a positive.
//
// Options: temperature (0.1), normalise (true: s is the cosine), miner, memory. Active: the share of anchors with both a positive and a negative.
//
// Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020 (its L_out).
type supCon struct{ temperature float64 }

func newSupCon(c Config) (Loss, error) {
	l := supCon{or(c.Temperature, 0.1)}
	if err := positive("temperature", l.temperature); err != nil {
		return nil, err
	}
	return newPairLoss(c, or(c.Normalise, true), l)
}

func (l supCon) graph(p pairs) Value {
	s := MulScalar(p.similarities(), 1/l.temperature)
	all := logSumExp(s, LogicalOr(p.positive, p.negative), false) // [A]
	positives := ReduceSum(distance.Count(p.positive), -1)
	own := share(ReduceSum(keep(p.positive, s), -1), positives)
	return Value{
		Loss:   mean(Sub(all, own), distance.Any(p.positive)),
		Active: ReduceAllMean(distance.Count(p.complete())),
	}
}

// ntXent asks of each positive pair that it be found among the anchor's negatives (s similarity, t temperature):
//
//	L = mean_{(i,p) positive} -log( exp(s_ip / t) / (exp(s_ip / t) + sum_{k neg} exp(s_ik / t)) )
//
// Options: temperature (0.07), normalise (true: s is the cosine), miner, memory. Active: the share of positive pairs less similar than the anchor's
// most similar negative.
//
// Sohn 2016 (see n-pair); van den Oord, Li, Vinyals, "Representation Learning with Contrastive Predictive Coding", 2018 (InfoNCE); Chen, Kornblith,
// Norouzi, Hinton, "A Simple Framework for Contrastive Learning", ICML 2020 (the name).
type ntXent struct{ temperature float64 }

func newNTXent(c Config) (Loss, error) {
	l := ntXent{or(c.Temperature, 0.07)}
	if err := positive("temperature", l.temperature); err != nil {
		return nil, err
	}
	return newPairLoss(c, or(c.Normalise, true), l)
}

func (l ntXent) graph(p pairs) Value {
	s := MulScalar(p.similarities(), 1/l.temperature)
	others := InsertAxes(logSumExp(s, p.negative, false), -1) // [A,1]
	has := BroadcastLike(InsertAxes(distance.Any(p.negative), -1), p.positive)
	term := keep(LogicalAnd(p.positive, has), softplus(Sub(others, s)))
	frozen := StopGradient(s)
	closest := BroadcastLike(InsertAxes(rowMax(frozen, p.negative), -1), frozen)
	return Value{
		Loss:   share(ReduceAllSum(term), count(p.positive)),
		Active: share(count(LogicalAnd(p.positive, LessThan(frozen, closest))), count(p.positive)),
	}
}
