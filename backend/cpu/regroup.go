package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// GoMLX takes the gradients of a convolution of groups, such as a depthwise one, group by group: of slices of x, dy and the kernel, whose gradients it
// concatenates. That would be thousands of small convolutions.

// regroup turns a concatenation of the gradients of a convolution's groups into the gradient of the whole.
func (g *graph) regroup(n *node) {
	if n.kind != compute.OpTypeConcatenate || len(n.in) < 2 {
		return
	}
	part := n.in[0]
	args, ok := part.args.(*convGradientArgs)
	if !ok {
		return
	}
	a := args.axes
	first, second, concatenated := a.OutputChannels, a.KernelOutputChannels, a.InputChannels // of dy, w and dx
	if part.kind == opKernelGradient {
		first, second, concatenated = a.InputChannels, a.OutputChannels, a.KernelOutputChannels // of x, dy and dw
	}
	if n.args.(*concatenateArgs).axis != concatenated {
		return
	}
	for i, in := range n.in {
		other, ok := in.args.(*convGradientArgs)
		if !ok || in.kind != part.kind || other.shape != args.shape || !sameAxes(other.axes, a) ||
			!in.in[0].isPart(part.in[0], first, i) || !in.in[1].isPart(part.in[1], second, i) {
			return
		}
	}
	whole := []*node{part.in[0].in[0], part.in[1].in[0]}
	s := args.shape
	s.Groups = len(n.in)
	s.Cin *= s.Groups
	s.Cout *= s.Groups
	if whole[0].dims()[first] != s.Groups*part.in[0].dims()[first] || whole[1].dims()[second] != s.Groups*part.in[1].dims()[second] {
		return
	}
	if _, ok := g.prepare(s, args.ho, args.wo); ok {
		n.kind, n.in, n.args = part.kind, whole, &convGradientArgs{a, s, args.ho, args.wo}
	}
}

// isPart reports whether n is slice i along an axis, as long as the given one, of what that is the first slice of.
func (n *node) isPart(first *node, axis, i int) bool {
	a, ok := n.args.(*sliceArgs)
	b, is := first.args.(*sliceArgs)
	if !ok || !is || n.in[0] != first.in[0] || !n.shape.Equal(first.shape) || b.starts[axis] != 0 {
		return false
	}
	for k, start := range a.starts {
		switch {
		case len(a.strides) > 0 && a.strides[k] != 1:
			return false
		case k == axis && start != i*n.dims()[k], k != axis && n.dims()[k] != n.in[0].dims()[k]:
			return false
		}
	}
	return true
}

func sameAxes(a, b compute.ConvolveAxesConfig) bool {
	list := func(c compute.ConvolveAxesConfig) []int {
		return slices.Concat([]int{c.InputBatch, c.InputChannels, c.KernelInputChannels, c.KernelOutputChannels, c.OutputBatch, c.OutputChannels},
			c.InputSpatial, c.KernelSpatial, c.OutputSpatial)
	}
	return slices.Equal(list(a), list(b))
}
