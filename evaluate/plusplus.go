package evaluate

import (
	"math"
	"sort"
)

// draw picks up to k first centres by k-means++ and leaves each row with the nearest of them; fewer where the rows hold fewer distinct ones.
//
// k-means++ draws one centre at a time and must then visit all rows: k passes of matrix times vector. Here candidates are drawn by the dozen
// from the distribution p before any of them counts; in turn each is kept with chance D2(now) / D2(before), where D2(now) knows the ones kept
// before it. That is rejection sampling of the distribution that k-means++ asks for, since D2 only falls, so the centres are distributed as if
// drawn one by one, and the visits are matrix products.
func (c *clusterer) draw(k int) {
	c.keep([]int{c.rng.IntN(c.n)})
	cumulative := make([]float64, c.n)
	for c.k() < k {
		var total float64
		for i := range c.n {
			total += c.apart(c.half[i], c.half[i], c.nearness[i])
			cumulative[i] = total
		}
		if total == 0 {
			return
		}
		candidates := make([]int, min(c.k(), blockColumns, k-c.k()))
		for m := range candidates {
			u := c.rng.Float64() * total
			candidates[m] = min(c.n-1, sort.Search(c.n, func(i int) bool { return cumulative[i] > u }))
		}
		c.keep(c.reject(candidates))
	}
}

// apart is half the squared distance of two vectors with halved squared lengths a and b; nearness is their product less b. What lies within
// float32's rounding of the products is 0.
func (c *clusterer) apart(a, b, nearness float32) float64 {
	d := float64(a) - float64(nearness)
	if d <= 4e-7*math.Sqrt(float64(c.dim))*(float64(a)+float64(b)) {
		return 0
	}
	return d
}

// reject keeps those candidates that k-means++ would have drawn, in order.
func (c *clusterer) reject(candidates []int) []int {
	m := len(candidates)
	rows := make([]float32, 0, m*c.dim)
	for _, i := range candidates {
		rows = append(rows, c.row(i)...)
	}
	products := make([]float32, m*m)
	dotBlock(rows, pack(&c.scratches[0].packed, rows, c.dim), products, c.dim)
	var kept []int // places among the candidates
	for a, i := range candidates {
		before := c.apart(c.half[i], c.half[i], c.nearness[i])
		now := before
		for _, b := range kept {
			h := c.half[candidates[b]]
			now = min(now, c.apart(c.half[i], h, products[a*m+b]-h))
		}
		if c.rng.Float64()*before < now {
			kept = append(kept, a)
		}
	}
	chosen := make([]int, len(kept))
	for at, a := range kept {
		chosen[at] = candidates[a]
	}
	return chosen
}

// keep makes the rows centres and lets all rows know.
func (c *clusterer) keep(chosen []int) {
	s := subset{}
	for _, i := range chosen {
		s.id = append(s.id, int32(c.k()))
		c.centres = append(c.centres, c.row(i)...)
		c.centreHalf = append(c.centreHalf, c.half[i])
	}
	s.half = c.centreHalf[c.k()-len(chosen):]
	s.centres = c.centres[len(c.centres)-len(chosen)*c.dim:]
	c.nearest(nil, s, func(i int, t two) { c.settle(i, c.current(i).merge(t)) })
}

// current is what row i knows.
func (c *clusterer) current(i int) two {
	if math.IsInf(float64(c.nearness[i]), -1) {
		return none
	}
	return two{c.assignment[i], c.nearness[i], c.bound[i]}
}

// settle gives row i its centre.
func (c *clusterer) settle(i int, t two) {
	c.assignment[i], c.nearness[i], c.bound[i] = t.best, t.first, t.second
}
