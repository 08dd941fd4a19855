package cpu

import (
	"slices"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/kernel"
)

// convGradientArgs are those of opInputGradient(dy, w) and opKernelGradient(x, dy): the convolution that they are a gradient of.
type convGradientArgs struct {
	axes   compute.ConvolveAxesConfig // of the convolution
	shape  kernel.ConvShape
	ho, wo int // of the convolution's output
}

// gradients turns the convolutions by which GoMLX takes the gradients of a convolution into the planner's own operations.
func (g *graph) gradients(n *node) {
	if n.kind != compute.OpTypeConvGeneral {
		return
	}
	c, ok := convolutionOf(n)
	if !ok {
		return
	}
	if w, args, ok := g.inputGradient(n, c); ok {
		n.kind, n.in, n.args = opInputGradient, []*node{c.x, w}, args
	} else if args, ok := g.kernelGradient(n, c); ok {
		n.kind, n.in, n.args = opKernelGradient, []*node{c.x, c.w}, args
	}
}

// inputGradient reads n as the gradient with respect to the input: dy, dilated by the strides, with the reversed kernel, whose channels have
// changed their roles. w is the kernel as it was before it was reversed. Of convolutions of groups only depthwise ones are recognised, where each group
// has one channel on either side, so that there is nothing to change.
func (g *graph) inputGradient(n *node, c convolution) (w *node, args *convGradientArgs, ok bool) {
	a := c.axes
	if c.batchGroups != 1 || c.strides[0] != 1 || c.strides[1] != 1 || c.w.kind != compute.OpTypeReverse || !slices.Equal(sorted(c.w.args.(*reverseArgs).axes), sorted(a.KernelSpatial)) {
		return nil, nil, false
	}
	w = c.w.in[0]
	dx, dy, k := n.dims(), c.x.dims(), w.dims()
	if c.channelGroups > 1 && (dx[a.OutputChannels] != c.channelGroups || dy[a.InputChannels] != c.channelGroups) {
		return nil, nil, false
	}
	at := func(dims, axes []int, i int) int { return dims[axes[i]] }
	s := kernel.ConvShape{
		N: dx[a.OutputBatch], H: at(dx, a.OutputSpatial, 0), W: at(dx, a.OutputSpatial, 1), Cin: dx[a.OutputChannels], Cout: dy[a.InputChannels],
		KH: at(k, a.KernelSpatial, 0), KW: at(k, a.KernelSpatial, 1),
		StrideH: c.inDilation[0], StrideW: c.inDilation[1], DilationH: c.kDilation[0], DilationW: c.kDilation[1], Groups: c.channelGroups,
	}
	// The padding of the convolution that this one is the gradient of.
	s.PadTop = (s.KH-1)*c.kDilation[0] - c.pads[0][0]
	s.PadLeft = (s.KW-1)*c.kDilation[1] - c.pads[1][0]
	ho, wo := at(dy, a.InputSpatial, 0), at(dy, a.InputSpatial, 1)
	forward := compute.ConvolveAxesConfig{
		InputBatch: a.OutputBatch, InputChannels: a.OutputChannels, InputSpatial: a.OutputSpatial,
		KernelInputChannels: a.KernelOutputChannels, KernelOutputChannels: a.KernelInputChannels, KernelSpatial: a.KernelSpatial,
		OutputBatch: a.InputBatch, OutputChannels: a.InputChannels, OutputSpatial: a.InputSpatial,
	}
	if c.channelGroups > 1 {
		forward.KernelInputChannels, forward.KernelOutputChannels = a.KernelInputChannels, a.KernelOutputChannels
	}
	args, ok = g.gradientOf(s, forward, ho, wo)
	return w, args, ok
}

// kernelGradient reads n as the gradient with respect to the kernel: x with dy as its kernel, batch and channels having changed their roles. Every
// convolution can be read so; it is one where what is summed over leads. Groups of the batch are the convolution's groups.
func (g *graph) kernelGradient(n *node, c convolution) (args *convGradientArgs, ok bool) {
	a := c.axes
	if c.channelGroups != 1 || a.InputChannels != 0 || c.inDilation[0] != 1 || c.inDilation[1] != 1 {
		return nil, false
	}
	x, dy, dw := c.x.dims(), c.w.dims(), n.dims()
	at := func(dims, axes []int, i int) int { return dims[axes[i]] }
	s := kernel.ConvShape{
		N: x[a.InputChannels], H: at(x, a.InputSpatial, 0), W: at(x, a.InputSpatial, 1), Cin: x[a.InputBatch], Cout: dy[a.KernelOutputChannels],
		KH: at(dw, a.OutputSpatial, 0), KW: at(dw, a.OutputSpatial, 1),
		StrideH: c.kDilation[0], StrideW: c.kDilation[1], DilationH: c.strides[0], DilationW: c.strides[1],
		PadTop: c.pads[0][0], PadLeft: c.pads[1][0], Groups: c.batchGroups,
	}
	ho, wo := at(dy, a.KernelSpatial, 0), at(dy, a.KernelSpatial, 1)
	forward := compute.ConvolveAxesConfig{
		InputBatch: a.InputChannels, InputChannels: a.InputBatch, InputSpatial: a.InputSpatial,
		KernelInputChannels: a.OutputBatch, KernelOutputChannels: a.OutputChannels, KernelSpatial: a.OutputSpatial,
		OutputBatch: a.KernelInputChannels, OutputChannels: a.KernelOutputChannels, OutputSpatial: a.KernelSpatial,
	}
	return g.gradientOf(s, forward, ho, wo)
}

// gradientOf finishes a gradient's geometry, where the kernels know it.
func (g *graph) gradientOf(s kernel.ConvShape, forward compute.ConvolveAxesConfig, ho, wo int) (*convGradientArgs, bool) {
	s.PadBottom = endPad(ho, s.StrideH, s.KH, s.DilationH, s.H, s.PadTop)
	s.PadRight = endPad(wo, s.StrideW, s.KW, s.DilationW, s.W, s.PadLeft)
	if _, ok := g.prepare(s, ho, wo); !ok {
		return nil, false
	}
	return &convGradientArgs{forward, s, ho, wo}, true
}

// endPad is the padding at the end that makes a convolution's output out pixels long.
func endPad(out, stride, k, dilation, in, start int) int {
	return (out-1)*stride + (k-1)*dilation + 1 - in - start
}

// planInputGradient takes dx of dy and w, channels innermost.
func planInputGradient(p *planner, n *node) (bool, error) {
	args := n.args.(*convGradientArgs)
	dy, w := n.in[0], n.in[1]
	conv := p.g.convolutions[args.shape]
	dxs, dys, ws := p.slot(n), p.slot(dy), p.slot(w)
	p.add("convolution by input", []*node{n}, []*node{dy, w}, func(w *workspace) func() error {
		return func() error {
			conv.BackwardInput(w.pool, w.f32[dxs], 0, w.f32[dys], 0, w.f32[ws], kernel.Epilogue{})
			return nil
		}
	})
	return true, nil
}

// planKernelGradient takes dw of x and dy, channels innermost.
func planKernelGradient(p *planner, n *node) (bool, error) {
	args := n.args.(*convGradientArgs)
	x, dy := n.in[0], n.in[1]
	conv := p.g.convolutions[args.shape]
	dws, xs, dys := p.slot(n), p.slot(x), p.slot(dy)
	p.add("convolution by kernel", []*node{n}, []*node{x, dy}, func(w *workspace) func() error {
		return func() error {
			conv.BackwardKernel(w.pool, w.f32[dws], w.f32[xs], 0, w.f32[dys], 0, false)
			return nil
		}
	})
	return true, nil
}
