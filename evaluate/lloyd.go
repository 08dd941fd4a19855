package evaluate

import (
	"slices"
	"sync/atomic"
)

// lloyd alternates means and nearest centres until nothing changes.
//
// Most centres soon stand still: those whose rows stayed the same. A row compares itself with the moved ones, and with the others only where the
// best it found is not above bound, the most that any other centre could offer. The outcome is that of comparing with all.
func (c *clusterer) lloyd(iterations int, pass func(done int)) {
	moved := make([]bool, c.k())
	for j := range moved {
		moved[j] = true
	}
	before := make([]int32, c.n)
	for c.passes = 0; c.passes < iterations && !c.converged; c.passes++ {
		c.means(moved)
		copy(before, c.assignment)
		c.reassign(moved)
		c.refill()
		clear(moved)
		c.converged = true
		for i, was := range before {
			if now := c.assignment[i]; now != was {
				moved[was], moved[now] = true, true
				c.converged = false
			}
		}
		pass(c.passes + 1)
	}
}

// means puts each marked centre on the mean of its rows, summed in their order in float64; one without rows stays.
func (c *clusterer) means(marked []bool) {
	start, members := c.members()
	parallel(c.workers, c.k(), func(_, j int) {
		rows := members[start[j]:start[j+1]]
		if !marked[j] || len(rows) == 0 {
			return
		}
		sum := make([]float64, c.dim)
		for _, i := range rows {
			for d, v := range c.row(int(i)) {
				sum[d] += float64(v)
			}
		}
		centre := c.centre(j)
		for d, v := range sum {
			centre[d] = float32(v / float64(len(rows)))
		}
		c.centreHalf[j] = float32(squaredNorm(centre) / 2)
	}, nil)
}

// members lists the rows of each cluster j, ascending: members[start[j]:start[j+1]].
func (c *clusterer) members() (start []int, members []int32) {
	start = make([]int, c.k()+1)
	for _, j := range c.assignment {
		start[j+1]++
	}
	for j := range c.k() {
		start[j+1] += start[j]
	}
	members = make([]int32, c.n)
	at := slices.Clone(start)
	for i, j := range c.assignment {
		members[at[j]] = int32(i)
		at[j]++
	}
	return start, members
}

// reassign finds each row's nearest centre after the marked ones moved.
func (c *clusterer) reassign(moved []bool) {
	fresh, still := c.subset(moved, true), c.subset(moved, false)
	if len(fresh.id) == 0 {
		return
	}
	pending := make([]int32, c.n) // rows that must see the others too
	best := make([]two, c.n)
	var count atomic.Int64
	c.nearest(nil, fresh, func(i int, t two) {
		best[i] = t
		all := t
		if own := c.assignment[i]; !moved[own] {
			all = t.merge(two{own, c.nearness[i], none.second})
		}
		if len(still.id) > 0 && all.first <= c.bound[i] {
			pending[count.Add(1)-1] = int32(i)
			return
		}
		if len(still.id) > 0 {
			all.second = max(all.second, c.bound[i])
		}
		c.settle(i, all)
	})
	pending = pending[:count.Load()]
	slices.Sort(pending)
	c.nearest(pending, still, func(i int, t two) { c.settle(i, t.merge(best[i])) })
}

// refill puts each centre without rows on the row that lies farthest from its own centre, if that row has company there.
func (c *clusterer) refill() {
	size := make([]int, c.k())
	for _, j := range c.assignment {
		size[j]++
	}
	empty := 0
	for _, s := range size {
		if s == 0 {
			empty++
		}
	}
	if empty == 0 {
		return
	}
	far := make([]int32, c.n)
	for i := range far {
		far[i] = int32(i)
	}
	distance := func(i int32) float64 { return c.apart(c.half[i], c.centreHalf[c.assignment[i]], c.nearness[i]) }
	slices.SortStableFunc(far, func(a, b int32) int {
		switch da, db := distance(a), distance(b); {
		case da > db:
			return -1
		case da < db:
			return 1
		}
		return 0
	})
	at := 0
	for j := range size {
		if size[j] > 0 {
			continue
		}
		for at < c.n && size[c.assignment[far[at]]] < 2 {
			at++
		}
		if at == c.n || distance(far[at]) == 0 {
			return
		}
		i := int(far[at])
		size[c.assignment[i]]--
		size[j] = 1
		copy(c.centre(j), c.row(i))
		c.centreHalf[j] = c.half[i]
		c.settle(i, two{int32(j), c.half[i], c.nearness[i]})
		at++
	}
}
