package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	ml "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors/images"
)

// firstAxes has images' channels first, as ONNX does, and kernels [Cout,Cin,KH,KW].
var firstAxes = ml.ConvolveAxesConfig{
	InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3},
	KernelOutputChannels: 0, KernelInputChannels: 1, KernelSpatial: []int{2, 3},
	OutputBatch: 0, OutputChannels: 1, OutputSpatial: []int{2, 3},
}

// channelsFirst draws a network with channels first; its weights are taken from one vector.
type channelsFirst struct {
	r       *rand.Rand
	weights *ml.Node
	at      int
}

func (c *channelsFirst) weight(dims ...int) *ml.Node {
	n := 1
	for _, d := range dims {
		n *= d
	}
	w := ml.Slice(c.weights, ml.AxisRange(c.at, c.at+n))
	c.at += n
	return ml.Reshape(w, dims...)
}

func (c *channelsFirst) conv(x *ml.Node, out, k, stride, groups int) *ml.Node {
	in := x.Shape().Dimensions[1]
	y := ml.Convolve(x, ml.MulScalar(c.weight(out, in/groups, k, k), 0.3)).AxesConfig(firstAxes).StridePerAxis(stride, stride).
		PaddingPerDim([][2]int{{k / 2, k / 2}, {k / 2, k / 2}}).ChannelGroupCount(groups).Done()
	return y
}

// norm is batch norm with fixed statistics as importers write it: factors [1,C,1,1].
func (c *channelsFirst) norm(x *ml.Node) *ml.Node {
	n := x.Shape().Dimensions[1]
	scale, shift := ml.Reshape(c.weight(n), 1, n, 1, 1), ml.Reshape(c.weight(n), 1, n, 1, 1)
	return ml.Add(ml.Mul(x, ml.AddScalar(ml.MulScalar(scale, 0.2), 1)), shift)
}

func (c *channelsFirst) statistics(x *ml.Node) *ml.Node {
	n := float64(x.Shape().Size() / x.Shape().Dimensions[1])
	mean := ml.MulScalar(ml.ReduceAndKeep(x, ml.ReduceSum, 0, 2, 3), 1/n)
	off := ml.Sub(x, mean)
	variance := ml.MulScalar(ml.ReduceAndKeep(ml.Square(off), ml.ReduceSum, 0, 2, 3), 1/n)
	return ml.Div(off, ml.Sqrt(ml.AddScalar(variance, 0.1)))
}

func relu6(x *ml.Node) *ml.Node { return ml.MinScalar(ml.MaxScalar(x, 0), 6) }

// squeeze is a block of squeeze and excitation. (The mean of what statistics gives would be roundings alone.)
func (c *channelsFirst) squeeze(x *ml.Node) *ml.Node {
	d := x.Shape().Dimensions
	s := ml.MulScalar(ml.ReduceSum(ml.Tanh(ml.AddScalar(x, 0.5)), 2, 3), 1/float64(d[2]*d[3]))
	s = ml.MatMul(s, ml.MulScalar(c.weight(d[1], d[1]), 0.3))
	return ml.Mul(x, ml.Reshape(ml.Sigmoid(s), d[0], d[1], 1, 1))
}

// layer draws one layer.
func (c *channelsFirst) layer(x *ml.Node) *ml.Node {
	d := x.Shape().Dimensions
	switch c.r.IntN(13) {
	case 0, 1, 2:
		k := 1 + 2*c.r.IntN(2)
		return c.conv(x, 4+4*c.r.IntN(2), k, 1+c.r.IntN(2), 1)
	case 3:
		return c.norm(x)
	case 4:
		return ml.MaxScalar(x, 0)
	case 5:
		if min(d[2], d[3]) < 3 {
			return ml.Neg(x)
		}
		return ml.MaxPool(x).ChannelsAxis(images.ChannelsFirst).Window(3).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
	case 6:
		return ml.Concatenate([]*ml.Node{c.conv(x, 4, 1, 1, 1), ml.Tanh(x)}, 1)
	case 7:
		return ml.Add(x, c.conv(ml.MaxScalar(c.conv(x, 8, 1, 1, 1), 0), d[1], 3, 1, 1))
	case 8:
		return c.squeeze(x)
	case 9:
		return ml.Pad(x, ml.ConstAs(x, 0.5), ml.PadAxis{}, ml.PadAxis{}, ml.PadAxis{Start: 1}, ml.PadAxis{Start: 1, End: 2})
	case 10:
		if d[1] < 4 {
			return ml.Abs(x)
		}
		return ml.Slice(x, ml.AxisRange(), ml.AxisRange(1, d[1]-1), ml.AxisRange(), ml.AxisRange())
	case 11:
		return ml.Transpose(ml.Reshape(ml.Transpose(ml.Reshape(x, d[0], d[1], d[2]*d[3]), 1, 2), d[0], d[2], d[3], d[1]), 1, 3) // and in a way back
	}
	return c.statistics(x)
}

// head ends a network.
func (c *channelsFirst) head(x *ml.Node) *ml.Node {
	d := x.Shape().Dimensions
	switch c.r.IntN(3) {
	case 0:
		return ml.ReduceSum(ml.Tanh(ml.AddScalar(x, 0.5)), 2, 3)
	case 1:
		return ml.Reshape(x, d[0], d[1]*d[2]*d[3])
	}
	return x
}

// TestChannelsFirst compares random networks with channels first, and their gradients, with the reference.
func TestChannelsFirst(t *testing.T) {
	rounds := 120
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		r := random(uint64(seed) + 100)
		in := []tensor{normal(r, 1+r.IntN(3), 3+r.IntN(3), 6+r.IntN(5), 5+r.IntN(6)), normal(r, 12000)}
		drawn := r.Uint64()
		g := func(in []*ml.Node) []*ml.Node {
			c := &channelsFirst{r: random(drawn), weights: in[1]}
			x := in[0]
			for range 2 + c.r.IntN(6) {
				x = c.layer(x)
			}
			y := c.head(x)
			loss := ml.ReduceAllSum(ml.Log(ml.AddScalar(ml.Square(y), 1)))
			return append([]*ml.Node{y, loss}, ml.Gradient(loss, in...)...)
		}
		agreeWithReference(t, fmt.Sprint(seed), 1e-4, g, in)
	}
}

// agreeWithReference compares a graph on both backends by the length of the differences, and returns the plan.
func agreeWithReference(t *testing.T, name string, tolerance float64, g func(in []*ml.Node) []*ml.Node, in []tensor) *executable {
	t.Helper()
	s := &spy{Backend: tested()}
	got, err := gradients(s, g, in)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want, err := gradients(reference(), g, in)
	if err != nil {
		t.Fatalf("%s: the reference: %v", name, err)
	}
	for i := range want {
		if isZero(want[i]) && isZero(got[i]) { // no weight is used
			continue
		}
		if d := distance(t, got[i], want[i]); !(d <= tolerance) {
			t.Errorf("%s: result %d of shape %s differs by %.2g of its length; the plan: %v", name, i, want[i].shape, d, counts(s.plans[0]))
		}
	}
	return s.plans[0]
}

func isZero(x tensor) bool {
	return !slices.ContainsFunc(x.flat.([]float32), func(v float32) bool { return v != 0 })
}

// TestBlocksRunNatively asks of blocks of well-known networks, channels first, that nothing of them and their gradients runs on the portable backend,
// and that images are laid out anew at the input alone.
func TestBlocksRunNatively(t *testing.T) {
	blocks := map[string]func(c *channelsFirst, x *ml.Node) *ml.Node{
		"ResNet": func(c *channelsFirst, x *ml.Node) *ml.Node {
			x = ml.MaxScalar(c.norm(c.conv(x, 16, 7, 2, 1)), 0)
			x = ml.MaxPool(x).ChannelsAxis(images.ChannelsFirst).Window(3).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
			y := ml.MaxScalar(c.norm(c.conv(x, 16, 1, 1, 1)), 0)
			y = ml.MaxScalar(c.norm(c.conv(y, 16, 3, 1, 1)), 0)
			y = c.norm(c.conv(y, 16, 1, 1, 1))
			return ml.MaxScalar(ml.Add(x, y), 0)
		},
		"MobileNet": func(c *channelsFirst, x *ml.Node) *ml.Node {
			x = relu6(c.norm(c.conv(x, 8, 3, 2, 1)))
			y := relu6(c.norm(c.conv(x, 24, 1, 1, 1)))
			y = relu6(c.norm(c.conv(y, 24, 3, 1, 24)))
			return ml.Add(x, c.norm(c.conv(y, 8, 1, 1, 1)))
		},
	}
	for name, block := range blocks {
		t.Run(name, func(t *testing.T) {
			r := random(7)
			in := []tensor{normal(r, 2, 3, 32, 32), normal(r, 20000)}
			g := func(in []*ml.Node) []*ml.Node {
				c := &channelsFirst{r: r, weights: in[1]}
				y := ml.MulScalar(ml.ReduceSum(block(c, in[0]), 2, 3), 1.0/64)
				loss := ml.ReduceAllSum(ml.Log(ml.AddScalar(ml.Square(y), 1)))
				return append([]*ml.Node{y, loss}, ml.Gradient(loss, in...)...)
			}
			plan := agreeWithReference(t, name, 1e-4, g, in)
			native(t, plan)
			if n := counts(plan)["convolution by kernel"]; n > 6 {
				t.Errorf("%d gradients by kernels: a depthwise convolution's is not taken as a whole", n)
			}
			images := 0
			for _, s := range plan.steps {
				if s.name == "Transpose" && s.reads[0].bytes() > 4*9*24*24 {
					images++
				}
			}
			if images > 2 {
				t.Errorf("%d images are laid out anew: %v", images, counts(plan))
			}
		})
	}
}
