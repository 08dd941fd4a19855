package onnx

import (
	. "github.com/gomlx/gomlx/core/graph"
)

// depthwise is a convolution of each channel of x [N,H,W,C] with a kernel of its own [KH,KW,1,C].
// GoMLX takes the gradients of a convolution of groups group by group, thousands of nodes a layer
// where each channel is a group; here each gradient is one convolution.
type depthwise struct {
	x, kernel *Node
	w         window
	out       []int // the spatial sizes of the result
	// The paddings of the convolutions that are the gradients with respect to x and to the kernel.
	inputPads, kernelPads [][2]int
}

// depthwiseOf returns false for other convolutions, and for paddings wider than the kernel reaches.
func depthwiseOf(x, kernel *Node, w window, groups int) (d depthwise, ok bool) {
	if x.Rank() != 4 || groups == 1 || kernel.Shape().Dimensions[2] != 1 || kernel.Shape().Dimensions[3] != groups {
		return d, false
	}
	d = depthwise{x: x, kernel: kernel, w: w, out: make([]int, 2), inputPads: make([][2]int, 2), kernelPads: make([][2]int, 2)}
	for i := range 2 {
		size, reach, start := x.Shape().Dimensions[1+i], w.reach(i), w.pads[i][0]
		d.out[i] = (size+start+w.pads[i][1]-reach)/w.strides[i] + 1
		spread := (d.out[i]-1)*w.strides[i] + 1 // of dy, dilated by the stride
		d.inputPads[i] = [2]int{reach - 1 - start, size - spread + start}
		d.kernelPads[i] = [2]int{start, spread + reach - 1 - size - start}
		if d.inputPads[i][0] < 0 || d.inputPads[i][1] < 0 {
			return d, false
		}
	}
	return d, true
}

// build adds the convolution that forward gives, with d's gradients. GoMLX has gradients of one's
// own only for an identity, so they hang on a second expression of the same shape, which is
// differentiated in the first one's place and never computed.
func (d depthwise) build(forward func() *Node) *Node {
	y, fused := InternalFusedOpCaller(forward, d.differentiated, true)
	if !fused { // the environment switches it off
		return forward()
	}
	return y
}

// differentiated is what stands for the convolution when its gradients are taken.
func (d depthwise) differentiated() *Node {
	var dy *Node
	x := IdentityWithCustomGradient(d.x, func(_, _ *Node) *Node { return d.byInput(dy) })
	kernel := IdentityWithCustomGradient(d.kernel, func(_, _ *Node) *Node { return d.byKernel(dy) })
	both := Add(ReduceAllSum(x), ReduceAllSum(kernel))
	shape := d.x.Shape().Dimensions
	y := BroadcastToDims(both, shape[0], d.out[0], d.out[1], shape[3])
	return IdentityWithCustomGradient(y, func(_, v *Node) *Node { dy = v; return v })
}

// images are the axes of x [N,H,W,C].
var images = []int{1, 2}

// byInput is the gradient with respect to x: dy, dilated by the strides, with the reversed kernel.
func (d depthwise) byInput(dy *Node) *Node {
	axes := ConvolveAxesConfig{InputBatch: 0, InputChannels: 3, InputSpatial: images, KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 3, OutputSpatial: images}
	return ConvGeneral(dy, Reverse(d.kernel, 0, 1), axes, nil, d.inputPads, d.w.strides, d.w.dilations, d.x.Shape().Dimensions[3], 1)
}

// byKernel is the gradient with respect to the kernel: x with dy as its kernel, batch and channels
// having changed their roles, channel by channel.
func (d depthwise) byKernel(dy *Node) *Node {
	axes := ConvolveAxesConfig{InputBatch: 3, InputChannels: 0, InputSpatial: images, KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: images,
		OutputBatch: 3, OutputChannels: 0, OutputSpatial: images}
	dw := ConvGeneral(d.x, dy, axes, d.w.dilations, d.kernelPads, nil, d.w.strides, 1, d.x.Shape().Dimensions[3])
	return TransposeAllAxes(dw, 1, 2, 3, 0) // [C,KH,KW,1]
}
