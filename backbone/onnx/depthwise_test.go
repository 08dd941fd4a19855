package onnx

import (
	"fmt"
	"math/rand/v2"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// A depthwise convolution's own gradients are those that GoMLX takes channel by channel, in far fewer nodes.
func TestDepthwiseGradients(t *testing.T) {
	const channels = 24
	for i, c := range []struct {
		h, w, k, stride, dilation int
		pads                      [][2]int
	}{
		{9, 8, 3, 1, 1, [][2]int{{1, 1}, {1, 1}}}, {9, 8, 3, 2, 1, [][2]int{{1, 1}, {1, 1}}}, {8, 8, 3, 2, 1, [][2]int{{0, 1}, {0, 1}}},
		{10, 11, 5, 2, 1, [][2]int{{2, 2}, {1, 2}}}, {9, 9, 3, 1, 2, [][2]int{{2, 2}, {0, 0}}}, {7, 6, 5, 1, 1, [][2]int{{0, 0}, {0, 0}}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			w := window{size: []int{c.k, c.k}, strides: []int{c.stride, c.stride}, dilations: []int{c.dilation, c.dilation}, pads: c.pads}
			rng := rand.New(rand.NewPCG(uint64(i), 5))
			tensor := func(dims ...int) *tensors.Tensor {
				values := make([]float32, volume(dims))
				for i := range values {
					values[i] = float32(rng.NormFloat64())
				}
				return tensors.FromFlatDataAndDimensions(values, dims...)
			}
			x, kernel := tensor(2, c.h, c.w, channels), tensor(c.k, c.k, 1, channels)
			gradients := func(build func(x, kernel *Node, plain func() *Node) *Node) (results [][]float32, nodes int) {
				exec := MustNewExec(testBackend(t), func(x, kernel *Node) []*Node {
					y := build(x, kernel, func() *Node {
						config := Convolve(x, kernel).StridePerAxis(w.strides...).PaddingPerDim(w.pads).ChannelGroupCount(channels)
						if c.dilation > 1 {
							config = config.DilationPerAxis(w.dilations...)
						}
						return config.Done()
					})
					list := append(Gradient(ReduceAllSum(Mul(y, Sin(y))), x, kernel), y)
					nodes = len(x.Graph().Nodes())
					return list
				})
				for _, out := range exec.MustCall(x, kernel) {
					results = append(results, tensors.MustCopyFlatData[float32](out))
				}
				return results, nodes
			}
			want, many := gradients(func(_, _ *Node, plain func() *Node) *Node { return plain() })
			got, few := gradients(func(x, kernel *Node, plain func() *Node) *Node {
				d, ok := depthwiseOf(x, kernel, w, channels)
				if !ok {
					t.Error("not recognised")
				}
				return d.build(plain)
			})
			if few > 60 || many < 4*few {
				t.Errorf("%d nodes, channel by channel %d", few, many)
			}
			for k := range want {
				for j, v := range want[k] {
					if d := got[k][j] - v; d > 1e-4 || d < -1e-4 {
						t.Fatalf("result %d, place %d: %g, want %g", k, j, got[k][j], v)
					}
				}
			}
		})
	}
}
