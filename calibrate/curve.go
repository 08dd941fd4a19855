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

// fitIsotonic pools adjacent violators (Ayer et al. 1955). Each pool counts one pair of either kind more than it holds, so that no probability is 0 or 1;
// the points lie at the means of the pools.
func fitIsotonic(p pairs) Curve {
	type pool struct{ similarity, same, different float64 } // sums; similarity is weighted
	var pools []pool
	mean := func(q pool) float64 { return q.same / (q.same + q.different) }
	p.each(func(s, same, different float64) {
		pools = append(pools, pool{s * (same + different), same, different})
		for n := len(pools); n > 1 && mean(pools[n-2]) >= mean(pools[n-1]); n = len(pools) {
			a, b := pools[n-2], pools[n-1]
			pools = append(pools[:n-2], pool{a.similarity + b.similarity, a.same + b.same, a.different + b.different})
		}
	})
	one, other := 1/p.same/2, 1/p.different/2
	c := Curve{Form: Isotonic}
	last := 0.0
	for _, q := range pools {
		at := q.similarity / (q.same + q.different)
		v := (q.same + one) / (q.same + one + q.different + other)
		last = math.Max(last, v) // the added pairs may turn two small pools round
		if n := len(c.Points); n > 0 && at <= c.Points[n-1] {
			continue
		}
		c.Points, c.P = append(c.Points, at), append(c.P, last)
	}
	return c
}
