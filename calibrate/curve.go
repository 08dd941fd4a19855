package calibrate

import (
	"math"
	"sort"
)

// Forms of a curve.
const (
	Logistic = "logistic"
	Isotonic = "isotonic"
)

var forms = []string{Logistic, Isotonic}

// Curve gives the probability that two photographs of a similarity show the same thing.
type Curve struct {
	Form   string    `json:"form"`
	Slope  float64   `json:"slope,omitempty"` // Logistic: the log odds are Slope * similarity + Offset
	Offset float64   `json:"offset,omitempty"`
	Points []float64 `json:"similarity,omitempty"`  // Isotonic: points, ascending, with straight lines between them
	P      []float64 `json:"probability,omitempty"` // at the points
}

// At is P(same) where same and different are equally likely beforehand.
func (c Curve) At(similarity float64) float64 {
	if c.Form == Logistic {
		return 1 / (1 + math.Exp(-(c.Slope*similarity + c.Offset)))
	}
	n := len(c.Points)
	if n == 0 {
		return 0.5
	}
	at := sort.SearchFloat64s(c.Points, similarity)
	switch {
	case at == 0:
		return c.P[0]
	case at == n:
		return c.P[n-1]
	}
	x0, x1 := c.Points[at-1], c.Points[at]
	return c.P[at-1] + (similarity-x0)/(x1-x0)*(c.P[at]-c.P[at-1])
}

// Prior is P(same) where a share of pairs is the same beforehand: 1/2 for two photographs that someone holds side by side, Calibration.Share for pairs
// of a collection like the held-out one.
func (c Curve) Prior(similarity, share float64) float64 {
	p := c.At(similarity)
	same, different := p*share, (1-p)*(1-share)
	return same / (same + different)
}

// Least is a similarity, -1 to 1, below which none has probability p or more (see At). It is at most 1e-9 too low.
func (c Curve) Least(p float64) float64 { return c.least(p, c.At) }

// least is Least for a probability that rises where At does.
func (c Curve) least(p float64, probability func(similarity float64) float64) float64 {
	if c.Form == Logistic && c.Slope < 0 {
		return -1
	}
	low, high := -1.0, 1.0
	for high-low > 1e-9 {
		if middle := (low + high) / 2; probability(middle) >= p {
			high = middle
		} else {
			low = middle
		}
	}
	return low
}

func fit(form string, p pairs) Curve {
	if form == Logistic {
		return fitLogistic(p)
	}
	return fitIsotonic(p)
}

// fitLogistic is Newton's method on the log loss, with a touch of ridge so that classes that are apart give finite slopes.
func fitLogistic(p pairs) Curve {
	const ridge = 1e-6
	c := Curve{Form: Logistic, Slope: 1}
	for range 100 {
		var ga, gb, haa, hab, hbb float64
		p.each(func(s, same, different float64) {
			q := c.At(s)
			g, w := q*(same+different)-same, q*(1-q)*(same+different)
			ga, gb = ga+g*s, gb+g
			haa, hab, hbb = haa+w*s*s, hab+w*s, hbb+w
		})
		ga += ridge * c.Slope
		haa, hbb = haa+ridge, hbb+1e-12
		det := haa*hbb - hab*hab
		da, db := (hbb*ga-hab*gb)/det, (haa*gb-hab*ga)/det
		if step := math.Max(math.Abs(da), math.Abs(db)); step > 10 { // far off the quadratic's reach
			da, db = da*10/step, db*10/step
		}
		c.Slope, c.Offset = c.Slope-da, c.Offset-db
		if math.Abs(da)+math.Abs(db) < 1e-9 {
			break
		}
	}
	return c
}

// pool is a range of similarities: sums over its pairs.
type pool struct{ similarity, same, different float64 } // similarity is weighted

func (q pool) weight() float64 { return q.same + q.different }
func (q pool) mean() float64   { return q.same / q.weight() }
func (q pool) add(o pool) pool {
	return pool{q.similarity + o.similarity, q.same + o.same, q.different + o.different}
}

// ranges gathers bins, from the least similar on, into pools of at least some weight each: a few stray pairs at the ends say nothing by themselves.
func ranges(p pairs, least float64) (pools []pool) {
	var open pool
	p.each(func(s, same, different float64) {
		open = open.add(pool{s * (same + different), same, different})
		if open.weight() >= least {
			pools, open = append(pools, open), pool{}
		}
	})
	if n := len(pools); n > 0 {
		pools[n-1] = pools[n-1].add(open)
		return pools
	}
	return []pool{open}
}

// fitIsotonic pools adjacent violators (Ayer et al. 1955) among ranges that hold 1/500 of all pairs, or ten of the rarer kind where that is more. Each pool
// counts one pair of either kind more than it holds, so that no probability is 0 or 1; the points lie at the means of the pools.
func fitIsotonic(p pairs) Curve {
	one := 1 / math.Min(p.same, p.different) / 2
	var pools []pool
	for _, q := range ranges(p, math.Max(1./500, 10*one)) {
		pools = append(pools, q)
		for n := len(pools); n > 1 && pools[n-2].mean() >= pools[n-1].mean(); n = len(pools) {
			pools = append(pools[:n-2], pools[n-2].add(pools[n-1]))
		}
	}
	c := Curve{Form: Isotonic}
	last := 0.0
	for _, q := range pools {
		last = math.Max(last, (q.same+one)/(q.weight()+2*one)) // the added pairs may turn two small pools round
		c.Points, c.P = append(c.Points, q.similarity/q.weight()), append(c.P, last)
	}
	return c
}
