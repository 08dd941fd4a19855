package loss

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("angular", "alpha normalise raw_negatives", newAngular)
}

// angular bounds the angle at the negative of the triangle that it forms with a positive pair (t = tan^2 alpha):
//
//	L = mean_{(a,p) positive} log(1 + sum_{n neg} exp(4 t (x_a + x_p).x_n - 2 (1 + t) x_a.x_p))
//
// The sum over n factors into a product of two matrices, exp(4t x_a.x_n) times exp(4t x_p.x_n), so nothing of size [B,B,B] is built. Shifted by the
// rows' maxima it is exact while 4t x.y of one anchor spreads over less than 80, which normalised embeddings do for alpha up to 72 degrees.
//
// Options: alpha (40 degrees), normalise (true), raw_negatives (false; true leaves x_n as it is while x_a and x_p are normalised, which is what
// pytorch-metric-learning 2.9.0 computes). Active: the share of positive pairs whose sum weighs more than the 1.
//
// Wang, Zhou, Wen, Liu, Lin, "Deep Metric Learning with Angular Loss", ICCV 2017.
type angular struct {
	t                       float64
	normalise, rawNegatives bool
}

func newAngular(c Config) (Loss, error) {
	alpha := or(c.Alpha, 40)
	if !(alpha > 0 && alpha < 90) {
		return nil, fmt.Errorf("alpha is %g degrees; it must lie between 0 and 90", alpha)
	}
	tan := math.Tan(alpha * math.Pi / 180)
	return angular{tan * tan, or(c.Normalise, true), c.RawNegatives}, nil
}

func (angular) Name() string       { return "angular" }
func (angular) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l angular) Graph(_ *model.Scope, b Batch) Value {
	x, z := b.Embeddings, b.Embeddings // pairs, negatives
	if l.normalise {
		x = distance.Normalise(x)
	}
	if !l.rawNegatives {
		z = x
	}
	positive, negative := distance.Masks(b.Labels, b.Labels, true)
	s := distance.Dots(x, x)
	near := MulScalar(distance.Dots(x, z), 4*l.t) // [B,B], pairs by negatives
	has := distance.Any(negative)
	top := keep(has, StopGradient(rowMax(near, negative)))                   // [B]
	e := keep(negative, Exp(keep(negative, Sub(near, InsertAxes(top, -1))))) // [B,B]
	sums := distance.Dots(e, e)                                              // [B,B] sum over n, for pairs of one class
	valid := LogicalAnd(LogicalAnd(positive, BroadcastLike(InsertAxes(has, -1), positive)), GreaterThan(sums, ZerosLike(sums)))
	logs := Log(Where(valid, sums, OnesLike(sums)))
	exponent := Add(logs, Sub(Add(InsertAxes(top, 1), InsertAxes(top, 0)), MulScalar(s, 2*(1+l.t))))
	term := keep(valid, softplus(exponent))
	heavy := LogicalAnd(valid, GreaterThan(exponent, ZerosLike(exponent)))
	return Value{
		Loss:   share(ReduceAllSum(term), count(positive)),
		Active: share(count(heavy), count(positive)),
	}
}
