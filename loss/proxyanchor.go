package loss

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("proxy-anchor", "margin alpha proxy_deviation", newProxyAnchor)
}

// proxyAnchor makes each proxy the anchor of the whole batch (s the cosine of sample and proxy, C+ the classes in the batch, C all):
//
//	L = 1/|C+| sum_{c in C+} log(1 + sum_{i of c} exp(-alpha (s_ic - m))) + 1/|C| sum_{c in C} log(1 + sum_{i not of c} exp(alpha (s_ic + m)))
//
// Options: margin m (0.1), alpha (32), proxy_deviation (sqrt(2 / classes)). Active: the share of samples whose own proxy is not the most similar.
//
// Kim, Kim, Cho, Kwak, "Proxy Anchor Loss for Deep Metric Learning", CVPR 2020.
type proxyAnchor struct {
	margin, alpha float64
	proxies       proxies
	classes       int
}

func newProxyAnchor(c Config) (Loss, error) {
	l := proxyAnchor{margin: or(c.Margin, 0.1), alpha: or(c.Alpha, 32), classes: c.NumClasses}
	if err := positive("alpha", l.alpha); err != nil {
		return nil, err
	}
	var err error
	l.proxies, err = newProxies(c, 1, math.Sqrt(2/max(1, float64(c.NumClasses))))
	return l, err
}

func (proxyAnchor) Name() string       { return "proxy-anchor" }
func (proxyAnchor) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l proxyAnchor) Graph(scope *model.Scope, b Batch) Value {
	w := l.proxies.open(scope, b.Embeddings.Graph())
	x := distance.Normalise(b.Embeddings)
	s := distance.Dots(w, x) // [C,B]
	own := oneHot(b.Labels, l.classes)
	of := GreaterThan(Transpose(own, 0, 1), ZerosLike(s)) // [C,B]
	pull := logSumExp(MulScalar(AddScalar(s, -l.margin), -l.alpha), of, true)
	push := logSumExp(MulScalar(AddScalar(s, l.margin), l.alpha), LogicalNot(of), true)
	present := count(distance.Any(of))

	bySample := Transpose(s, 0, 1) // [B,C]
	return Value{
		Loss:   Add(Add(share(ReduceAllSum(pull), present), ReduceAllMean(push)), strangers(bySample, own)),
		Active: misplaced(bySample, own),
	}
}
