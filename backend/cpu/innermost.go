package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// layout lays images out with their channels innermost, whatever the order of the axes in the graph: networks of ONNX have them first. Convolutions and
// pooling say how their operands and results lie, for so their kernels have them; each other node then takes the order by which least is moved, so that
// images are laid out anew once, where they come in, and not between.
type layout struct {
	g     *graph
	order map[*node]order
	fixed map[*node]form // of the nodes whose order is given
	laid  map[*node]map[string]*node
}

// channelsInnermost chooses the orders and changes the graph to them.
func (g *graph) channelsInnermost() {
	l := &layout{g: g, order: map[*node]order{}, fixed: map[*node]form{}}
	if !l.fix() {
		return
	}
	l.spread()
	for range 3 {
		if !l.improve() {
			break
		}
	}
	l.apply()
}

// fix gives convolutions, their gradients and pooling their orders. It reports whether there is anything to do.
func (l *layout) fix() bool {
	work := false
	for _, n := range l.g.nodes {
		out, f, ok := l.images(n)
		if !ok {
			_, transposes := n.args.(*transposeArgs)
			work = work || transposes && n.shape.Rank() > 2
			continue
		}
		l.fixed[n] = f
		if !slices.IsSorted(out) {
			l.order[n] = out
		}
		work = work || l.order[n] != nil || slices.ContainsFunc(f.in, func(o order) bool { return o != nil })
	}
	return work
}

// images returns how a convolution, a gradient of one, or pooling has its result and operands.
func (l *layout) images(n *node) (out order, f form, ok bool) {
	join := func(first int, spatial []int, last ...int) order {
		o := order(slices.Concat([]int{first}, spatial, last))
		if first < 0 {
			o = o[1:]
		}
		if slices.IsSorted(o) {
			return nil
		}
		return o
	}
	input := func(a compute.ConvolveAxesConfig) order { return join(a.InputBatch, a.InputSpatial, a.InputChannels) }
	output := func(a compute.ConvolveAxesConfig) order {
		return join(a.OutputBatch, a.OutputSpatial, a.OutputChannels)
	}
	weights := func(a compute.ConvolveAxesConfig) order {
		return join(-1, a.KernelSpatial, a.KernelInputChannels, a.KernelOutputChannels)
	}
	switch a := n.args.(type) {
	case *convGeneralArgs:
		if n.shape.Rank() != 4 || !n.float() {
			return nil, f, false
		}
		moved := *a
		moved.axes = compute.ConvolveAxesConfig{InputSpatial: []int{1, 2}, InputChannels: 3, KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
			OutputSpatial: []int{1, 2}, OutputChannels: 3}
		return output(a.axes), form{args: &moved, in: []order{input(a.axes), weights(a.axes)}}, true
	case *convGradientArgs:
		if n.kind == opInputGradient {
			return input(a.axes), form{args: a, in: []order{output(a.axes), weights(a.axes)}}, true
		}
		return weights(a.axes), form{args: a, in: []order{input(a.axes), output(a.axes)}}, true
	case *reduceWindowArgs:
		out, ok = windowOrder(a.windowDimensions)
	case *selectAndScatterMaxArgs:
		out, ok = windowOrder(a.windowDimensions)
	}
	if ok {
		f, ok = l.form(n, out)
	}
	return out, f, ok
}

// windowOrder returns the order of images that are pooled over windows of two of their axes.
func windowOrder(window []int) (order, bool) {
	var still, over []int
	for a, n := range window {
		if n == 1 {
			still = append(still, a)
		} else {
			over = append(over, a)
		}
	}
	if len(window) != 4 || len(over) != 2 {
		return nil, false
	}
	o := order{still[0], over[0], over[1], still[1]}
	if slices.IsSorted(o) {
		return nil, true
	}
	return o, true
}

// impossible is the cost of a form that there is not.
const impossible = 1 << 50

// formOf returns n's form in the order that it has.
func (l *layout) formOf(n *node) form {
	if f, ok := l.fixed[n]; ok {
		return f
	}
	f, ok := l.form(n, l.order[n])
	if !ok {
		f.cost = impossible
	}
	return f
}

// free reports whether n's order may be chosen.
func (l *layout) free(n *node) bool {
	_, fixed := l.fixed[n]
	return !fixed && n.shape.Rank() > 2 && n.param < 0 && n.kind != compute.OpTypeConstant && len(n.outputs) == 1
}

// spread gives each node, in the graph's order, the order that its largest operand brings.
func (l *layout) spread() {
	for _, n := range l.g.nodes {
		if !l.free(n) {
			continue
		}
		most := 0
		for i, in := range n.in {
			if in == nil || in.splats() {
				continue
			}
			if o, ok := l.brings(n, i); ok && (in.bytes() > most || in.bytes() == most && l.order[n] == nil) {
				if _, ok := l.form(n, o); ok {
					most, l.order[n] = in.bytes(), o
				}
			}
		}
	}
}

// splats reports whether all elements of n are one constant, which lies in any order.
func (n *node) splats() bool {
	_, ok := n.splat()
	return ok
}

// brings returns the order of n in which it takes operand i as that lies.
func (l *layout) brings(n *node, i int) (order, bool) {
	in := n.in[i]
	have := l.order[in]
	switch a := n.args.(type) {
	case *transposeArgs:
		var out order
		for _, axis := range have.full(in.shape.Rank()) {
			out = append(out, slices.Index(a.permutation, axis))
		}
		return out, true
	case *reshapeArgs:
		return have.through(in.dims(), n.dims())
	case *reduceSumArgs:
		return l.kept(n, a.axes, have), true
	case *reduceMaxArgs:
		return l.kept(n, a.axes, have), true
	case *reduceMinArgs:
		return l.kept(n, a.axes, have), true
	}
	return have, in.shape.Rank() == n.shape.Rank()
}

// wants returns the order in which reader u would take n as its operand i without moving it, with its own result as that lies.
func (l *layout) wants(u *node, i int) (order, bool) {
	switch a := u.args.(type) {
	case *transposeArgs:
		var in order
		for _, axis := range l.order[u].full(u.shape.Rank()) {
			in = append(in, a.permutation[axis])
		}
		return in, true
	case *reshapeArgs:
		return l.order[u].through(u.dims(), u.in[0].dims())
	case *reduceSumArgs, *reduceMaxArgs, *reduceMinArgs:
		return nil, false
	}
	return l.formOf(u).in[i], true
}

// improve gives nodes other orders where less is moved then, from the last to the first, and reports whether it changed any. What costs the same
// keeps its order, but what lies as it stands in the graph is preferred for what is not an image: gradients of kernels are laid out anew once.
func (l *layout) improve() bool {
	changed := false
	for i := len(l.g.nodes) - 1; i >= 0; i-- {
		n := l.g.nodes[i]
		if !l.free(n) {
			continue
		}
		was := l.order[n]
		best, least := was, l.cost(n)
		for _, o := range l.candidates(n) {
			if o.same(best, n.dims()) && o != nil {
				continue
			}
			if _, ok := l.form(n, o); !ok {
				continue
			}
			l.order[n] = o
			if c := l.cost(n); c < least || c == least && o == nil && len(was) == 4 && was[0] != 0 {
				best, least = o, c
			}
		}
		l.order[n] = best
		changed = changed || !slices.Equal(best, was)
	}
	return changed
}

// candidates are the orders that n's operands and readers bring, and the graph's own.
func (l *layout) candidates(n *node) []order {
	list := []order{nil}
	add := func(o order, ok bool) {
		if ok && slices.IsSorted(o) {
			o = nil
		}
		if ok && !slices.ContainsFunc(list, func(p order) bool { return slices.Equal(o, p) }) {
			list = append(list, o)
		}
	}
	for i, in := range n.in {
		if in != nil {
			add(l.brings(n, i))
		}
	}
	for _, u := range n.users {
		for i, in := range u.in {
			if in == n {
				o, ok := l.wants(u, i)
				add(o, ok && (o == nil || len(o) == n.shape.Rank()))
			}
		}
	}
	return list
}

// cost is how many bytes are moved around n only to change orders.
func (l *layout) cost(n *node) int {
	sum := l.formOf(n).cost + l.moved(n)
	for i, in := range n.in {
		if in != nil && !slices.Contains(n.in[:i], in) {
			sum += l.moved(in)
		}
	}
	for _, u := range n.users {
		sum += l.formOf(u).cost
	}
	return sum
}

// moved is how many bytes of n are laid out anew for its readers.
func (l *layout) moved(n *node) int {
	if n.shape.Rank() < 2 || n.kind == compute.OpTypeConstant || n.splats() {
		return 0
	}
	var orders []order
	need := func(o order) {
		if !o.same(l.order[n], n.dims()) && !slices.ContainsFunc(orders, func(p order) bool { return o.same(p, n.dims()) }) {
			orders = append(orders, o)
		}
	}
	for _, u := range n.users {
		f := l.formOf(u)
		for i, in := range u.in {
			if in == n && i < len(f.in) {
				need(f.in[i])
			}
		}
	}
	if n.result {
		need(nil)
	}
	return len(orders) * n.bytes()
}
