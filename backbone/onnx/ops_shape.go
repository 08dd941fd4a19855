package onnx

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// shapeOf is Shape: the list of sizes, or a part of it.
func shapeOf(c *call) *value {
	dims := c.input(0).dims()
	start, end := c.int("start", 0), c.int("end", len(dims))
	clamp := func(i int) int {
		if i < 0 {
			i += len(dims)
		}
		return min(max(i, 0), len(dims))
	}
	return constantValue(intsConstant(dims[clamp(start):max(clamp(end), clamp(start))]...))
}

func sizeOf(c *call) *value {
	return constantValue(intsConstant(volume(c.input(0).dims())).reshape(nil))
}

// reshape is Reshape: the shape is an operand; 0 keeps a dimension and -1 is what is left.
func reshape(c *call) *value {
	c.ignore("consumed_inputs")
	x := c.input(0)
	var target []int
	if c.opset < 5 {
		target = c.ints("shape")
	} else {
		target = c.known(1).integers()
	}
	keepZeros := c.flag("allowzero", 0)
	if freed := c.freedShape(x, func(dims []int) []int { return targetShape(target, dims, keepZeros) }); freed != nil {
		return c.reshaped(x, freed)
	}
	return c.reshaped(x, targetShape(target, x.dims(), keepZeros))
}

// targetShape resolves the zeros and the -1 of a shape that dims is to become.
func targetShape(target, dims []int, keepZeros bool) []int {
	out := slices.Clone(target)
	rest, open := volume(dims), -1
	for i, d := range out {
		switch {
		case d == 0 && !keepZeros:
			if i >= len(dims) {
				panic(fmt.Errorf("shape %v of a tensor of shape %v", target, dims))
			}
			out[i] = dims[i]
		case d == -1 && open < 0:
			open = i
			continue
		case d < 0:
			panic(fmt.Errorf("shape %v of a tensor of shape %v", target, dims))
		}
		if out[i] > 0 && rest%out[i] == 0 {
			rest /= out[i]
		} else if out[i] > 0 {
			panic(fmt.Errorf("a tensor of shape %v does not become %v", dims, target))
		}
	}
	if open >= 0 {
		out[open] = rest
	}
	if volume(out) != volume(dims) {
		panic(fmt.Errorf("a tensor of shape %v does not become %v", dims, target))
	}
	return out
}

// reshaped gives a value another shape. Where the axes that merge or part lie beside each other in the node, nothing moves.
func (b *builder) reshaped(x *value, dims []int) *value {
	if x.constant != nil {
		return constantValue(x.constant.reshape(dims))
	}
	if out := regroup(x, dims); out != nil {
		return out
	}
	return nodeValue(Reshape(x.straight(b.g), dims...))
}

// regroup reshapes a value in the order in which it lies, or returns nil where that cannot be.
func regroup(x *value, dims []int) *value {
	own := x.dims()
	if volume(own) == 0 {
		return nil
	}
	groups := matchGroups(own, dims)
	slices.SortStableFunc(groups, func(a, b group) int { return x.perm[a.from[0]] - x.perm[b.from[0]] })
	last := -1
	for _, g := range groups { // the axes of a group have to lie in order, and no other group's between them
		for _, axis := range g.from {
			if x.perm[axis] < last {
				return nil
			}
			last = x.perm[axis]
		}
	}
	perm, next := slices.Repeat([]int{-1}, len(dims)), 0
	var lie []int
	place := func(axis int) { // and the axes of size 1 that follow
		for ; axis < len(dims) && perm[axis] < 0; axis++ {
			perm[axis] = next
			lie = append(lie, dims[axis])
			if next++; axis+1 >= len(dims) || dims[axis+1] != 1 {
				break
			}
		}
	}
	if len(dims) > 0 && dims[0] == 1 {
		place(0)
	}
	for _, g := range groups {
		for _, axis := range g.to {
			place(axis)
		}
	}
	return permuted(Reshape(x.node, lie...), perm)
}

// group is a run of axes that becomes another run with the same number of values. Axes of size 1 belong to none.
type group struct{ from, to []int }

func matchGroups(from, to []int) []group {
	wide := func(dims []int) (axes []int) {
		for i, d := range dims {
			if d != 1 {
				axes = append(axes, i)
			}
		}
		return axes
	}
	var groups []group
	a, b := wide(from), wide(to)
	for len(a) > 0 {
		g := group{a[:1], b[:1]}
		m, n := from[a[0]], to[b[0]]
		for m != n {
			if m < n {
				m *= from[a[len(g.from)]]
				g.from = a[:len(g.from)+1]
			} else {
				n *= to[b[len(g.to)]]
				g.to = b[:len(g.to)+1]
			}
		}
		groups = append(groups, g)
		a, b = a[len(g.from):], b[len(g.to):]
	}
	return groups
}

// flatten is Flatten: the axes before the named one become one, and so do the others.
func flatten(c *call) *value {
	x := c.input(0)
	axis := c.int("axis", 1)
	if axis < 0 {
		axis += x.rank()
	}
	if axis < 0 || axis > x.rank() {
		panic(fmt.Errorf("axis %d of a tensor of rank %d", axis, x.rank()))
	}
	return c.reshaped(x, []int{volume(x.dims()[:axis]), volume(x.dims()[axis:])})
}

func squeeze(c *call) *value {
	x := c.input(0)
	axes := axesOf(c.axesFrom(1, 13), x.rank())
	var dims []int
	for i, d := range x.dims() {
		drop := slices.Contains(axes, i)
		if drop && d != 1 {
			panic(fmt.Errorf("axis %d of shape %v is not of size 1", i, x.dims()))
		}
		if !drop && (len(axes) > 0 || d != 1) {
			dims = append(dims, d)
		}
	}
	return c.reshaped(x, dims)
}

func unsqueeze(c *call) *value {
	x := c.input(0)
	given := c.axesFrom(1, 13)
	axes := axesOf(given, x.rank()+len(given))
	rest := x.dims()
	dims := make([]int, x.rank()+len(axes))
	for i := range dims {
		if slices.Contains(axes, i) {
			dims[i] = 1
			continue
		}
		if len(rest) == 0 {
			panic(fmt.Errorf("axes %v are not distinct", given))
		}
		dims[i], rest = rest[0], rest[1:]
	}
	return c.reshaped(x, dims)
}

// transpose only names the axes anew.
func transpose(c *call) *value {
	x := c.input(0)
	axes := c.ints("perm")
	if axes == nil {
		axes = identity(x.rank())
		slices.Reverse(axes)
	}
	sorted := slices.Sorted(slices.Values(axes))
	if !slices.Equal(sorted, identity(x.rank())) {
		panic(fmt.Errorf("perm %v of a tensor of rank %d", axes, x.rank()))
	}
	if x.constant != nil {
		dims, strides, own := make([]int, len(axes)), make([]int, len(axes)), stridesOf(x.dims())
		for i, a := range axes {
			dims[i], strides[i] = x.dims()[a], own[a]
		}
		return constantValue(x.constant.view(dims, strides, 0))
	}
	perm := make([]int, len(axes))
	for i, a := range axes {
		perm[i] = x.perm[a]
	}
	return permuted(x.node, perm)
}

// expand is Expand: numpy's broadcasting to a shape, in both ways.
func expand(c *call) *value {
	x := c.input(0)
	return c.expanded(x, broadcastDims(x.dims(), c.known(1).integers()))
}

func (b *builder) expanded(x *value, dims []int) *value {
	if x.constant != nil {
		return constantValue(x.constant.broadcast(checkSize(dims)))
	}
	x = x.raised(len(dims))
	lie := make([]int, len(dims))
	for i, p := range x.perm {
		lie[p] = dims[i]
	}
	if slices.Equal(lie, x.node.Shape().Dimensions) {
		return x
	}
	return permuted(broadcastNode(x.node, checkSize(lie)), x.perm)
}

// checkSize panics on a shape that no network's tensor has.
func checkSize(dims []int) []int {
	volume(dims)
	return dims
}

// tile repeats the tensor along its axes.
func tile(c *call) *value {
	x, times := c.input(0), c.known(1).integers()
	if len(times) != x.rank() {
		panic(fmt.Errorf("repeats %v of a tensor of rank %d", times, x.rank()))
	}
	var apart, dims []int // each axis becomes [times, size], is repeated and merged again
	for i, d := range x.dims() {
		apart, dims = append(apart, 1, d), append(dims, times[i]*d)
	}
	wide := c.reshaped(x, apart)
	for i, t := range times {
		apart[2*i] = t
	}
	return c.reshaped(c.expanded(wide, apart), dims)
}

// depthToSpace moves channels into blocks of pixels; spaceToDepth is its inverse.
func depthToSpace(c *call) *value {
	x, b := c.input(0), c.int("blocksize", 1)
	d := x.dims()
	n, h, w, depth := d[0], d[2], d[3], d[1]/(b*b)
	if c.choice("mode", "DCR", "CRD") == "DCR" {
		return c.shuffled(x, []int{n, b, b, depth, h, w}, []int{0, 3, 4, 1, 5, 2}, []int{n, depth, h * b, w * b})
	}
	return c.shuffled(x, []int{n, depth, b, b, h, w}, []int{0, 1, 4, 2, 5, 3}, []int{n, depth, h * b, w * b})
}

func spaceToDepth(c *call) *value {
	x, b := c.input(0), c.int("blocksize", 1)
	d := x.dims()
	axes := []int{0, 3, 5, 1, 2, 4}
	if c.choice("mode", "DCR", "CRD") == "CRD" {
		axes = []int{0, 1, 3, 5, 2, 4}
	}
	return c.shuffled(x, []int{d[0], d[1], d[2] / b, b, d[3] / b, b}, axes, []int{d[0], d[1] * b * b, d[2] / b, d[3] / b})
}

// shuffled reshapes, transposes and reshapes.
func (b *builder) shuffled(x *value, apart, axes, dims []int) *value {
	wide := b.reshaped(x, apart)
	n := wide.straight(b.g)
	return b.reshaped(permuted(n, axes), dims)
}
