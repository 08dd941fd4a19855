package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/dvml/dvml/kernel"
)

// windowOf reads the geometry of pooling over images [N,H,W,C].
func windowOf(x *node, size, strides []int, pads [][2]int) (kernel.Window, bool) {
	if !x.float() || x.shape.Rank() != 4 || len(size) != 4 || size[0] != 1 || size[3] != 1 {
		return kernel.Window{}, false
	}
	if len(strides) == 0 {
		strides = size
	}
	if len(pads) == 0 {
		pads = make([][2]int, 4)
	}
	if strides[0] != 1 || strides[3] != 1 || pads[0] != [2]int{} || pads[3] != [2]int{} {
		return kernel.Window{}, false
	}
	d := x.dims()
	s := kernel.Window{N: d[0], H: d[1], W: d[2], C: d[3], KH: size[1], KW: size[2], StrideH: strides[1], StrideW: strides[2],
		PadTop: pads[1][0], PadBottom: pads[1][1], PadLeft: pads[2][0], PadRight: pads[2][1]}
	return s, s.Check() == nil
}

// pooling is ReduceWindow's arguments by name.
func pooling(n *node) (kind compute.ReduceOpType, size, strides []int, pads [][2]int, ok bool) {
	args := n.args.(*reduceWindowArgs)
	for _, dilation := range [][]int{args.inputDilations, args.windowDilations} {
		for _, d := range dilation {
			if d != 1 {
				return args.reductionType, nil, nil, nil, false
			}
		}
	}
	return args.reductionType, args.windowDimensions, args.strides, args.paddings, true
}

// planMaxPool takes the maximum over windows of images. Where the graph has its gradient too, the positions of the maxima are kept for it. A NaN that
// does not come first in its window is passed over; a window of NaNs gives NaN.
func planMaxPool(p *planner, n *node) (bool, error) {
	kind, size, strides, pads, ok := pooling(n)
	if !ok || kind != compute.ReduceOpMax {
		return false, nil
	}
	s, ok := windowOf(n.in[0], size, strides, pads)
	if !ok || !gives(s, n) {
		return false, nil
	}
	p.maxPool(n, n.in[0], s)
	return true, nil
}

func gives(s kernel.Window, y *node) bool {
	h, w := s.Output()
	return h == y.dims()[1] && w == y.dims()[2]
}

// maxPool adds the step that computes y and, where a gradient reads them, the positions.
func (p *planner) maxPool(y, x *node, s kernel.Window) {
	xs, ys, at := p.slot(x), p.slot(y), -1
	writes := []*node{y}
	if slices.ContainsFunc(x.users, func(u *node) bool { return u.kind == compute.OpTypeSelectAndScatterMax && u.in[0] == x }) {
		positions := &node{kind: opPositions, in: []*node{x}, shape: shapes.Make(dtypes.Uint8, y.dims()...), param: -1}
		positions.first = positions
		if p.positions == nil {
			p.positions = map[poolKey]*node{}
		}
		p.positions[poolKey{x, s}] = positions
		at = p.slot(positions)
		writes = append(writes, positions)
	}
	p.add("max pool", writes, []*node{x}, func(w *workspace) func() error {
		return func() error {
			var pos []uint8
			if at >= 0 {
				pos = w.bytes[at]
			}
			s.MaxForward(w.pool, w.f32[ys], 0, pos, w.f32[xs], 0)
			return nil
		}
	})
}

// poolKey finds the pooling that a gradient belongs to.
type poolKey struct {
	x *node
	s kernel.Window
}

// planMaxPoolGradient takes SelectAndScatterMax(x, dy) of images. Where the pooling is not in the graph before it, the maxima are sought here.
func planMaxPoolGradient(p *planner, n *node) (bool, error) {
	x, dy := n.in[0], n.in[1]
	args := n.args.(*selectAndScatterMaxArgs)
	s, ok := windowOf(x, args.windowDimensions, args.windowStrides, args.paddings)
	if !ok || !gives(s, dy) {
		return false, nil
	}
	pos, ok := p.positions[poolKey{x, s}]
	if !ok { // the pooling is not in the graph, or comes later
		y := &node{kind: opMaxima, in: []*node{x}, shape: dy.shape, param: -1}
		y.first = y
		p.maxPool(y, x, s)
		pos = p.positions[poolKey{x, s}]
	}
	ps, dys, dxs := p.slot(pos), p.slot(dy), p.slot(n)
	p.add("max pool gradient", []*node{n}, []*node{dy, pos}, func(w *workspace) func() error {
		return func() error {
			s.MaxBackward(w.pool, w.f32[dxs], 0, w.f32[dys], 0, w.bytes[ps], false)
			return nil
		}
	})
	return true, nil
}

// planChannelSum takes the sum over a window of the last axis, with strides of 1 and an output as long as the input: local response normalisation's.
func planChannelSum(p *planner, n *node) (bool, error) {
	kind, size, strides, pads, ok := pooling(n)
	x := n.in[0]
	last := x.shape.Rank() - 1
	if !ok || kind != compute.ReduceOpSum || !x.float() || last < 0 || !n.shape.Equal(x.shape) || len(pads) != last+1 {
		return false, nil
	}
	for a := range last {
		if size[a] != 1 || pads[a] != [2]int{} {
			return false, nil
		}
	}
	if len(strides) == 0 || slices.Max(strides) != 1 || pads[last][0]+pads[last][1] != size[last]-1 {
		return false, nil
	}
	c, before, after := x.dims()[last], pads[last][0], pads[last][1]
	xs, ys := p.slot(x), p.slot(n)
	p.add("channel sum", []*node{n}, []*node{x}, func(w *workspace) func() error {
		piece := func(lo, hi, _ int) { kernel.SlidingSum(w.f32[ys][lo*c:hi*c], w.f32[xs][lo*c:hi*c], c, before, after) }
		return func() error {
			w.pool.Parallel(x.size()/c, max(1, block/c), piece)
			return nil
		}
	})
	return true, nil
}

// planSumPool takes the sum over windows of images.
func planSumPool(p *planner, n *node) (bool, error) {
	kind, size, strides, pads, ok := pooling(n)
	if !ok || kind != compute.ReduceOpSum {
		return false, nil
	}
	s, ok := windowOf(n.in[0], size, strides, pads)
	if !ok || !gives(s, n) {
		return false, nil
	}
	xs, ys := p.slot(n.in[0]), p.slot(n)
	p.add("sum pool", []*node{n}, []*node{n.in[0]}, func(w *workspace) func() error {
		return func() error {
			s.SumForward(w.pool, w.f32[ys], 0, w.f32[xs], 0)
			return nil
		}
	})
	return true, nil
}
