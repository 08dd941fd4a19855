package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// partReductions turns sums and maxima over axes that do not stand together into several, one for each run of axes, the last first.
func (g *graph) partReductions() {
	var nodes []*node
	for _, n := range g.nodes {
		if n.kind == compute.OpTypeReduceSum || n.kind == compute.OpTypeReduceMax {
			nodes = append(nodes, n.runs()...)
		}
		nodes = append(nodes, n)
	}
	g.nodes = nodes
	g.link()
}

// runs takes all runs of axes but the first away from the reduction n and returns the nodes that reduce them before it.
func (n *node) runs() (before []*node) {
	for n.float() {
		x, axes := n.in[0], slices.Sorted(slices.Values(reducedAxes(n)))
		if _, _, _, ok := middle(x.dims(), axes); ok {
			break
		}
		run := len(axes) - 1
		for run > 0 && axes[run-1] == axes[run]-1 {
			run--
		}
		var dims []int
		for a, d := range x.dims() {
			if !slices.Contains(axes[run:], a) {
				dims = append(dims, d)
			}
		}
		part := &node{kind: n.kind, in: []*node{x}, param: -1, shape: shapes.Make(n.shape.DType, dims...)}
		part.first, part.outputs = part, []*node{part}
		part.args, n.args = withAxes(n.kind, axes[run:]), withAxes(n.kind, axes[:run])
		n.in = []*node{part}
		before = append(before, part)
	}
	return before
}

func withAxes(kind compute.OpType, axes []int) any {
	if kind == compute.OpTypeReduceSum {
		return &reduceSumArgs{axes}
	}
	return &reduceMaxArgs{axes}
}
