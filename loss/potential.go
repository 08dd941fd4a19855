package loss

import (
	"errors"
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("potential-field", "alpha margin centres proxy_deviation", newPotentialField)
}

// potentialField lets every point, sample or proxy, be the source of a field that attracts its own
// class and repels the others, and whose force fades with the distance, so that outliers and wrong
// labels hardly pull (d Euclidean on embeddings scaled to length 1, P the B samples and the C K proxies):
//
//	L = 1/|P| sum_{i in P} ( sum_{j != i, of the same class} -u(max(d_ij, delta)) + sum_{j of others} u(max(d_ij, delta/2)) ), u(d) = (delta / d)^alpha
//
// Within delta a class is together and attracts no more, which keeps it from collapsing. The
// repulsion is bounded at half of that, where the paper's grows without end, and u is in units of its
// value at delta.
//
// Options: alpha (4), margin delta (0.2), centres K (4), proxy_deviation (1). Row c K + k of
// "proxies" is the k-th of class c. Active: the share of samples that are nearer to a proxy of
// another class than to any of their own.
//
// Bhatnagar, Ahuja, "Potential Field Based Deep Metric Learning", CVPR 2025.
type potentialField struct {
	classes, centres int
	alpha, delta     float64
	proxies          proxies
}

func newPotentialField(c Config) (Loss, error) {
	l := potentialField{classes: c.NumClasses, centres: c.Centres, alpha: or(c.Alpha, 4), delta: or(c.Margin, 0.2)}
	if l.centres == 0 {
		l.centres = 4
	}
	if l.centres < 0 {
		return nil, fmt.Errorf("centres is %d; it must be above 0", l.centres)
	}
	if err := errors.Join(positive("alpha", l.alpha), positive("margin", l.delta)); err != nil {
		return nil, err
	}
	var err error
	l.proxies, err = newProxies(c, l.centres, 1)
	return l, err
}

func (potentialField) Name() string       { return "potential-field" }
func (potentialField) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l potentialField) Graph(scope *model.Scope, b Batch) Value {
	g := b.Embeddings.Graph()
	w := l.proxies.open(scope, g) // [C K,D]
	x := distance.Normalise(b.Embeddings)
	all := Concatenate([]*Node{x, w}, 0) // [P,D]
	of := make([]int32, l.classes*l.centres)
	for i := range of {
		of[i] = int32(i / l.centres)
	}
	labels := Concatenate([]*Node{b.Labels, Const(g, of)}, 0)
	points := labels.Shape().Dimensions[0]

	squares := AddScalar(MulScalar(distance.Dots(all, all), -2), 2) // [P,P] of d^2
	same := Equal(ExpandAxes(labels, 1), ExpandAxes(labels, 0))
	at := shapes.Make(dtypes.Int32, points, points)
	itself := Equal(Iota(g, at, 0), Iota(g, at, 1))
	attraction := Where(LogicalAnd(same, LogicalNot(itself)), l.potential(squares, l.delta), ZerosLike(squares))
	repulsion := Where(LogicalNot(same), l.potential(squares, l.delta/2), ZerosLike(squares))
	energy := DivScalar(Sub(ReduceAllSum(repulsion), ReduceAllSum(attraction)), float64(points))

	own := oneHot(b.Labels, l.classes)
	nearest := ReduceMax(Reshape(StopGradient(distance.Dots(x, w)), own.Shape().Dimensions[0], l.classes, l.centres), -1) // [B,C]
	return Value{Loss: Add(energy, strangers(nearest, own)), Active: misplaced(nearest, own)}
}

// potential is u for squared distances, which are held at least^2 and above.
func (l potentialField) potential(squares *Node, least float64) *Node {
	held := MaxScalar(squares, least*least)
	return Exp(MulScalar(Neg(AddScalar(Log(held), -2*math.Log(l.delta))), l.alpha/2))
}
