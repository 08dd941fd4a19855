package cpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/compute/dtypes"
	ml "github.com/gomlx/gomlx/core/graph"
)

// TestDepthwise compares depthwise convolutions, with bias and ReLU or without, and their gradients with the reference.
func TestDepthwise(t *testing.T) {
	for i, c := range []struct{ channels, h, w, k, stride, dilation, padStart, padEnd int }{
		{2, 5, 6, 3, 1, 1, 1, 1}, {5, 9, 40, 3, 1, 1, 1, 1}, {24, 14, 15, 3, 2, 1, 1, 1}, {8, 11, 12, 5, 1, 1, 2, 2}, {7, 12, 11, 5, 2, 1, 2, 2},
		{3, 13, 16, 7, 1, 1, 3, 3}, {4, 12, 12, 3, 1, 2, 2, 2}, {6, 8, 8, 3, 2, 1, 0, 1}, {600, 3, 3, 3, 1, 1, 1, 1}, {3, 2, 2, 5, 1, 1, 2, 2}, {130, 7, 9, 3, 1, 1, 0, 0},
	} {
		t.Run(fmt.Sprintf("%d %+v", i, c), func(t *testing.T) {
			r := random(uint64(i) + 60)
			in := []tensor{normal(r, 2, c.h, c.w, c.channels), normal(r, c.k, c.k, 1, c.channels), normal(r, 1, 1, 1, c.channels)}
			forward := func(in []*ml.Node) *ml.Node {
				conv := ml.Convolve(in[0], in[1]).StridePerAxis(c.stride, c.stride).PaddingPerDim([][2]int{{c.padStart, c.padEnd}, {c.padStart, c.padEnd}}).ChannelGroupCount(c.channels)
				if c.dilation > 1 {
					conv = conv.DilationPerAxis(c.dilation, c.dilation)
				}
				y := ml.Add(conv.Done(), in[2])
				zero := ml.ScalarZero(y.Graph(), y.DType())
				return ml.Where(ml.LessOrEqual(y, zero), zero, y)
			}
			native(t, agreeWithReference(t, "forward", 1e-5, func(in []*ml.Node) []*ml.Node { return []*ml.Node{forward(in)} }, in), "convolution, bias, ReLU")
			native(t, agreeWithReference(t, "ReLU6", 1e-5, func(in []*ml.Node) []*ml.Node { return []*ml.Node{limit(forward(in), 2)} }, in), "convolution, bias, ReLU, limit")
			plan := agreeWithReference(t, "gradients", 1e-5, func(in []*ml.Node) []*ml.Node {
				y := forward(in)
				return append(ml.Gradient(ml.ReduceAllSum(ml.Mul(y, y)), in...), y)
			}, in)
			native(t, plan, "convolution", "convolution by input", "convolution by kernel")
			if n := counts(plan)["convolution by kernel"]; n != 1 {
				t.Errorf("%d gradients by kernels", n)
			}
		})
	}
}

// limit is y, but high where it would be more.
func limit(y *ml.Node, high float64) *ml.Node {
	bound := ml.Scalar(y.Graph(), y.DType(), high)
	return ml.Where(ml.GreaterOrEqual(y, bound), bound, y)
}

// TestLimit compares dense convolutions with bias and limit, with ReLU or without, with the reference: 1x1, 3x3 (Winograd's algorithm), few channels, strides.
func TestLimit(t *testing.T) {
	for i, c := range []struct{ in, out, k, stride int }{{16, 40, 1, 1}, {40, 24, 3, 1}, {3, 32, 3, 2}, {5, 7, 3, 2}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			r := random(uint64(i) + 90)
			in := []tensor{normal(r, 2, 13, 12, c.in), normal(r, c.k, c.k, c.in, c.out), normal(r, 1, 1, 1, c.out)}
			for _, relu := range []bool{false, true} {
				native(t, agreeWithReference(t, "limit", 1e-5, func(in []*ml.Node) []*ml.Node {
					y := ml.Add(ml.Convolve(in[0], in[1]).PadSame().StridePerAxis(c.stride, c.stride).Done(), in[2])
					if relu {
						zero := ml.ScalarZero(y.Graph(), y.DType())
						y = ml.Where(ml.LessOrEqual(y, zero), zero, y)
					}
					return []*ml.Node{limit(y, 1.5)}
				}, in), map[bool]string{false: "convolution, bias, limit", true: "convolution, bias, ReLU, limit"}[relu])
			}
		})
	}
}

// TestDepthwiseGradientForms gives the gradients of depthwise convolutions as one convolution each: by channel groups, and by groups of the batch.
func TestDepthwiseGradientForms(t *testing.T) {
	images := []int{1, 2}
	for i, c := range []struct{ channels, h, w, k, stride, dilation, pad int }{
		{5, 9, 11, 3, 1, 1, 1}, {8, 12, 9, 3, 2, 1, 1}, {3, 10, 11, 5, 2, 1, 2}, {4, 9, 9, 3, 1, 2, 2}, {9, 8, 7, 3, 2, 1, 0},
	} {
		t.Run(fmt.Sprintf("%d %+v", i, c), func(t *testing.T) {
			reach := (c.k-1)*c.dilation + 1
			out := func(size int) int { return (size+2*c.pad-reach)/c.stride + 1 }
			spread := func(size int) int { return (out(size)-1)*c.stride + 1 }
			pads := func(f func(size int) [2]int) [][2]int { return [][2]int{f(c.h), f(c.w)} }
			strides, dilations := []int{c.stride, c.stride}, []int{c.dilation, c.dilation}
			r := random(uint64(i) + 80)
			in := []tensor{normal(r, 2, c.h, c.w, c.channels), normal(r, c.k, c.k, 1, c.channels), normal(r, 2, out(c.h), out(c.w), c.channels)}
			plan := agreeWithReference(t, "gradients", 1e-5, func(in []*ml.Node) []*ml.Node {
				x, w, dy := in[0], in[1], in[2]
				dx := ml.ConvGeneral(dy, ml.Reverse(w, 0, 1), ml.ConvolveAxesConfig{InputBatch: 0, InputChannels: 3, InputSpatial: images, KernelInputChannels: 2,
					KernelOutputChannels: 3, KernelSpatial: []int{0, 1}, OutputBatch: 0, OutputChannels: 3, OutputSpatial: images},
					nil, pads(func(size int) [2]int { return [2]int{reach - 1 - c.pad, size - spread(size) + c.pad} }), strides, dilations, c.channels, 1)
				dw := ml.ConvGeneral(x, dy, ml.ConvolveAxesConfig{InputBatch: 3, InputChannels: 0, InputSpatial: images, KernelInputChannels: 0,
					KernelOutputChannels: 3, KernelSpatial: images, OutputBatch: 3, OutputChannels: 0, OutputSpatial: images},
					dilations, pads(func(size int) [2]int { return [2]int{c.pad, spread(size) + reach - 1 - size - c.pad} }), nil, strides, 1, c.channels)
				return []*ml.Node{dx, dw}
			}, in)
			native(t, plan, "convolution by input", "convolution by kernel")
		})
	}
}

// TestReLU6Gradient compares the gradient of a convolution with bias and ReLU6 with the reference: it reads the result alone, in one group.
func TestReLU6Gradient(t *testing.T) {
	r := random(95)
	in := []tensor{normal(r, 2, 9, 8, 6), normal(r, 1, 1, 6, 16), normal(r, 1, 1, 1, 16), normal(r, 1, 1, 16, 5)}
	plan := agreeWithReference(t, "gradients", 1e-5, func(in []*ml.Node) []*ml.Node {
		y := ml.Add(ml.Convolve(in[0], in[1]).Done(), in[2])
		zero := ml.ScalarZero(y.Graph(), y.DType())
		y = limit(ml.Where(ml.LessOrEqual(y, zero), zero, y), 1.5)
		y = ml.Convolve(y, in[3]).Done()
		return append(ml.Gradient(ml.ReduceAllSum(ml.Mul(y, y)), in...), y)
	}, in)
	native(t, plan, "convolution, bias, ReLU, limit")
	for _, s := range plan.steps {
		if s.program == nil {
			continue
		}
		for _, n := range append(slices.Clone(s.reads), s.writes...) {
			if n.shape.DType == dtypes.Bool {
				t.Errorf("%s keeps where the limit is reached", s.name)
			}
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(plan.steps), func(s step) bool { return s.program == nil })); n != 2 {
		t.Errorf("%d groups; expected the gradient and the square of what follows", n)
	}
}

// TestConstantBias has a bias that is the same for all channels, which no tensor holds.
func TestConstantBias(t *testing.T) {
	r := random(96)
	agreeWithReference(t, "bias", 1e-5, func(in []*ml.Node) []*ml.Node {
		bias := ml.BroadcastToDims(ml.Scalar(in[0].Graph(), in[0].DType(), 3), 1, 1, 1, 16)
		return []*ml.Node{ml.Add(ml.Convolve(in[0], in[1]).Done(), ml.BroadcastToDims(bias, 2, 9, 8, 16))}
	}, []tensor{normal(r, 2, 9, 8, 6), normal(r, 1, 1, 6, 16)})
}
