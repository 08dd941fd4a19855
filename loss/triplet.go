package loss

import (
	"errors"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/mine"
)

func init() {
	register("triplet", "distance normalise margin mining miner", newTriplet)
}

// triplet pulls an anchor a closer to a positive p than to a negative n, by a margin m:
//
//	l(a,p,n) = max(0, m + d(a,p) - d(a,n))
//
// over triplets that `mining` chooses:
//
//	semi-hard  for each positive pair (a,p) the closest negative that is farther than p, or the farthest negative where none is; mean over all
//	           positive pairs that have a negative. The default; with the squared distance and margin 1 it is the report's loss.
//	hard       for each anchor its farthest positive and its closest negative; mean over the anchors that have both ("batch hard").
//	all        every triplet; mean over those with a loss above 0.
//
// or over the triplets of a `miner`, mean over those with a loss above 0.
//
// Options: distance (squared), normalise (false), margin (1), mining (semi-hard), miner (none). Active: the share of those terms above 0.
//
// Schroff, Kalenichenko, Philbin, "FaceNet", CVPR 2015; hard: Hermans, Beyer, Leibe, "In Defense of the Triplet Loss", 2017.
type triplet struct {
	kind      distance.Kind
	normalise bool
	margin    float64
	mining    string
	miner     mine.Miner // nil: mining
	perClass  int
}

func newTriplet(c Config) (Loss, error) {
	l := triplet{
		kind:      orName(c.Distance, distance.Squared),
		normalise: or(c.Normalise, false),
		margin:    or(c.Margin, 1),
		mining:    orName(c.Mining, "semi-hard"),
		perClass:  c.PerClass,
	}
	if err := oneOf("mining", l.mining, "semi-hard", "hard", "all"); err != nil {
		return nil, err
	}
	if c.Miner == nil {
		return l, nil
	}
	if c.Mining != "" {
		return nil, errors.New("mining and miner are both given; keep one")
	}
	var err error
	l.miner, err = mine.New(*c.Miner)
	return l, err
}

func (triplet) Name() string         { return "triplet" }
func (l triplet) NeedsUniform() bool { return l.miner != nil && l.miner.NeedsUniform() }

// Graph implements Loss.
func (l triplet) Graph(_ *model.Scope, b Batch) Value {
	x := b.Embeddings
	if l.normalise {
		x = distance.Normalise(x)
	}
	d := distance.Between(l.kind, x, x) // [B,B]
	positive, negative := distance.Masks(b.Labels, b.Labels, true)
	if l.miner == nil && l.mining == "hard" {
		return l.hard(d, positive, negative)
	}
	table := distance.NewTable(positive, l.perClass)
	var v Value
	switch {
	case l.miner != nil:
		picked := l.miner.Triplets(mine.Input{
			Embeddings: b.Embeddings, References: b.Embeddings, Positive: positive, Negative: negative, Table: table, Uniform: b.Uniform})
		v = l.all(d, table, picked)
	case l.mining == "all":
		v = l.all(d, table, table.Triplets(negative))
	default:
		v = l.semiHard(d, table, negative)
	}
	v.Loss = Add(v.Loss, table.Guard())
	return v
}

// semiHard chooses one negative for each positive pair.
func (l triplet) semiHard(d *Node, table distance.Table, negative *Node) Value {
	frozen := StopGradient(d)
	near := table.Gather(frozen) // [B,R] d(a,p)
	valid := LogicalAnd(table.Valid, BroadcastLike(InsertAxes(distance.Any(negative), 1), table.Valid))
	batch, slots := near.Shape().Dimensions[0], near.Shape().Dimensions[1]
	block := BroadcastToDims(InsertAxes(frozen, 1), batch, slots, batch) // [B,R,B] d(a,n)
	negatives := BroadcastToDims(InsertAxes(negative, 1), batch, slots, batch)
	farther := LogicalAnd(negatives, GreaterThan(block, InsertAxes(near, -1)))
	closest := rowMin(block, farther) // [B,R]
	none := GreaterOrEqual(closest, MulScalar(OnesLike(closest), far))
	farthest := BroadcastLike(InsertAxes(rowMax(frozen, negative), 1), closest)
	chosen := Where(none, farthest, closest)

	term := keep(valid, relu(AddScalar(Sub(near, chosen), l.margin)))
	active := GreaterThan(term, ZerosLike(term))
	pairs := count(valid)
	value := share(ReduceAllSum(term), pairs)

	terms := distance.Count(active) // [B,R]
	picked := ties(LogicalAnd(negatives, Equal(block, InsertAxes(chosen, -1))))
	push := ReduceSum(Mul(picked, InsertAxes(terms, -1)), 1) // [B,B]
	coefficients := share(Sub(table.Spread(terms), push), pairs)
	return Value{Loss: linear(value, coefficients, d), Active: share(ReduceAllSum(terms), pairs)}
}

// hard takes the farthest positive and the closest negative of each anchor.
func (l triplet) hard(d, positive, negative *Node) Value {
	frozen := StopGradient(d)
	farthest, closest := rowMax(frozen, positive), rowMin(frozen, negative) // [B]
	valid := LogicalAnd(distance.Any(positive), distance.Any(negative))
	term := keep(valid, relu(AddScalar(Sub(farthest, closest), l.margin)))
	active := distance.Count(GreaterThan(term, ZerosLike(term)))
	anchors := count(valid)
	value := share(ReduceAllSum(term), anchors)

	pull := ties(LogicalAnd(positive, Equal(frozen, BroadcastLike(InsertAxes(farthest, 1), frozen))))
	push := ties(LogicalAnd(negative, Equal(frozen, BroadcastLike(InsertAxes(closest, 1), frozen))))
	coefficients := share(Mul(Sub(pull, push), InsertAxes(active, 1)), anchors)
	return Value{Loss: linear(value, coefficients, d), Active: share(ReduceAllSum(active), anchors)}
}

// all takes every triplet of a mask [B,R,B] and averages those with a loss.
func (l triplet) all(d *Node, table distance.Table, triplets *Node) Value {
	frozen := StopGradient(d)
	term := Sub(InsertAxes(table.Gather(frozen), -1), InsertAxes(frozen, 1)) // [B,R,B]
	term = keep(triplets, relu(AddScalar(term, l.margin)))
	active := distance.Count(GreaterThan(term, ZerosLike(term)))
	losing := ReduceAllSum(active)
	value := share(ReduceAllSum(term), losing)

	pull := table.Spread(ReduceSum(active, 2)) // [B,B]
	push := ReduceSum(active, 1)
	coefficients := share(Sub(pull, push), losing)
	return Value{Loss: linear(value, coefficients, d), Active: share(losing, count(triplets))}
}
