package cpu

import (
	"slices"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/kernel"
)

// convolver is a convolution ready to run, with its gradients.
type convolver interface {
	Forward(p *kernel.Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e kernel.Epilogue)
	BackwardInput(p *kernel.Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e kernel.Epilogue)
	BackwardKernel(p *kernel.Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool)
}

// convolution is ConvGeneral's arguments by name.
type convolution struct {
	x, w                           *node
	scale                          *node // [1,1,1,Cout], a factor of each output channel, or nil: the planner's own, see scaled
	axes                           compute.ConvolveAxesConfig
	strides, inDilation, kDilation []int
	pads                           [][2]int
	channelGroups, batchGroups     int
}

func convolutionOf(n *node) (c convolution, ok bool) {
	if !n.float() || !n.in[0].float() || !n.in[1].float() || n.shape.Rank() != 4 {
		return c, false
	}
	args := n.args.(*convGeneralArgs)
	c = convolution{x: n.in[0], w: n.in[1], axes: args.axes}
	if n.scaled {
		c.scale = n.in[2]
	}
	c.strides, c.inDilation, c.kDilation = pair(args.strides, 1), pair(args.inputDilations, 1), pair(args.kernelDilations, 1)
	c.pads = args.paddings
	if len(c.pads) == 0 {
		c.pads = make([][2]int, 2)
	}
	c.channelGroups, c.batchGroups = max(args.channelGroupCount, 1), max(args.batchGroupCount, 1)
	return c, true
}

// pair returns the setting of both spatial axes.
func pair(v []int, missing int) []int {
	if len(v) == 0 {
		return []int{missing, missing}
	}
	return v
}

// planConvolution takes convolutions of a network with channels innermost.
func planConvolution(p *planner, n *node) (bool, error) {
	c, ok := convolutionOf(n)
	return ok && planForward(p, n, c), nil
}

// innermost reports whether images are [N,H,W,C] on both sides.
func (c convolution) innermost() bool {
	a := c.axes
	return a.InputBatch == 0 && a.InputChannels == 3 && slices.Equal(a.InputSpatial, []int{1, 2}) &&
		a.OutputBatch == 0 && a.OutputChannels == 3 && slices.Equal(a.OutputSpatial, []int{1, 2})
}

// forward returns the plan of n as x [N,H,W,Cin] with w [KH,KW,Cin/Groups,Cout].
func (g *graph) forward(n *node, c convolution) (convolver, bool) {
	a := c.axes
	if c.batchGroups != 1 || !c.innermost() || !slices.Equal(a.KernelSpatial, []int{0, 1}) || a.KernelInputChannels != 2 || a.KernelOutputChannels != 3 {
		return nil, false
	}
	x, w := c.x.dims(), c.w.dims()
	s := kernel.ConvShape{
		N: x[0], H: x[1], W: x[2], Cin: x[3], Cout: w[3], KH: w[0], KW: w[1], StrideH: c.strides[0], StrideW: c.strides[1],
		PadTop: c.pads[0][0], PadBottom: c.pads[0][1], PadLeft: c.pads[1][0], PadRight: c.pads[1][1],
		DilationH: c.kDilation[0], DilationW: c.kDilation[1], InputDilationH: c.inDilation[0], InputDilationW: c.inDilation[1], Groups: c.channelGroups,
	}
	return g.prepare(s, n.dims()[1], n.dims()[2])
}

// planForward takes what forward does.
func planForward(p *planner, n *node, c convolution) bool {
	k, ok := p.g.forward(n, c)
	if !ok {
		return false
	}
	e, ok := epilogueOf(n)
	if !ok {
		p.convolve("convolution", c, k, epilogue{out: n})
		return true
	}
	n.place = nowhere
	if p.deferred == nil {
		p.deferred = map[*group]func(){}
	}
	p.deferred[e.out.group] = func() { p.convolve(e.name(), c, k, e) }
	return true
}

// convolve adds the step of a forward convolution with what its last pass does. Where its result is only concatenated, it is written right there.
func (p *planner) convolve(name string, c convolution, k convolver, e epilogue) {
	out, at, apart := e.out, 0, e.out.dims()[3]
	if whole, first, ok := concatenated(e.out); ok {
		if p.joined == nil {
			p.joined = map[*node]bool{}
		}
		p.joined[e.out], e.out.place = true, nowhere
		out, at, apart = whole, first, whole.dims()[3]
	}
	xs, ws, ys := p.slot(c.x), p.slot(c.w), p.slot(out)
	reads := []*node{c.x, c.w}
	optional := func(n *node) func(w *workspace) []float32 {
		if n == nil {
			return func(*workspace) []float32 { return nil }
		}
		reads = append(reads, n)
		slot := p.slot(n)
		return func(w *workspace) []float32 { return w.f32[slot] }
	}
	scale, bias := optional(c.scale), optional(e.bias)
	p.add(name, []*node{out}, reads, func(w *workspace) func() error {
		return func() error {
			k.Forward(w.pool, w.f32[ys][at:], apart, w.f32[xs], 0, w.f32[ws], kernel.Epilogue{Scale: scale(w), Bias: bias(w), ReLU: e.relu, Limit: e.limit})
			return nil
		}
	})
}

// prepare makes the kernel's plan, once for each geometry, where it is one that the kernels know and gives ho x wo pixels.
func (g *graph) prepare(s kernel.ConvShape, ho, wo int) (convolver, bool) {
	if s.Check() != nil {
		return nil, false
	}
	if h, w := s.Output(); h != ho || w != wo {
		return nil, false
	}
	if c, ok := g.convolutions[s]; ok {
		return c, true
	}
	var c convolver
	if d := kernel.NewDepthwise(s); d != nil {
		c = d
	} else if conv, err := kernel.NewConv(s, kernel.ConvOptions{Precision: g.precision}); err == nil {
		c = conv
	} else {
		return nil, false
	}
	if g.convolutions == nil {
		g.convolutions = map[kernel.ConvShape]convolver{}
	}
	g.convolutions[s] = c
	return c, true
}

func sorted(v []int) []int { return slices.Sorted(slices.Values(v)) }
