package loss

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("fastap", "bins miner memory", newFastAP)
}

// fastAP maximises average precision, made smooth by soft histograms of the squared distances of normalised embeddings, in [0, 4]. With h+_l the
// share of an anchor's positives that fall to edge l (a triangle as wide as a bin spreads each over its two nearest edges), H+_l the sum of h+ up to
// l and H_l that of all samples:
//
//	AP_i = 1/N+ sum_l h+_l H+_l / H_l,   L = mean_i (1 - AP_i)
//
// over the anchors that have a positive.
//
// Options: bins (10), miner, memory. Active: the share of those anchors with AP under 0.999.
//
// Cakir, He, Xia, Kulis, Sclaroff, "Deep Metric Learning to Rank", CVPR 2019.
type fastAP struct{ bins int }

func newFastAP(c Config) (Loss, error) {
	l := fastAP{c.Bins}
	if l.bins == 0 {
		l.bins = 10
	}
	if l.bins < 0 {
		return nil, fmt.Errorf("bins is %d; it must be above 0", l.bins)
	}
	return newPairLoss(c, true, l)
}

func (l fastAP) graph(p pairs) Value {
	g, edges, width := p.anchors.Graph(), l.bins+1, 4/float64(l.bins)
	d := distance.Between(distance.Squared, p.anchors, p.references) // [A,N]
	edge := MulScalar(Iota(g, shapes.Make(dtypes.Float32, 1, edges, 1), 1), width)
	pulse := relu(OneMinus(MulScalar(Abs(Sub(InsertAxes(d, 1), edge)), 1/width))) // [A,L,N]
	fallen := func(mask *Node) *Node { return ReduceSum(Mul(pulse, InsertAxes(distance.Count(mask), 1)), -1) }
	positives, others := fallen(p.positive), fallen(p.negative) // [A,L]

	upTo := LessOrEqual(Iota(g, shapes.Make(dtypes.Float32, edges, edges), 0), Iota(g, shapes.Make(dtypes.Float32, edges, edges), 1))
	sum := func(x *Node) *Node { return DotGeneral(x, []int{1}, nil, distance.Count(upTo), []int{0}, nil) }
	good, all := sum(positives), sum(Add(positives, others))
	some := GreaterThan(all, MulScalar(OnesLike(all), 1e-6))
	precision := keep(some, Div(Mul(positives, good), Where(some, all, OnesLike(all))))

	number := ReduceSum(distance.Count(p.positive), -1) // [A]
	has := distance.Any(p.positive)
	ap := share(ReduceSum(precision, -1), number)
	return Value{
		Loss:   mean(OneMinus(ap), has),
		Active: share(count(LogicalAnd(has, LessThan(ap, MulScalar(OnesLike(ap), 0.999)))), count(has)),
	}
}
