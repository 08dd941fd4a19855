package loss

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dvml/dvml/distance"
)

// reference is a batch in float64, on which each loss's formula is written out once more, loop by loop. Its classes have 1 to 5 samples, out of
// order, so that nothing passes by symmetry.
type reference struct {
	x       [][]float64
	frozen  [][]float64 // x where it is a constant for the gradient
	labels  []int32
	proxies [][]float64
	uniform [][]float64
	classes int
}

func newReference() reference {
	rng := rand.New(rand.NewPCG(11, 4))
	r := reference{labels: []int32{2, 0, 2, 1, 4, 2, 0, 1, 2, 4, 3, 2, 4}, classes: 6}
	draw := func(rows, columns int, next func() float64) [][]float64 {
		m := make([][]float64, rows)
		for i := range m {
			m[i] = make([]float64, columns)
			for j := range m[i] {
				m[i][j] = float64(float32(next()))
			}
		}
		return m
	}
	r.x = draw(len(r.labels), 5, rng.NormFloat64)
	r.proxies = draw(3*r.classes, 5, rng.NormFloat64)
	r.uniform = draw(len(r.labels), len(r.labels), rng.Float64)
	centres := draw(r.classes, 5, rng.NormFloat64)
	for i, y := range r.labels {
		for j := range r.x[i] {
			r.x[i][j] = float64(float32(0.6*r.x[i][j] + 0.7*centres[y][j]))
		}
	}
	r.frozen = r.x
	return r
}

func dot(a, b []float64) float64 {
	s := 0.
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}

func unit(a []float64) []float64 {
	n := math.Sqrt(dot(a, a))
	u := make([]float64, len(a))
	for i := range a {
		u[i] = a[i] / n
	}
	return u
}

func units(rows [][]float64) [][]float64 {
	u := make([][]float64, len(rows))
	for i := range rows {
		u[i] = unit(rows[i])
	}
	return u
}

func cosine(a, b []float64) float64 { return dot(unit(a), unit(b)) }

func apart(kind distance.Kind, a, b []float64) float64 {
	if kind == distance.Cosine {
		return 1 - cosine(a, b)
	}
	s := 0.
	for i := range a {
		s += (a[i] - b[i]) * (a[i] - b[i])
	}
	if kind == distance.Squared {
		return s
	}
	return math.Sqrt(s)
}

func (r reference) same(i, j int) bool  { return i != j && r.labels[i] == r.labels[j] }
func (r reference) other(i, j int) bool { return r.labels[i] != r.labels[j] }

// among is f at each j for which is(i, j) holds.
func (r reference) among(i int, is func(i, j int) bool, f func(j int) float64) []float64 {
	var out []float64
	for j := range r.labels {
		if is(i, j) {
			out = append(out, f(j))
		}
	}
	return out
}

// average keeps a sum and how many went in.
type average struct{ sum, n float64 }

func (a *average) add(v float64) { a.sum, a.n = a.sum+v, a.n+1 }
func (a *average) above(v float64) { // counts only terms above 0
	if v > 0 {
		a.add(v)
	}
}
func (a average) mean() float64 {
	if a.n == 0 {
		return 0
	}
	return a.sum / a.n
}

func total(terms []float64, f func(float64) float64) float64 {
	s := 0.
	for _, t := range terms {
		s += f(t)
	}
	return s
}

// tripletBy averages max(0, m + d_ap - d_an) over picked triplets, those above 0 alone.
func tripletBy(r reference, kind distance.Kind, normalise bool, m float64, picked func(d [][]float64, a, p, n int) bool) float64 {
	x := r.x
	if normalise {
		x = units(x)
	}
	d, u := matrix(kind, x), matrix(distance.Euclidean, units(r.x))
	var out average
	for a := range x {
		for p := range x {
			for n := range x {
				if r.same(a, p) && r.other(a, n) && picked(u, a, p, n) {
					out.above(m + d[a][p] - d[a][n])
				}
			}
		}
	}
	return out.mean()
}

func matrix(kind distance.Kind, x [][]float64) [][]float64 {
	d := make([][]float64, len(x))
	for i := range x {
		d[i] = make([]float64, len(x))
		for j := range x {
			d[i][j] = apart(kind, x[i], x[j])
		}
	}
	return d
}

func tripletSemiHard(r reference, kind distance.Kind, m float64) float64 {
	var out average
	for a := range r.x {
		negatives := r.among(a, r.other, func(n int) float64 { return apart(kind, r.x[a], r.x[n]) })
		for _, near := range r.among(a, r.same, func(p int) float64 { return apart(kind, r.x[a], r.x[p]) }) {
			chosen := math.Inf(1)
			for _, d := range negatives {
				if d > near {
					chosen = min(chosen, d)
				}
			}
			if math.IsInf(chosen, 1) {
				chosen = slices.Max(negatives)
			}
			out.add(max(0, m+near-chosen))
		}
	}
	return out.mean()
}

func tripletHard(r reference, kind distance.Kind, m float64) float64 {
	var out average
	for a := range r.x {
		positives := r.among(a, r.same, func(p int) float64 { return apart(kind, r.x[a], r.x[p]) })
		negatives := r.among(a, r.other, func(n int) float64 { return apart(kind, r.x[a], r.x[n]) })
		if len(positives) > 0 {
			out.add(max(0, m+slices.Max(positives)-slices.Min(negatives)))
		}
	}
	return out.mean()
}

func contrastiveBy(r reference, d func(i, j int) float64, pos, neg float64, counts func(i, j int) bool) float64 {
	var pull, push average
	for i := range r.x {
		for j := range r.x {
			switch {
			case r.same(i, j) && counts(i, j):
				pull.above(d(i, j) - pos)
			case r.other(i, j) && counts(i, j):
				push.above(neg - d(i, j))
			}
		}
	}
	return pull.mean() + push.mean()
}

func everyPair(int, int) bool { return true }

// similar picks pairs as the multi-similarity miner does.
func similar(r reference, epsilon float64) func(i, j int) bool {
	return func(i, j int) bool {
		s := func(k int) float64 { return cosine(r.frozen[i], r.frozen[k]) }
		positives, negatives := r.among(i, r.same, s), r.among(i, r.other, s)
		if r.same(i, j) {
			return s(j)-epsilon < slices.Max(negatives)
		}
		return len(positives) > 0 && s(j)+epsilon > slices.Min(positives)
	}
}

func noise(a, b []float64) float64 {
	variance := func(v []float64) float64 {
		m, s := 0., 0.
		for _, x := range v {
			m += x / float64(len(v))
		}
		for _, x := range v {
			s += (x - m) * (x - m)
		}
		return s
	}
	diff := make([]float64, len(a))
	for i := range a {
		diff[i] = a[i] - b[i]
	}
	return variance(diff) / variance(a)
}

func nPairBy(r reference, x [][]float64, reg float64) float64 {
	var anchors, positives []int
	for y := range r.classes {
		var of []int
		for i := range x {
			if int(r.labels[i]) == y {
				of = append(of, i)
			}
		}
		if len(of) > 1 {
			anchors, positives = append(anchors, of[0]), append(positives, of[1])
		}
	}
	var out, norms average
	for i, a := range anchors {
		s := 1.
		for j, p := range positives {
			if j != i {
				s += math.Exp(dot(x[a], x[p]) - dot(x[a], x[positives[i]]))
			}
		}
		out.add(math.Log(s))
		norms.add(dot(x[a], x[a]))
		norms.add(dot(x[positives[i]], x[positives[i]]))
	}
	return out.mean() + reg*norms.mean()
}

func liftedBy(r reference, m float64) float64 {
	x := units(r.x)
	d := matrix(distance.Euclidean, x)
	var out average
	for i := range x {
		for j := range x {
			if r.same(i, j) {
				s := total(r.among(i, r.other, func(k int) float64 { return m - d[i][k] }), math.Exp) +
					total(r.among(j, r.other, func(k int) float64 { return m - d[j][k] }), math.Exp)
				J := max(0, math.Log(s)+d[i][j])
				out.add(J * J / 2)
			}
		}
	}
	return out.mean()
}

func angularBy(r reference, alpha float64, x [][]float64) float64 {
	t := math.Pow(math.Tan(alpha*math.Pi/180), 2)
	var out average
	for a := range x {
		for p := range x {
			if r.same(a, p) {
				terms := r.among(a, r.other, func(n int) float64 {
					return 4*t*(dot(x[a], x[n])+dot(x[p], x[n])) - 2*(1+t)*dot(x[a], x[p])
				})
				out.add(math.Log(1 + total(terms, math.Exp)))
			}
		}
	}
	return out.mean()
}

// marginBy is the margin loss over triplets, each pair counted in each.
func marginBy(r reference, beta func(y int32) float64, alpha, nu float64, picked func(a, p, n int) bool) float64 {
	d := matrix(distance.Euclidean, units(r.x))
	var terms average
	regular := 0.
	for a := range r.x {
		for p := range r.x {
			for n := range r.x {
				if r.same(a, p) && r.other(a, n) && picked(a, p, n) {
					b := beta(r.labels[a])
					terms.above(alpha + d[a][p] - b)
					terms.above(alpha + b - d[a][n])
					regular += nu * b
				}
			}
		}
	}
	return terms.mean() + regular/terms.n
}

// drawn picks triplets as the distance-weighted miner does.
func drawn(r reference, cutoff, farthest float64) func(a, p, n int) bool {
	d, dim := matrix(distance.Euclidean, units(r.frozen)), float64(len(r.x[0]))
	return func(a, p, n int) bool {
		weights, sum := make([]float64, len(d)), 0.
		for k := range d {
			if c := max(d[a][k], cutoff); r.other(a, k) && d[a][k] < farthest {
				weights[k] = 1 / (math.Pow(c, dim-2) * math.Pow(1-c*c/4, (dim-3)/2))
				sum += weights[k]
			}
		}
		if sum == 0 {
			for k := range d {
				if r.other(a, k) {
					weights[k], sum = 1, sum+1
				}
			}
		}
		aim, upTo := r.uniform[a][p]*sum, 0.
		for k, w := range weights {
			if upTo += w; upTo > aim {
				return k == n
			}
		}
		return false
	}
}

func multiSimilarityBy(r reference, s func(i, j int) float64, alpha, beta, base float64) float64 {
	var out average
	for i := range r.x {
		pull := total(r.among(i, r.same, func(j int) float64 { return -alpha * (s(i, j) - base) }), math.Exp)
		push := total(r.among(i, r.other, func(j int) float64 { return beta * (s(i, j) - base) }), math.Exp)
		out.add(math.Log(1+pull)/alpha + math.Log(1+push)/beta)
	}
	return out.mean()
}

func circleBy(r reference, m, gamma float64) float64 {
	var out average
	for i := range r.x {
		pull := total(r.among(i, r.same, func(j int) float64 {
			return -gamma * max(0, 1+m-cosine(r.frozen[i], r.frozen[j])) * (cosine(r.x[i], r.x[j]) - 1 + m)
		}), math.Exp)
		push := total(r.among(i, r.other, func(j int) float64 {
			return gamma * max(0, m+cosine(r.frozen[i], r.frozen[j])) * (cosine(r.x[i], r.x[j]) - m)
		}), math.Exp)
		if pull > 0 {
			out.above(math.Log(1 + pull*push))
		}
	}
	return out.mean()
}

func supConBy(r reference, t float64) float64 {
	var out average
	for i := range r.x {
		s := func(j int) float64 { return cosine(r.x[i], r.x[j]) / t }
		all := total(r.among(i, func(i, j int) bool { return i != j }, s), math.Exp)
		if positives := r.among(i, r.same, s); len(positives) > 0 {
			out.add(-total(positives, func(s float64) float64 { return s - math.Log(all) }) / float64(len(positives)))
		}
	}
	return out.mean()
}

func ntXentBy(r reference, t float64) float64 {
	var out average
	for i := range r.x {
		s := func(j int) float64 { return cosine(r.x[i], r.x[j]) / t }
		others := total(r.among(i, r.other, s), math.Exp)
		for _, own := range r.among(i, r.same, s) {
			out.add(-math.Log(math.Exp(own) / (math.Exp(own) + others)))
		}
	}
	return out.mean()
}

func fastAPBy(r reference, bins int) float64 {
	width := 4 / float64(bins)
	var out average
	for i := range r.x {
		ap, good, all := 0., 0., 0.
		fall := func(l int) func(j int) float64 {
			return func(j int) float64 {
				return max(0, 1-math.Abs(apart(distance.Squared, unit(r.x[i]), unit(r.x[j]))-float64(l)*width)/width)
			}
		}
		id := func(v float64) float64 { return v }
		for l := range bins + 1 {
			h, o := total(r.among(i, r.same, fall(l)), id), total(r.among(i, r.other, fall(l)), id)
			good, all = good+h, all+h+o
			if all > 0 {
				ap += h * good / all
			}
		}
		if n := len(r.among(i, r.same, fall(0))); n > 0 {
			out.add(1 - ap/float64(n))
		}
	}
	return out.mean()
}

// softmaxBy is the mean of -log( exp(f(own)) / sum over classes ), logit(i, c) given; own false leaves the own class out of the sum.
func softmaxBy(r reference, logit func(i, c int) float64, own bool) float64 {
	var out average
	for i, y := range r.labels {
		s := 0.
		for c := range r.classes {
			if own || c != int(y) {
				s += math.Exp(logit(i, c))
			}
		}
		out.add(math.Log(s) - logit(i, int(y)))
	}
	return out.mean()
}

func proxyAnchorBy(r reference, m, alpha float64) float64 {
	var pull, push average
	for c := range r.classes {
		of, rest := 0., 0.
		for i, y := range r.labels {
			s := cosine(r.x[i], r.proxies[c])
			if int(y) == c {
				of += math.Exp(-alpha * (s - m))
			} else {
				rest += math.Exp(alpha * (s + m))
			}
		}
		if of > 0 {
			pull.add(math.Log(1 + of))
		}
		push.add(math.Log(1 + rest))
	}
	return pull.mean() + push.mean()
}

func softTripleBy(r reference, k int, scale, gamma, margin, tau float64) float64 {
	similarity := func(i, c int) float64 {
		weights, s := 0., 0.
		for j := range k {
			w := cosine(r.x[i], r.proxies[c*k+j])
			weights += math.Exp(w / gamma)
			s += math.Exp(w/gamma) * w
		}
		if int(r.labels[i]) == c {
			return scale * (s/weights - margin)
		}
		return scale * s / weights
	}
	spread := 0.
	for c := range r.classes {
		for s := range k {
			for t := range s {
				spread += apart(distance.Euclidean, unit(r.proxies[c*k+s]), unit(r.proxies[c*k+t]))
			}
		}
	}
	return softmaxBy(r, similarity, true) + tau*spread/float64(r.classes*k*(k-1))
}

// potentialFieldBy is the energy of samples and proxies in each other's fields.
func potentialFieldBy(r reference, centres int, delta, alpha float64) float64 {
	points, labels := units(r.x), slices.Clone(r.labels)
	for k, w := range units(r.proxies[:r.classes*centres]) {
		points, labels = append(points, w), append(labels, int32(k/centres))
	}
	energy := 0.
	for i := range points {
		for j := range points {
			d := apart(distance.Euclidean, points[i], points[j])
			switch {
			case labels[i] != labels[j]:
				energy += math.Pow(delta/max(d, delta/2), alpha)
			case i != j:
				energy -= math.Pow(delta/max(d, delta), alpha)
			}
		}
	}
	return energy / float64(len(points))
}
