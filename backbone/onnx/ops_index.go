package onnx

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// concat joins its operands along an axis.
func concat(c *call) *value {
	rank := c.input(0).rank()
	axis := c.axis("axis", 1, rank)
	if c.allKnown() {
		return constantValue(concatConstants(c.in, axis))
	}
	values := make([]*value, len(c.in))
	for i := range c.in {
		values[i] = c.input(i)
		if values[i].rank() != rank {
			panic(fmt.Errorf("tensors of ranks %d and %d are joined", rank, values[i].rank()))
		}
	}
	c.freeConcat(values, axis)
	nodes, perm := together(c.g, values...)
	return permuted(Concatenate(nodes, perm[axis]), perm)
}

func concatConstants(in []*value, axis int) *constant {
	dims := slices.Clone(in[0].dims())
	dims[axis] = 0
	for _, v := range in {
		if v.rank() != len(dims) {
			panic(fmt.Errorf("tensors of ranks %d and %d are joined", len(dims), v.rank()))
		}
		dims[axis] += v.dims()[axis]
	}
	out := newConstant(in[0].constant.kind, dims)
	inner, at := volume(dims[axis+1:]), 0
	for _, v := range in {
		run := v.dims()[axis] * inner
		if v.constant.size() != run*volume(dims[:axis]) {
			panic(fmt.Errorf("shapes %v and %v do not join along axis %d", in[0].dims(), v.dims(), axis))
		}
		for i := range v.constant.size() {
			out.set(i/max(run, 1)*dims[axis]*inner+at+i%max(run, 1), v.constant.at(i))
		}
		at += run
	}
	return out
}

// split parts a tensor along an axis, in the sizes that are given or in equal ones.
func split(c *call) []*value {
	x := c.input(0)
	axis := c.axis("axis", 0, x.rank())
	sizes := c.ints("split")
	if c.opset >= 13 && c.has(1) {
		sizes = c.known(1).integers()
	}
	size, parts := x.dims()[axis], c.int("num_outputs", len(c.n.Outputs))
	if sizes == nil {
		if parts < 1 || parts > len(c.n.Outputs) {
			panic(fmt.Errorf("attribute num_outputs is %d, but it has %d outputs", parts, len(c.n.Outputs)))
		}
		each := (size + parts - 1) / parts
		for rest := size; len(sizes) < parts; rest -= each {
			sizes = append(sizes, max(min(each, rest), 0))
		}
	}
	var out []*value
	at := 0
	for _, n := range sizes {
		out = append(out, c.sliced(x, axis, at, at+n, 1))
		at += n
	}
	if at != size {
		panic(fmt.Errorf("parts %v of axis %d, whose size is %d", sizes, axis, size))
	}
	return out
}

// sliced takes start, start+step, ... before end of an axis; step may be negative.
func (b *builder) sliced(x *value, axis, start, end, step int) *value {
	count := 0
	if step > 0 && end > start {
		count = (end - start + step - 1) / step
	} else if step < 0 && start > end {
		count = (start - end - step - 1) / -step
	}
	dims := slices.Clone(x.dims())
	if count == dims[axis] && step == 1 {
		return x
	}
	dims[axis] = count
	if x.constant != nil {
		strides := stridesOf(x.dims())
		offset := start * strides[axis]
		strides[axis] *= step
		return constantValue(x.constant.view(dims, strides, offset))
	}
	if count == 0 {
		panic(fmt.Errorf("the part %d to %d of axis %d is empty", start, end, axis))
	}
	n, at := x.node, x.perm[axis]
	if step < 0 {
		size := x.dims()[axis]
		n, start, step = Reverse(n, at), size-1-start, -step
	}
	return permuted(SliceAxis(n, at, AxisRange(start, start+(count-1)*step+1).Stride(step)), x.perm)
}

// slice is Slice: its ranges are attributes up to opset 9, operands from then on.
func slice(c *call) *value {
	x := c.input(0)
	starts, ends, axes := c.ints("starts"), c.ints("ends"), c.ints("axes")
	var steps []int
	if c.opset >= 10 {
		starts, ends = c.known(1).integers(), c.known(2).integers()
		if c.has(3) {
			axes = c.known(3).integers()
		}
		if c.has(4) {
			steps = c.known(4).integers()
		}
	}
	if axes == nil {
		axes = identity(len(starts))
	}
	if steps == nil {
		steps = slices.Repeat([]int{1}, len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || len(steps) != len(starts) {
		panic(fmt.Errorf("starts %v, ends %v, axes %v and steps %v do not belong together", starts, ends, axes, steps))
	}
	for i, a := range axes {
		axis := axisOf(a, x.rank())
		start, end := clampRange(starts[i], ends[i], steps[i], x.dims()[axis])
		x = c.sliced(x, axis, start, end, steps[i])
	}
	return x
}

func clampRange(start, end, step, size int) (int, int) {
	if step == 0 {
		panic(fmt.Errorf("a step is 0"))
	}
	if start < 0 {
		start += size
	}
	if end < 0 {
		end += size
	}
	if step > 0 {
		return min(max(start, 0), size), min(max(end, 0), size)
	}
	return min(max(start, 0), size-1), min(max(end, -1), size-1)
}

// gather is Gather: it takes the listed places of an axis.
func gather(c *call) *value {
	x, index := c.input(0), c.input(1)
	axis := c.axis("axis", 0, x.rank())
	size := x.dims()[axis]
	dims := slices.Concat(x.dims()[:axis], index.dims(), x.dims()[axis+1:])
	if index.constant == nil {
		return c.gatherNode(x, axis, normalised(index.straight(c.g), size), index.dims())
	}
	places := index.constant.integers()
	for i, p := range places {
		places[i] = axisOf(p, size)
	}
	return c.reshaped(c.taken(x, axis, places), dims)
}

// gatherND is GatherND with indices that are known: it takes the parts of the leading axes that each row of indices names.
func gatherND(c *call) *value {
	x, index := c.input(0), c.known(1)
	if b := c.int("batch_dims", 0); b != 0 {
		panic(fmt.Errorf("attribute batch_dims is %d, which is not supported", b))
	}
	rank := len(index.dims)
	if rank == 0 || index.dims[rank-1] > x.rank() {
		panic(fmt.Errorf("indices of shape %v into shape %v", index.dims, x.dims()))
	}
	k := index.dims[rank-1]
	lead, rest := x.dims()[:k], x.dims()[k:]
	places := make([]int, volume(index.dims[:rank-1]))
	for row := range places {
		for axis, size := range lead {
			places[row] = places[row]*size + axisOf(int(index.at(row*k+axis)), size)
		}
	}
	dims := slices.Concat(index.dims[:rank-1], rest)
	flat := c.reshaped(x, append([]int{volume(lead)}, rest...))
	return c.reshaped(c.taken(flat, 0, places), dims)
}

// taken picks places of an axis.
func (b *builder) taken(x *value, axis int, places []int) *value {
	dims := slices.Clone(x.dims())
	dims[axis] = len(places)
	if x.constant != nil {
		strides := stridesOf(x.dims())
		inner := strides[axis]
		return constantValue(x.constant.pick(dims, func(i int) int {
			return i/inner/len(places)*x.dims()[axis]*inner + places[i/inner%len(places)]*inner + i%inner
		}))
	}
	run := len(places) > 0
	for i, p := range places {
		run = run && p == places[0]+i
	}
	if run {
		return b.sliced(x, axis, places[0], places[0]+len(places), 1)
	}
	return b.gatherNode(x, axis, intsConstant(places...).node(b.g), []int{len(places)})
}

// gatherNode takes places that index names, with the places' axes in the axis' stead.
func (b *builder) gatherNode(x *value, axis int, index *Node, indexDims []int) *value {
	order := []int{axis}
	for _, a := range x.order() {
		if a != axis {
			order = append(order, a)
		}
	}
	if x.constant != nil {
		x = nodeValue(x.constant.node(b.g))
	}
	flat := Gather(x.arranged(b.g, order), Reshape(index, volume(indexDims), 1))
	flat = Reshape(flat, slices.Concat(indexDims, flat.Shape().Dimensions[1:])...)
	perm := make([]int, 0, flat.Rank())
	where := inverse(order)
	for a := range order {
		if a == axis {
			perm = append(perm, identity(len(indexDims))...)
			continue
		}
		perm = append(perm, where[a]-1+len(indexDims))
	}
	return permuted(flat, perm)
}

// normalised counts negative places from the end.
func normalised(index *Node, size int) *Node {
	g := index.Graph()
	return Where(LessThan(index, ScalarZero(g, index.DType())), AddScalar(index, size), index)
}

// pad is Pad: with a value, the edge, a reflection or the other end; negative amounts cut off.
func pad(c *call) *value {
	x := c.input(0)
	mode := c.choice("mode", "constant", "reflect", "edge", "wrap")
	amounts := c.ints("pads")
	var fill *value
	if c.opset < 2 {
		amounts = c.ints("paddings")
	}
	if c.opset < 11 {
		fill = constantValue(scalarConstant(c.float("value", 0)))
	} else {
		amounts = c.known(1).integers()
		if c.has(2) {
			fill = c.in[2]
		}
	}
	axes := identity(x.rank())
	if c.has(3) {
		axes = axesOf(c.known(3).integers(), x.rank())
	}
	if len(amounts) != 2*len(axes) {
		panic(fmt.Errorf("%d pads for %d axes", len(amounts), len(axes)))
	}
	pads := make([][2]int, x.rank())
	for i, a := range axes {
		pads[a] = [2]int{amounts[i], amounts[len(axes)+i]}
	}
	if mode != "constant" {
		for a, p := range pads {
			if p != [2]int{} {
				x = c.taken(x, a, mirrored(mode, x.dims()[a], p))
			}
		}
		return x
	}
	for a, p := range pads {
		if p[0] < 0 || p[1] < 0 {
			x = c.sliced(x, a, max(-p[0], 0), x.dims()[a]-max(-p[1], 0), 1)
			pads[a] = [2]int{max(p[0], 0), max(p[1], 0)}
		}
	}
	zero := fill == nil || fill.constant != nil && fill.constant.at(0) == 0
	return c.padded(x, pads, fill, zero)
}

// padded adds a border of one value. A border of zeros that only a convolution reads is left to it.
func (c *call) padded(x *value, pads [][2]int, fill *value, zero bool) *value {
	if !slices.ContainsFunc(pads, func(p [2]int) bool { return p != [2]int{} }) {
		return x
	}
	if next := c.soleConsumer(c.n.Outputs[0]); zero && x.node != nil && next != nil && next.Op == "Conv" && len(pads) > 2 && pads[0] == [2]int{} && pads[1] == [2]int{} {
		return &value{node: x.node, perm: x.perm, border: pads[2:]}
	}
	if x.constant != nil {
		x = nodeValue(x.constant.node(c.g))
	}
	node := ScalarZero(c.g, x.node.DType())
	if fill != nil {
		node = ConvertDType(Reshape(fill.straight(c.g)), x.node.DType())
	}
	config := make([]compute.PadAxis, len(pads))
	for a, p := range pads {
		config[x.perm[a]] = compute.PadAxis{Start: p[0], End: p[1]}
	}
	return permuted(Pad(x.node, node, config...), x.perm)
}

// mirrored lists the places of an axis that a border of the given mode repeats.
func mirrored(mode string, size int, p [2]int) []int {
	if max(p[0], p[1]) > maxConstant || min(p[0], p[1]) < -maxConstant {
		panic(fmt.Errorf("an axis of size %d is padded by %v", size, p))
	}
	var places []int
	for i := -p[0]; i < size+p[1]; i++ {
		at := i
		switch mode {
		case "edge":
			at = min(max(i, 0), size-1)
		case "wrap":
			at = ((i % size) + size) % size
		default:
			if period := 2 * (size - 1); period > 0 {
				at = ((i % period) + period) % period
				at = min(at, period-at)
			} else {
				at = 0
			}
		}
		places = append(places, at)
	}
	return places
}
