package loss

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("normalised-softmax", "temperature proxy_deviation", newNormalisedSoftmax)
	register("cosface", "margin scale proxy_deviation", newCosFace)
	register("arcface", "margin scale proxy_deviation", newArcFace)
}

// cosineSoftmax is the softmax cross entropy of scaled cosines c_ij of samples and proxies (one a class), the own class's made harder by a margin:
//
//	L = mean_i -log( exp(scale f(c_iy)) / (exp(scale f(c_iy)) + sum_{j != y} exp(scale c_ij)) )
//
// Active: the share of samples whose own class, after the margin, is not the most similar.
type cosineSoftmax struct {
	name    string
	scale   float64
	harder  func(cosine *Node) *Node // f; nil: none
	proxies proxies
	classes int
}

func newCosineSoftmax(c Config, scale float64, harder func(*Node) *Node) (Loss, error) {
	if err := positive("scale", scale); err != nil {
		return nil, err
	}
	w, err := newProxies(c, 1, 1)
	return cosineSoftmax{c.Name, scale, harder, w, c.NumClasses}, err
}

// newNormalisedSoftmax has no margin and writes the scale as a temperature t:
//
//	L = mean_i -log softmax_j(c_ij / t)_y
//
// Options: temperature (0.05), proxy_deviation (1).
//
// Zhai, Wu, "Classification is a Strong Baseline for Deep Metric Learning", BMVC 2019.
func newNormalisedSoftmax(c Config) (Loss, error) {
	temperature := or(c.Temperature, 0.05)
	if err := positive("temperature", temperature); err != nil {
		return nil, err
	}
	return newCosineSoftmax(c, 1/temperature, nil)
}

// newCosFace takes a margin m off the cosine: f(c) = c - m.
//
// Options: margin (0.35), scale (64), proxy_deviation (1).
//
// Wang et al., "CosFace: Large Margin Cosine Loss for Deep Face Recognition", CVPR 2018.
func newCosFace(c Config) (Loss, error) {
	m := or(c.Margin, 0.35)
	return newCosineSoftmax(c, or(c.Scale, 64), func(cosine *Node) *Node { return AddScalar(cosine, -m) })
}

// newArcFace adds a margin m to the angle: f(cos a) = cos(a + m) while a <= 180 degrees - m; beyond, cos a - m sin m, so that f keeps falling.
// cos(a + m) is cos a cos m - sin a sin m, with no inverse cosine whose derivative would be infinite at the ends.
//
// Options: margin (28.6 degrees), scale (64), proxy_deviation (1).
//
// Deng, Guo, Xue, Zafeiriou, "ArcFace: Additive Angular Margin Loss for Deep Face Recognition", CVPR 2019.
func newArcFace(c Config) (Loss, error) {
	degrees := or(c.Margin, 28.6)
	if !(degrees >= 0 && degrees < 180) {
		return nil, fmt.Errorf("margin is %g degrees; it must lie in [0, 180)", degrees)
	}
	m := degrees * math.Pi / 180
	return newCosineSoftmax(c, or(c.Scale, 64), func(cosine *Node) *Node {
		sine := distance.SafeSqrt(OneMinus(Square(cosine)))
		turned := Sub(MulScalar(cosine, math.Cos(m)), MulScalar(sine, math.Sin(m)))
		beyond := LessThan(cosine, MulScalar(OnesLike(cosine), -math.Cos(m)))
		return Where(beyond, AddScalar(cosine, -m*math.Sin(m)), turned)
	})
}

func (l cosineSoftmax) Name() string     { return l.name }
func (cosineSoftmax) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l cosineSoftmax) Graph(scope *model.Scope, b Batch) Value {
	w := l.proxies.open(scope, b.Embeddings.Graph())
	cosines := distance.Dots(distance.Normalise(b.Embeddings), w) // [B,C]
	own := oneHot(b.Labels, l.classes)
	if l.harder != nil {
		mine := ownClass(cosines, own) // [B,1]
		cosines = Add(cosines, Mul(own, Sub(l.harder(mine), mine)))
	}
	return crossEntropy(MulScalar(cosines, l.scale), own, nil)
}
