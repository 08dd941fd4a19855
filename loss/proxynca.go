package loss

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

func init() {
	register("proxy-nca", "scale denominator proxy_deviation", newProxyNCA)
	register("proxy-nca++", "scale denominator proxy_deviation", newProxyNCA)
}

// proxyNCA is neighbourhood component analysis with a learned proxy w_c a class; samples and proxies scaled to length 1, d the squared distance:
//
//	L = mean_i -log( exp(-scale d(x_i, w_y)) / sum_{c in Z} exp(-scale d(x_i, w_c)) )
//
// proxy-nca (the paper): scale 1 and Z all classes but the sample's own (`denominator: negatives`), so L may fall below 0.
// proxy-nca++: Z all classes (`denominator: all`), scale 9, the temperature of 1/9 that its authors found best.
//
// Options: scale, denominator, proxy_deviation (1). Active: the share of samples whose own proxy is not the closest.
//
// Movshovitz-Attias, Toshev, Leung, Ioffe, Singh, "No Fuss Distance Metric Learning using Proxies", ICCV 2017; Teh, DeVries, Taylor, "ProxyNCA++:
// Revisiting and Revitalizing Proxy Neighborhood Component Analysis", ECCV 2020.
type proxyNCA struct {
	name    string
	scale   float64
	all     bool
	proxies proxies
	classes int
}

func newProxyNCA(c Config) (Loss, error) {
	scale, denominator := 1., "negatives"
	if c.Name == "proxy-nca++" {
		scale, denominator = 9, "all"
	}
	denominator = orName(c.Denominator, denominator)
	if err := oneOf("denominator", denominator, "all", "negatives"); err != nil {
		return nil, err
	}
	l := proxyNCA{name: c.Name, scale: or(c.Scale, scale), all: denominator == "all", classes: c.NumClasses}
	if err := positive("scale", l.scale); err != nil {
		return nil, err
	}
	var err error
	l.proxies, err = newProxies(c, 1, 1)
	return l, err
}

func (l proxyNCA) Name() string     { return l.name }
func (proxyNCA) NeedsUniform() bool { return false }

// Graph implements Loss.
func (l proxyNCA) Graph(scope *model.Scope, b Batch) Value {
	w := l.proxies.open(scope, b.Embeddings.Graph())
	d := distance.Between(distance.Squared, distance.Normalise(b.Embeddings), w) // [B,C]
	own := oneHot(b.Labels, l.classes)
	var rivals *Node
	if !l.all {
		rivals = LogicalNot(GreaterThan(own, ZerosLike(own)))
	}
	return crossEntropy(MulScalar(d, -l.scale), own, rivals)
}
