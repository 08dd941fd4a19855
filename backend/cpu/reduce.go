package cpu

import (
	"github.com/dvml/dvml/kernel"
	"github.com/gomlx/compute"
)

// planReduce takes sums and maxima of float32 over leading, trailing or middle axes.
func planReduce(p *planner, n *node) (bool, error) {
	x := n.in[0]
	axes := reducedAxes(n)
	if !n.float() {
		return false, nil
	}
	outer, k, inner, ok := middle(x.dims(), axes)
	if !ok {
		return false, nil
	}
	sum := n.kind == compute.OpTypeReduceSum
	xs, ys := p.slot(x), p.slot(n)
	p.add(kindName(n.kind), []*node{n}, []*node{x}, func(w *workspace) func() error { return reduction(w, ys, xs, outer, k, inner, sum) })
	return true, nil
}

// reducedAxes are the axes that a sum or a maximum is taken over; none stands for all.
func reducedAxes(n *node) []int {
	if a, ok := n.args.(*reduceMaxArgs); ok {
		return a.axes
	}
	return n.args.(*reduceSumArgs).axes
}

// middle reads dims as [outer, k, inner] with the reduced axes as k.
func middle(dims, axes []int) (outer, k, inner int, ok bool) {
	outer, k, inner = 1, 1, 1
	reduced := map[int]bool{}
	for _, a := range axes {
		reduced[a] = true
	}
	if len(axes) == 0 {
		for a := range dims {
			reduced[a] = true
		}
	}
	stage := 0 // before, in and after the reduced axes
	for a, d := range dims {
		switch {
		case d == 1:
			continue
		case reduced[a] && stage == 2:
			return 0, 0, 0, false
		case reduced[a]:
			stage = 1
			k *= d
		case stage == 0:
			outer *= d
		default:
			stage = 2
			inner *= d
		}
	}
	return outer, k, inner, true
}

// block is how many elements one partial result covers, so that long sums stay exact enough and are shared out.
const block = 1 << 14

// reduction returns what writes the sum or maximum over the middle axis of slot xs [outer,k,inner] to slot ys [outer,inner]. What the workers run is
// made here, once, so that a run allocates nothing.
func reduction(w *workspace, ys, xs, outer, k, inner int, sum bool) func() error {
	switch {
	case inner == 1 && outer == 1:
		partial := make([]float32, (k+block-1)/block)
		piece := func(lo, hi, _ int) {
			for i := lo; i < hi; i++ {
				partial[i] = vector(w.f32[xs][i*block:min((i+1)*block, k)], sum)
			}
		}
		return func() error {
			w.pool.Parallel(len(partial), 1, piece)
			w.f32[ys][0] = vector(partial, sum)
			return nil
		}
	case sum && inner > 1 && outer == 1:
		return func() error {
			kernel.SumColumns(w.pool, w.f32[ys], w.f32[xs], k, inner, inner, false)
			return nil
		}
	}
	piece := func(lo, hi, _ int) {
		y, x := w.f32[ys], w.f32[xs]
		for i := lo; i < hi; i++ {
			if inner == 1 {
				y[i] = vector(x[i*k:(i+1)*k], sum)
			} else {
				columns(y[i*inner:(i+1)*inner], x[i*k*inner:(i+1)*k*inner], k, sum)
			}
		}
	}
	return func() error {
		w.pool.Parallel(outer, max(1, block/(k*inner)), piece)
		return nil
	}
}

func vector(x []float32, sum bool) float32 {
	total := kernel.Sum(x)
	switch {
	case sum:
		return total
	case total == total:
		return kernel.Largest(x)
	}
	m := x[0] // perhaps a NaN, which the kernel would pass over
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

// columns reduces the rows of x [k,len(y)].
func columns(y, x []float32, k int, sum bool) {
	if sum {
		kernel.ColumnSums(y, x, k, len(y), len(y), false)
		return
	}
	copy(y, x)
	total := kernel.Sum(x)
	for i := 1; i < k; i++ {
		row := x[i*len(y) : (i+1)*len(y)]
		if total == total {
			kernel.Max.Apply(y, y, row)
			continue
		}
		for j, v := range row { // perhaps a NaN, as in vector
			y[j] = max(y[j], v)
		}
	}
}
