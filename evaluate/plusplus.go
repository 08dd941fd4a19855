package evaluate

import (
	"math"
	"sort"
)

// draw picks up to k first centres and leaves each row with the nearest of them; fewer where the rows hold fewer distinct ones.
func (c *clusterer) draw(k int) {
	if tries := 2 + int(math.Log(float64(k))); float64(c.n)*float64(c.dim)*float64(k)*float64(tries) <= greedyWork {
		c.drawGreedy(k, tries)
		return
	}
	c.drawPlain(k)
}

// greedyWork is how many multiplications the greedy choice of first centres may take: some 20 seconds on two cores. Each centre is another pass over all
// rows, so that tens of thousands of clusters would take longer than all else together.
const greedyWork = 1 << 40

// drawGreedy is k-means++ with several candidates for each centre, of which the one that leaves the least sum of squared distances is taken (Arthur
// and Vassilvitskii's own remark; scikit-learn's rule for their number).
func (c *clusterer) drawGreedy(k, tries int) {
	c.keep([]int{c.rng.IntN(c.n)})
	cumulative := make([]float64, c.n)
	nearness := make([]float32, c.n*tries) // of each row to each candidate
	for c.k() < k {
		if c.spread(cumulative) == 0 {
			return
		}
		best := c.least(c.candidates(cumulative, tries), nearness)
		c.join(best.row, func(i int) float32 { return nearness[i*tries+best.at] })
	}
}

// choice is one of several candidates for a centre.
type choice struct{ at, row int }

// least returns the candidate that as a centre leaves the least sum of squared distances, the first of equal ones, and fills nearness [N, candidates].
func (c *clusterer) least(candidates []int, nearness []float32) choice {
	m := len(candidates)
	rows := make([]float32, 0, m*c.dim)
	for _, i := range candidates {
		rows = append(rows, c.row(i)...)
	}
	p := pack(&c.scratches[0].packed, rows, c.dim)
	jobs := (c.n + blockRows - 1) / blockRows
	sums := make([]float64, jobs*m)
	parallel(c.workers, jobs, func(_, job int) {
		lo, hi := job*blockRows, min((job+1)*blockRows, c.n)
		out := nearness[lo*m : hi*m]
		dotBlock(c.x[lo*c.dim:hi*c.dim], p, out, c.dim)
		for i := lo; i < hi; i++ {
			before := c.apart(c.half[i], c.half[i], c.nearness[i])
			for a, from := range candidates {
				v := &nearness[i*m+a]
				*v -= c.half[from]
				sums[job*m+a] += min(before, c.apart(c.half[i], c.half[from], *v))
			}
		}
	}, nil)
	best, left := choice{}, math.Inf(1)
	for a, row := range candidates {
		var sum float64
		for job := range jobs {
			sum += sums[job*m+a]
		}
		if sum < left {
			best, left = choice{a, row}, sum
		}
	}
	return best
}

// join makes a row a centre; nearness is that of each row to it.
func (c *clusterer) join(row int, nearness func(i int) float32) {
	id := int32(c.k())
	c.centres = append(c.centres, c.row(row)...)
	c.centreHalf = append(c.centreHalf, c.half[row])
	for i := range c.n {
		c.settle(i, c.current(i).merge(two{id, nearness(i), none.second}))
	}
}

// spread fills cumulative with the running sums of the rows' squared distances from the centres so far, and returns their total.
func (c *clusterer) spread(cumulative []float64) float64 {
	var total float64
	for i := range c.n {
		total += c.apart(c.half[i], c.half[i], c.nearness[i])
		cumulative[i] = total
	}
	return total
}

// candidates draws rows, each with a chance in proportion to its squared distance.
func (c *clusterer) candidates(cumulative []float64, count int) []int {
	drawn := make([]int, count)
	for m := range drawn {
		u := c.rng.Float64() * cumulative[c.n-1]
		drawn[m] = min(c.n-1, sort.Search(c.n, func(i int) bool { return cumulative[i] > u }))
	}
	return drawn
}

// drawPlain is k-means++ with one candidate for each centre.
//
// It draws one centre at a time and would then visit all rows: k passes of matrix times vector. Here candidates are drawn by the dozen
// from the distribution p before any of them counts; in turn each is kept with chance D2(now) / D2(before), where D2(now) knows the ones kept
// before it. That is rejection sampling of the distribution that k-means++ asks for, since D2 only falls, so the centres are distributed as if
// drawn one by one, and the visits are matrix products.
func (c *clusterer) drawPlain(k int) {
	c.keep([]int{c.rng.IntN(c.n)})
	cumulative := make([]float64, c.n)
	for c.k() < k {
		if c.spread(cumulative) == 0 {
			return
		}
		c.keep(c.reject(c.candidates(cumulative, min(c.k(), blockColumns, k-c.k()))))
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
