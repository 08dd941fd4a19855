package onnx

import (
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// convTranspose is ConvTranspose, the gradient of a convolution with respect to its input: a
// convolution, by the mirrored kernel, of the map with zeros between its values. x [N,C,...],
// kernel [C,M/groups,...], bias [M].
func convTranspose(c *call) *value {
	v, kernel := c.input(0), c.input(1)
	rank := v.rank()
	if rank < 3 || kernel.rank() != rank || kernel.dims()[0] != v.dims()[1] {
		panic(fmt.Errorf("a kernel of shape %v on a tensor of shape %v", kernel.dims(), v.dims()))
	}
	size, in := kernel.dims()[2:], v.dims()[2:]
	if given := c.ints("kernel_shape"); given != nil && !slices.Equal(given, size) {
		panic(fmt.Errorf("kernel_shape %v, but the kernel is of shape %v", given, kernel.dims()))
	}
	groups := c.int("group", 1)
	if groups < 1 || v.dims()[1]%groups != 0 {
		panic(fmt.Errorf("%d groups of %d channels", groups, v.dims()[1]))
	}
	strides, dilations, pads := c.transposedWindow(size, in)

	around := make([]compute.PadAxis, rank) // of [N, spatial..., C]
	x := v.channelsLast(c.g)
	for i := range size {
		reach := (size[i] - 1) * dilations[i]
		around[1+i] = compute.PadAxis{Start: max(reach-pads[i][0], 0), End: max(reach-pads[i][1], 0), Interior: strides[i] - 1}
	}
	x = Pad(x, ScalarZero(c.g, x.DType()), around...)
	config := Convolve(x, c.mirroredKernel(kernel, groups)).NoPadding()
	if slices.Max(dilations) > 1 {
		config = config.DilationPerAxis(dilations...)
	}
	if groups > 1 {
		config = config.ChannelGroupCount(groups)
	}
	y := config.Done()
	c.count(volume(in) * volume(kernel.dims()) * v.dims()[0])
	for i := range size { // pads wider than the kernel's reach cut off
		reach := (size[i] - 1) * dilations[i]
		first, last := max(pads[i][0]-reach, 0), y.Shape().Dimensions[1+i]-max(pads[i][1]-reach, 0)
		if last <= first {
			panic(fmt.Errorf("pads %v leave nothing of axis %d", pads, 2+i))
		}
		y = SliceAxis(y, 1+i, AxisRange(first, last))
	}
	if c.has(2) {
		y = Add(y, perChannel(c.node(2), rank))
	}
	return fromChannelsLast(y)
}

// transposedWindow reads the settings of a transposed convolution, whose pads cut off what it would give.
func (c *call) transposedWindow(size, in []int) (strides, dilations []int, pads [][2]int) {
	n := len(size)
	strides, dilations = c.intsOr("strides", n, 1), c.intsOr("dilations", n, 1)
	given, extra, out := c.intsOr("pads", 2*n, 0), c.intsOr("output_padding", n, 0), c.ints("output_shape")
	if min(slices.Min(size), slices.Min(strides), slices.Min(dilations)) < 1 || min(slices.Min(given), slices.Min(extra)) < 0 {
		panic(fmt.Errorf("window %v, strides %v, dilations %v, pads %v, output_padding %v: expected numbers from 1, pads from 0", size, strides, dilations, given, extra))
	}
	auto := c.choice("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID")
	pads = make([][2]int, n)
	for i := range n {
		whole := strides[i]*(in[i]-1) + extra[i] + (size[i]-1)*dilations[i] + 1
		total := 0
		switch {
		case len(out) == n:
			total = whole - out[i]
		case auto == "SAME_UPPER" || auto == "SAME_LOWER":
			total = whole - in[i]*strides[i]
		default:
			pads[i] = [2]int{given[i], given[n+i] - extra[i]}
			continue
		}
		pads[i] = [2]int{total / 2, total - total/2 - extra[i]}
		if auto != "SAME_UPPER" && auto != "NOTSET" {
			pads[i] = [2]int{total - total/2, total/2 - extra[i]}
		}
	}
	return strides, dilations, pads
}

// mirroredKernel turns [C, M/groups, spatial...] into [spatial..., C/groups, M], the spatial axes mirrored.
func (c *call) mirroredKernel(kernel *value, groups int) *Node {
	d := kernel.dims()
	rank := len(d)
	spatial := identity(rank)[2:]
	k := Reverse(kernel.straight(c.g), spatial...)
	k = Reshape(k, append([]int{groups, d[0] / groups, d[1]}, d[2:]...)...)
	order := make([]int, 0, rank+1)
	for _, axis := range spatial {
		order = append(order, axis+1)
	}
	k = TransposeAllAxes(k, append(order, 1, 0, 2)...)
	return Reshape(k, append(slices.Clone(d[2:]), d[0]/groups, groups*d[1])...)
}
