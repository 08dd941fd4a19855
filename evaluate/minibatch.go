package evaluate

// miniBatches moves centres after each batch of rows: a centre that has seen v rows goes 1/v of the way to the next. It ends when a pass over
// the data is not 0.1 % better than the one before; then all rows go to their nearest centre.
func (c *clusterer) miniBatches(size, iterations int, pass func(done int)) {
	seen := make([]float64, c.k())
	order := make([]int32, c.n)
	for i := range order {
		order[i] = int32(i)
	}
	before := 0.0
	for c.passes = 0; c.passes < iterations; c.passes++ {
		c.rng.Shuffle(c.n, func(a, b int) { order[a], order[b] = order[b], order[a] })
		var inertia float64
		for lo := 0; lo < c.n; lo += size {
			batch := order[lo:min(lo+size, c.n)]
			c.nearest(batch, c.subset(nil, true), func(i int, t two) { c.settle(i, t) })
			for _, i := range batch {
				j := c.assignment[i]
				inertia += max(0, float64(c.half[i])-float64(c.nearness[i]))
				seen[j]++
				rate := float32(1 / seen[j])
				centre := c.centre(int(j))
				for d, v := range c.row(int(i)) {
					centre[d] += rate * (v - centre[d])
				}
			}
			for _, i := range batch {
				j := int(c.assignment[i])
				c.centreHalf[j] = float32(squaredNorm(c.centre(j)) / 2)
			}
		}
		pass(c.passes + 1)
		if c.passes > 0 && inertia > 0.999*before {
			c.passes++
			break
		}
		before = inertia
	}
	c.nearest(nil, c.subset(nil, true), func(i int, t two) { c.settle(i, t) })
}
