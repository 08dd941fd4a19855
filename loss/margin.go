package loss

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("margin", pairOptions("distance margin beta learn_beta regulariser"), newMargin)
}

// margin keeps positive pairs within a boundary beta and negative pairs outside, both by a margin alpha, over the pairs of triplets (each counted as
// often as it occurs; without a miner of triplets, in all that join the pairs at one anchor):
//
//	L = ( sum max(0, alpha + d_ap - beta) + sum max(0, alpha + beta - d_an) + nu sum beta ) / number of terms above 0
//
// Options: distance (euclidean), normalise (true), margin alpha (0.2), beta (1.2), learn_beta (none; "shared": one boundary is learned, "per-class":
// one a class of the anchor, starting from beta; the variable "beta"), regulariser nu (0; only with learn_beta), miner (the paper's is
// distance-weighted), memory. Active: the share of pairs whose term is above 0.
//
// Wu, Manmatha, Smola, Krähenbühl, "Sampling Matters in Deep Embedding Learning", ICCV 2017.
type margin struct {
	kind            distance.Kind
	alpha, beta, nu float64
	learn           string
	classes         int
}

func newMargin(c Config) (Loss, error) {
	l := margin{
		kind:    orName(c.Distance, distance.Euclidean),
		alpha:   or(c.Margin, 0.2),
		beta:    or(c.Beta, 1.2),
		nu:      or(c.Regulariser, 0),
		learn:   orName(c.LearnBeta, "fixed"),
		classes: c.NumClasses,
	}
	if err := oneOf("learn_beta", l.learn, "fixed", "shared", "per-class"); err != nil {
		return nil, err
	}
	if l.learn == "per-class" {
		if err := c.counted(); err != nil {
			return nil, err
		}
	}
	return newPairLoss(c, or(c.Normalise, true), l)
}

func (l margin) graph(p pairs) Value {
	d := distance.Between(l.kind, p.anchors, p.references)
	positives, negatives := p.triplets()
	beta := l.boundary(p) // [A,1] or scalar
	pull := Mul(positives, relu(AddScalar(Sub(d, beta), l.alpha)))
	push := Mul(negatives, relu(AddScalar(Sub(beta, d), l.alpha)))
	active := Add(ReduceAllSum(keep(GreaterThan(pull, ZerosLike(pull)), positives)), ReduceAllSum(keep(GreaterThan(push, ZerosLike(push)), negatives)))
	sum := Add(ReduceAllSum(pull), ReduceAllSum(push))
	if l.nu != 0 && l.learn != "fixed" {
		sum = Add(sum, MulScalar(ReduceAllSum(Mul(positives, beta)), l.nu))
	}
	guard := MulScalar(ReduceAllSum(beta), 0) // NaN where a label has no boundary
	return Value{
		Loss:   Add(share(sum, active), guard),
		Active: share(active, Add(ReduceAllSum(positives), ReduceAllSum(negatives))),
	}
}

// boundary is beta for each anchor.
func (l margin) boundary(p pairs) *Node {
	g := p.anchors.Graph()
	switch l.learn {
	case "shared":
		return p.scope.VariableWithValue("beta", float32(l.beta)).NodeValue(g)
	case "per-class":
		first := make([]float32, l.classes)
		for i := range first {
			first[i] = float32(l.beta)
		}
		beta := p.scope.VariableWithValue("beta", first).NodeValue(g) // [C]
		return ownClass(InsertAxes(beta, 0), OneHot(p.labels, l.classes, dtypes.Float32))
	default:
		return scalar(g, l.beta)
	}
}
