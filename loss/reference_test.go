package loss

import (
	"math"
	"slices"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/mine"
)

// references lists configurations beside their written-out formulas.
var references = []struct {
	name string
	cfg  Config
	rows int // proxies
	by   func(r reference) float64
}{
	{"triplet", Config{Name: "triplet"}, 0, func(r reference) float64 { return tripletSemiHard(r, distance.Squared, 1) }},
	{"triplet of Euclidean distances", Config{Name: "triplet", Distance: "euclidean", Margin: new(0.4)}, 0, func(r reference) float64 {
		return tripletSemiHard(r, distance.Euclidean, 0.4)
	}},
	{"triplet of cosines", Config{Name: "triplet", Distance: "cosine", Margin: new(0.4)}, 0, func(r reference) float64 {
		return tripletSemiHard(r, distance.Cosine, 0.4)
	}},
	{"triplet normalised, K known", Config{Name: "triplet", Normalise: new(true), Margin: new(0.4), PerClass: 5}, 0, func(r reference) float64 {
		r.x = units(r.x)
		return tripletSemiHard(r, distance.Squared, 0.4)
	}},
	{"triplet hard", Config{Name: "triplet", Mining: "hard"}, 0, func(r reference) float64 { return tripletHard(r, distance.Squared, 1) }},
	{"triplet all", Config{Name: "triplet", Mining: "all", PerClass: 6}, 0, func(r reference) float64 {
		return tripletBy(r, distance.Squared, false, 1, func([][]float64, int, int, int) bool { return true })
	}},
	{"triplet, hard miner", Config{Name: "triplet", Miner: &mine.Config{Name: "hard"}}, 0, func(r reference) float64 {
		return tripletBy(r, distance.Squared, false, 1, func(d [][]float64, a, p, n int) bool { return d[a][n] <= d[a][p] })
	}},
	{"triplet, semi-hard miner", Config{Name: "triplet", Distance: "euclidean", PerClass: 5, Miner: &mine.Config{Name: "semi-hard"}}, 0, func(r reference) float64 {
		return tripletBy(r, distance.Euclidean, false, 1, func(d [][]float64, a, p, n int) bool { return d[a][n] > d[a][p] && d[a][n] <= d[a][p]+0.2 })
	}},
	{"triplet, easy-positive miner", Config{Name: "triplet", PerClass: 5, Miner: &mine.Config{Name: "easy-positive", Negatives: "hard"}}, 0, func(r reference) float64 {
		return tripletBy(r, distance.Squared, false, 1, func(d [][]float64, a, p, n int) bool {
			return d[a][p] == slices.Min(r.among(a, r.same, func(j int) float64 { return d[a][j] })) &&
				d[a][n] == slices.Min(r.among(a, r.other, func(j int) float64 { return d[a][j] }))
		})
	}},
	{"triplet, distance-weighted miner", Config{Name: "triplet", Distance: "euclidean", Miner: &mine.Config{Name: "distance-weighted"}}, 0, func(r reference) float64 {
		pick := drawn(r, 0.5, 1.4)
		return tripletBy(r, distance.Euclidean, false, 1, func(_ [][]float64, a, p, n int) bool { return pick(a, p, n) })
	}},
	{"n-pair", Config{Name: "n-pair"}, 0, func(r reference) float64 { return nPairBy(r, r.x, 0.02) }},
	{"n-pair normalised", Config{Name: "n-pair", Normalise: new(true)}, 0, func(r reference) float64 { return nPairBy(r, units(r.x), 0) }},
	{"contrastive", Config{Name: "contrastive", Normalise: new(false), PositiveMargin: new(0.3), NegativeMargin: new(2.)}, 0, func(r reference) float64 {
		return contrastiveBy(r, func(i, j int) float64 { return apart(distance.Euclidean, r.x[i], r.x[j]) }, 0.3, 2, everyPair)
	}},
	{"contrastive of cosines, mined", Config{Name: "contrastive", Distance: "cosine", Miner: &mine.Config{Name: "multi-similarity"}}, 0, func(r reference) float64 {
		return contrastiveBy(r, func(i, j int) float64 { return apart(distance.Cosine, r.x[i], r.x[j]) }, 0, 1, similar(r, 0.1))
	}},
	{"signal-to-noise", Config{Name: "signal-to-noise", Normalise: new(false)}, 0, func(r reference) float64 {
		return contrastiveBy(r, func(i, j int) float64 { return noise(r.x[i], r.x[j]) }, 0, 1, everyPair)
	}},
	{"lifted-structure", Config{Name: "lifted-structure", NegativeMargin: new(0.5)}, 0, func(r reference) float64 { return liftedBy(r, 0.5) }},
	{"generalised-lifted", Config{Name: "generalised-lifted", Distance: "squared"}, 0, func(r reference) float64 {
		x := units(r.x)
		var out average
		for i := range x {
			pull := total(r.among(i, r.same, func(j int) float64 { return apart(distance.Squared, x[i], x[j]) }), math.Exp)
			push := total(r.among(i, r.other, func(j int) float64 { return 1 - apart(distance.Squared, x[i], x[j]) }), math.Exp)
			if pull > 0 {
				out.add(max(0, math.Log(pull)+math.Log(push)))
			}
		}
		return out.mean()
	}},
	{"angular", Config{Name: "angular"}, 0, func(r reference) float64 { return angularBy(r, 40, units(r.x)) }},
	{"angular, not normalised", Config{Name: "angular", Alpha: new(30.), Normalise: new(false)}, 0, func(r reference) float64 { return angularBy(r, 30, r.x) }},
	{"margin", Config{Name: "margin"}, 0, func(r reference) float64 {
		return marginBy(r, func(int32) float64 { return 1.2 }, 0.2, 0, func(a, p, n int) bool { return true })
	}},
	{"margin, distance-weighted miner", Config{Name: "margin", PerClass: 5, Beta: new(1.), Miner: &mine.Config{Name: "distance-weighted"}}, 0, func(r reference) float64 {
		return marginBy(r, func(int32) float64 { return 1 }, 0.2, 0, drawn(r, 0.5, 1.4))
	}},
	{"margin per class", Config{Name: "margin", LearnBeta: "per-class", Regulariser: new(0.1)}, 0, func(r reference) float64 {
		return marginBy(r, func(int32) float64 { return 1.2 }, 0.2, 0.1, func(a, p, n int) bool { return true })
	}},
	{"multi-similarity", Config{Name: "multi-similarity", Alpha: new(3.), Beta: new(20.), Base: new(0.3)}, 0, func(r reference) float64 {
		return multiSimilarityBy(r, func(i, j int) float64 { return cosine(r.x[i], r.x[j]) }, 3, 20, 0.3)
	}},
	{"multi-similarity of dot products", Config{Name: "multi-similarity", Normalise: new(false), Beta: new(10.)}, 0, func(r reference) float64 {
		return multiSimilarityBy(r, func(i, j int) float64 { return dot(r.x[i], r.x[j]) }, 2, 10, 0.5)
	}},
	{"circle", Config{Name: "circle", Gamma: new(10.)}, 0, func(r reference) float64 { return circleBy(r, 0.4, 10) }},
	{"supcon", Config{Name: "supcon"}, 0, func(r reference) float64 { return supConBy(r, 0.1) }},
	{"nt-xent", Config{Name: "nt-xent", Temperature: new(0.5)}, 0, func(r reference) float64 { return ntXentBy(r, 0.5) }},
	{"fastap", Config{Name: "fastap", Bins: 7}, 0, func(r reference) float64 { return fastAPBy(r, 7) }},
	{"proxy-nca", Config{Name: "proxy-nca"}, 1, func(r reference) float64 {
		return softmaxBy(r, func(i, c int) float64 { return -apart(distance.Squared, unit(r.x[i]), unit(r.proxies[c])) }, false)
	}},
	{"proxy-nca++", Config{Name: "proxy-nca++"}, 1, func(r reference) float64 {
		return softmaxBy(r, func(i, c int) float64 { return -9 * apart(distance.Squared, unit(r.x[i]), unit(r.proxies[c])) }, true)
	}},
	{"proxy-anchor", Config{Name: "proxy-anchor", Alpha: new(8.)}, 1, func(r reference) float64 { return proxyAnchorBy(r, 0.1, 8) }},
	{"soft-triple", Config{Name: "soft-triple", Centres: 3}, 3, func(r reference) float64 { return softTripleBy(r, 3, 20, 0.1, 0.01, 0.2) }},
	{"potential-field", Config{Name: "potential-field", Centres: 3, Margin: new(0.9), Alpha: new(3.)}, 3, func(r reference) float64 { return potentialFieldBy(r, 3, 0.9, 3) }},
	{"normalised-softmax", Config{Name: "normalised-softmax"}, 1, func(r reference) float64 {
		return softmaxBy(r, func(i, c int) float64 { return cosine(r.x[i], r.proxies[c]) / 0.05 }, true)
	}},
	{"cosface", Config{Name: "cosface", Scale: new(16.)}, 1, func(r reference) float64 {
		return softmaxBy(r, func(i, c int) float64 {
			if int(r.labels[i]) == c {
				return 16 * (cosine(r.x[i], r.proxies[c]) - 0.35)
			}
			return 16 * cosine(r.x[i], r.proxies[c])
		}, true)
	}},
	{"arcface", Config{Name: "arcface", Scale: new(16.), Margin: new(60.)}, 1, func(r reference) float64 {
		return softmaxBy(r, func(i, c int) float64 {
			a := math.Acos(cosine(r.x[i], r.proxies[c]))
			switch {
			case int(r.labels[i]) != c:
				return 16 * math.Cos(a)
			case a > math.Pi*2/3:
				return 16 * (math.Cos(a) - math.Pi/3*math.Sin(math.Pi/3))
			}
			return 16 * math.Cos(a+math.Pi/3)
		}, true)
	}},
}

// TestReference holds every loss, value and gradient (central differences in float64), for the embeddings and the proxies, to its written-out formula.
func TestReference(t *testing.T) {
	covered := map[string]bool{}
	for _, test := range references {
		covered[test.cfg.Name] = true
		if HasProxies(test.cfg.Name) != (test.rows > 0) {
			t.Errorf("HasProxies(%q) is %t", test.cfg.Name, test.rows == 0)
		}
		t.Run(test.name, func(t *testing.T) {
			r := newReference()
			r.proxies = r.proxies[:test.rows*r.classes]
			cfg := test.cfg
			cfg.NumClasses, cfg.Dim = r.classes, len(r.x[0])
			value := test.by(r)
			got, learned := gradeProxies(t, cfg, r)
			agree(t, got, value, differences(&r.x, func() float64 { return test.by(r) }), 1e-4)
			if test.rows > 0 {
				got.gradient = learned
				agree(t, got, value, differences(&r.proxies, func() float64 { return test.by(r) }), 1e-4)
			}
		})
	}
	for _, name := range Names() {
		if !covered[name] {
			t.Errorf("no reference for %s", name)
		}
	}
}

// differences is the gradient of f for the matrix that it reads, by central differences.
func differences(m *[][]float64, f func() float64) [][]float64 {
	const step = 1e-5
	original := *m
	x := make([][]float64, len(original))
	for i := range x {
		x[i] = slices.Clone(original[i])
	}
	*m = x
	defer func() { *m = original }()
	gradient := make([][]float64, len(x))
	for i := range x {
		gradient[i] = make([]float64, len(x[i]))
		for j, centre := range x[i] {
			x[i][j] = centre + step
			up := f()
			x[i][j] = centre - step
			gradient[i][j] = (up - f()) / (2 * step)
			x[i][j] = centre
		}
	}
	return gradient
}

func single(m [][]float64) [][]float32 {
	out := make([][]float32, len(m))
	for i := range m {
		out[i] = make([]float32, len(m[i]))
		for j, v := range m[i] {
			out[i][j] = float32(v)
		}
	}
	return out
}

// gradeProxies computes a loss on a reference batch, and its gradient for the proxies where there are any.
func gradeProxies(t *testing.T, cfg Config, r reference) (graded, [][]float32) {
	t.Helper()
	l, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	defer store.Finalize()
	if len(r.proxies) > 0 {
		store.RootScope().At("loss").VariableWithValue("proxies", single(r.proxies))
	}
	return gradeWith(t, l, store, single(r.x), r.labels, single(r.uniform), "proxies")
}
