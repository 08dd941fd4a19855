package onnx

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// window holds the settings that convolutions and pools share, one of each for every spatial axis.
type window struct {
	size, strides, dilations []int
	pads                     [][2]int
}

// readWindow reads them; in are the spatial sizes of the input.
func (c *call) readWindow(size, in []int) window {
	n := len(in)
	if len(size) != n {
		panic(fmt.Errorf("a window %v on %d spatial axes", size, n))
	}
	w := window{size: size, strides: c.intsOr("strides", n, 1), dilations: c.intsOr("dilations", n, 1), pads: make([][2]int, n)}
	pads := c.intsOr("pads", 2*n, 0)
	for _, list := range [][]int{size, w.strides, w.dilations} {
		if slices.Min(list) < 1 {
			panic(fmt.Errorf("window %v, strides %v, dilations %v: expected numbers from 1", size, w.strides, w.dilations))
		}
	}
	if slices.Min(pads) < 0 {
		panic(fmt.Errorf("pads %v are negative", pads))
	}
	auto := c.choice("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	for i := range n {
		switch auto {
		case "NOTSET":
			w.pads[i] = [2]int{pads[i], pads[n+i]}
		case "SAME_UPPER", "SAME_LOWER":
			out := (in[i] + w.strides[i] - 1) / w.strides[i]
			total := max((out-1)*w.strides[i]+w.reach(i)-in[i], 0)
			w.pads[i] = [2]int{total / 2, total - total/2}
			if auto == "SAME_LOWER" {
				w.pads[i] = [2]int{total - total/2, total / 2}
			}
		}
	}
	return w
}

// reach is how far a window extends on an axis, its dilation included.
func (w window) reach(i int) int { return (w.size[i]-1)*w.dilations[i] + 1 }

// roundUp extends the pads at the end so that what is left over makes one more window, unless that would begin beyond the input.
func (w *window) roundUp(in []int) {
	for i := range w.size {
		span := in[i] + w.pads[i][0] + w.pads[i][1] - w.reach(i)
		out := (span+w.strides[i]-1)/w.strides[i] + 1
		if (out-1)*w.strides[i] >= in[i]+w.pads[i][0] {
			out--
		}
		w.pads[i][1] = max((out-1)*w.strides[i]+w.reach(i)-in[i]-w.pads[i][0], 0)
	}
}

// convolution is a Conv that waits for the batch norm that alone reads it, whose factor goes into the kernel.
type convolution struct {
	c       *call
	x, bias *Node // bias may be nil
	kernel  *Node // [spatial..., in/groups, out]
	w       window
	groups  int
}

// conv is Conv. x [N,C,...], kernel [M,C/groups,...], bias [M].
func conv(c *call) *value {
	v, kernel := c.input(0), c.input(1)
	rank := v.rank()
	if rank < 3 || kernel.rank() != rank {
		panic(fmt.Errorf("a kernel of shape %v on a tensor of shape %v", kernel.dims(), v.dims()))
	}
	size := kernel.dims()[2:]
	if given := c.ints("kernel_shape"); given != nil && !slices.Equal(given, size) {
		panic(fmt.Errorf("kernel_shape %v, but the kernel is of shape %v", given, kernel.dims()))
	}
	k := convolution{c: c, x: v.channelsLast(c.g), groups: c.int("group", 1)}
	k.w = c.readWindow(size, v.dims()[2:])
	if v.border != nil {
		for i, p := range v.border {
			k.w.pads[i][0] += p[0]
			k.w.pads[i][1] += p[1]
		}
	}
	k.kernel = kernel.arranged(c.g, kernelOrder(rank))
	if c.has(2) {
		k.bias = c.node(2)
	}
	if next := c.soleConsumer(c.n.Outputs[0]); next != nil && next.Op == "BatchNormalization" && c.frozenNorm(next) && kernel.constant == nil {
		return &value{waiting: &k}
	}
	return k.build(nil, nil)
}

// kernelOrder turns [out, in, spatial...] into [spatial..., in, out].
func kernelOrder(rank int) []int {
	order := make([]int, 0, rank)
	for i := 2; i < rank; i++ {
		order = append(order, i)
	}
	return append(order, 1, 0)
}

// build adds the convolution to the graph: conv(x, scale kernel) + scale bias + offset; scale and offset [M] may be nil.
func (k *convolution) build(scale, offset *Node) *value {
	rank := k.x.Rank()
	kernel, bias := k.kernel, k.bias
	if scale != nil {
		kernel = Mul(kernel, perChannel(scale, rank))
		if bias != nil {
			bias = Mul(bias, scale)
		}
	}
	if offset != nil && bias != nil {
		bias = Add(bias, offset)
	} else if offset != nil {
		bias = offset
	}
	forward := func() *Node {
		config := Convolve(k.x, kernel).StridePerAxis(k.w.strides...).PaddingPerDim(k.w.pads)
		if slices.Max(k.w.dilations) > 1 {
			config = config.DilationPerAxis(k.w.dilations...)
		}
		if k.groups > 1 {
			config = config.ChannelGroupCount(k.groups)
		}
		return config.Done()
	}
	var y *Node
	if d, ok := depthwiseOf(k.x, kernel, k.w, k.groups); ok {
		y = d.build(forward)
	} else {
		y = forward()
	}
	k.c.count(volume(y.Shape().Dimensions) * volume(kernel.Shape().Dimensions[:rank-1]))
	if bias != nil {
		y = Add(y, perChannel(bias, rank))
	}
	return fromChannelsLast(y)
}

// perChannel turns [C] into [1,...,C].
func perChannel(v *Node, rank int) *Node {
	return Reshape(v, append(slices.Repeat([]int{1}, rank-1), v.Shape().Dimensions[0])...)
}

// maxPool takes the maximum of each window; a window that reaches beyond the map sees what lies on it.
func maxPool(c *call) *value {
	v := c.input(0)
	if len(c.n.Outputs) > 1 && c.n.Outputs[1] != "" {
		panic(fmt.Errorf("the positions of the maxima, its second output, are not supported"))
	}
	in := v.dims()[2:]
	w := c.readWindow(c.ints("kernel_shape"), in)
	c.int("storage_order", 0) // of the second output
	if c.flag("ceil_mode", 0) {
		w.roundUp(in)
	}
	return fromChannelsLast(w.reduce(v.channelsLast(c.g), MaxPool))
}

// reduce runs a pool over a node [N, spatial..., C].
func (w window) reduce(x *Node, pool func(*Node) *PoolBuilder) *Node {
	if slices.Max(w.dilations) > 1 {
		around := func(list []int) []int { return append(append([]int{1}, list...), 1) }
		pads := append(append([][2]int{{}}, w.pads...), [2]int{})
		return BackendReduceWindow(x, compute.ReduceOpMax, around(w.size), around(w.strides), nil, around(w.dilations), pads)
	}
	return pool(x).WindowPerAxis(w.size...).StridePerAxis(w.strides...).PaddingPerDim(w.pads).Done()
}

// averagePool takes the mean of each window, of what lies on the map or of the pads too.
func averagePool(c *call) *value {
	v := c.input(0)
	in := v.dims()[2:]
	w := c.readWindow(c.ints("kernel_shape"), in)
	if slices.Max(w.dilations) > 1 {
		panic(fmt.Errorf("attribute dilations is %v, which is not supported", w.dilations))
	}
	padsCount := c.flag("count_include_pad", 0)
	counted := slices.Clone(w.pads) // what beyond the map counts: never what rounding up adds
	if c.flag("ceil_mode", 0) {
		w.roundUp(in)
	}
	if !padsCount {
		counted = make([][2]int, len(in))
	}
	x := v.channelsLast(c.g)
	if whole(w, in) {
		return fromChannelsLast(ReduceAndKeep(x, ReduceMean, spatialAxes(x)...))
	}
	sum := w.reduce(x, SumPool)
	counts := w.counts(in, counted, sum.Shape().Dimensions)
	if first := counts.floats[0]; !slices.ContainsFunc(counts.floats, func(v float64) bool { return v != first }) {
		return fromChannelsLast(MulScalar(sum, 1/first))
	}
	return fromChannelsLast(Div(sum, counts.node(c.g)))
}

// whole reports whether one window covers the map and nothing else.
func whole(w window, in []int) bool {
	return slices.Equal(w.size, in) && !slices.ContainsFunc(w.pads, func(p [2]int) bool { return p != [2]int{} })
}

// counts tells, for each place of the result [1, spatial..., 1], how many values its window has.
func (w window) counts(in []int, counted [][2]int, out []int) *constant {
	dims := slices.Clone(out)
	dims[0], dims[len(dims)-1] = 1, 1
	c := newConstant(isFloat, dims)
	strides := stridesOf(dims)
	for i := range c.floats {
		n := 1
		for axis := range in {
			start := i/strides[axis+1]%dims[axis+1]*w.strides[axis] - w.pads[axis][0]
			n *= min(start+w.size[axis], in[axis]+counted[axis][1]) - max(start, -counted[axis][0])
		}
		c.floats[i] = float64(n)
	}
	return c
}

func spatialAxes(x *Node) []int { return identity(x.Rank() - 1)[1:] }

// globalPool reduces the whole map of each channel to one value.
func globalPool(reduce func(x *Node, axes ...int) *Node) op {
	return one(func(c *call) *value {
		x := c.input(0).channelsLast(c.g)
		return fromChannelsLast(ReduceAndKeep(x, reduce, spatialAxes(x)...))
	})
}
