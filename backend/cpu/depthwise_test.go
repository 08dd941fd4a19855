package cpu

import (
	"fmt"
	"testing"

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
