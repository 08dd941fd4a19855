package onnx

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas

	"github.com/dvml/dvml/internal/norm"
	"github.com/dvml/dvml/weights/onnxfile"
)

// batchNorm normalises each channel of x [N,C,...]: by its running mean and variance, or in training, where that is asked for, by the batch's.
func batchNorm(c *call) *value {
	epsilon := c.float("epsilon", 1e-5)
	momentum := c.float("momentum", 0.9)
	c.ignore("consumed_inputs", "is_test", "training_mode")
	if !c.flag("spatial", 1) {
		panic(fmt.Errorf("attribute spatial is 0, which is not supported"))
	}
	v := c.input(0)
	p := norm.Params{Scale: c.node(1), Offset: c.node(2), Mean: c.node(3), Variance: c.node(4), Epsilon: epsilon}
	if c.learnsStatistics(c.n) {
		return fromChannelsLast(p.Maps(v.channelsLast(c.g), func(mean, variance *Node) {
			c.move(c.weights[c.n.Inputs[3]], mean, 1-momentum)
			c.move(c.weights[c.n.Inputs[4]], variance, 1-momentum)
		}))
	}
	a, b := p.Fixed()
	if v.waiting != nil { // with fixed statistics the factor goes into the weights: conv(x, aW) + b
		return v.waiting.build(a, b)
	}
	x := v.channelsLast(c.g)
	return fromChannelsLast(Add(Mul(x, perChannel(a, x.Rank())), perChannel(b, x.Rank())))
}

// frozenNorm reports whether a BatchNormalization is a factor and an offset per channel in this graph.
func (b *builder) frozenNorm(n *onnxfile.Node) bool { return !b.learnsStatistics(n) }

// learnsStatistics reports whether a BatchNormalization uses the batch's statistics in this graph and moves its running ones.
func (b *builder) learnsStatistics(n *onnxfile.Node) bool {
	if !b.training || !b.statistics || len(n.Inputs) < 5 {
		return false
	}
	mean, variance := b.weights[n.Inputs[3]], b.weights[n.Inputs[4]]
	return mean != nil && variance != nil && b.move != nil
}

// standardised takes the mean over the named axes off x and divides by the root of the mean square that is left.
//
// Of y = (x - mean) / s, with dy its gradient and w = dy / s, the gradient is dx = w - mean(w) - y mean(w y): it needs y and s alone (layer norm's, Ba,
// Kiros and Hinton, 2016).
func standardised(x *Node, epsilon float64, axes ...int) *Node {
	mean := StopGradient(ReduceAndKeep(x, ReduceMean, axes...))
	d := Sub(x, mean)
	inverse := StopGradient(Reciprocal(Sqrt(AddScalar(ReduceAndKeep(Mul(d, d), ReduceMean, axes...), epsilon))))
	var y *Node
	through := IdentityWithCustomGradient(x, func(_, w *Node) *Node {
		along := ReduceAndKeep(Mul(w, y), ReduceMean, axes...)
		return Sub(Sub(w, ReduceAndKeep(w, ReduceMean, axes...)), Mul(y, along))
	})
	y = Mul(Sub(through, mean), inverse)
	return y
}

// layerNorm normalises over the axes from the named one on, then scales and shifts. Where they are read, it gives mean and 1/deviation too.
func layerNorm(c *call) []*value {
	v := c.input(0)
	first := c.axis("axis", -1, v.rank())
	epsilon := c.float("epsilon", 1e-5)
	c.ignore("stash_type")
	x := v.straight(c.g)
	axes := identity(x.Rank())[first:]
	out := []*value{nodeValue(c.scaled(standardised(x, epsilon, axes...), 1))}
	if len(c.n.Outputs) > 1 {
		mean := ReduceAndKeep(x, ReduceMean, axes...)
		d := Sub(x, mean)
		deviation := Sqrt(AddScalar(ReduceAndKeep(Mul(d, d), ReduceMean, axes...), epsilon))
		out = append(out, nodeValue(mean), nodeValue(Reciprocal(deviation)))
	}
	return out
}

// scaled multiplies by operand i and adds operand i+1, where they are given.
func (c *call) scaled(y *Node, i int) *Node {
	if c.has(i) {
		y = Mul(y, c.input(i).raised(y.Rank()).straight(c.g))
	}
	if c.has(i + 1) {
		y = Add(y, c.input(i+1).raised(y.Rank()).straight(c.g))
	}
	return y
}

// refuseOutputs panics where more than the first output is read.
func (c *call) refuseOutputs() {
	for _, name := range c.n.Outputs[1:] {
		if name != "" && c.uses[name] > 0 {
			panic(fmt.Errorf("its further output %q is not supported", name))
		}
	}
}

// rmsNorm divides by the root of the mean square over the axes from the named one on.
func rmsNorm(c *call) *value {
	v := c.input(0)
	first := c.axis("axis", -1, v.rank())
	epsilon := c.float("epsilon", 1e-5)
	c.ignore("stash_type")
	x := v.straight(c.g)
	square := ReduceAndKeep(Mul(x, x), ReduceMean, identity(x.Rank())[first:]...)
	return nodeValue(c.scaled(Div(x, Sqrt(AddScalar(square, epsilon))), 1))
}

// instanceNorm normalises each map on its own.
func instanceNorm(c *call) *value {
	c.ignore("consumed_inputs")
	x := c.input(0).channelsLast(c.g)
	y := standardised(x, c.float("epsilon", 1e-5), spatialAxes(x)...)
	return fromChannelsLast(Add(Mul(y, perChannel(c.node(1), x.Rank())), perChannel(c.node(2), x.Rank())))
}

// groupNorm normalises groups of channels; scale and offset are per channel from opset 21 on, before per group.
func groupNorm(c *call) *value {
	v := c.input(0)
	dims, groups := v.dims(), c.int("num_groups", 1)
	epsilon := c.float("epsilon", 1e-5)
	c.ignore("stash_type")
	if groups < 1 || dims[1]%groups != 0 {
		panic(fmt.Errorf("%d groups of %d channels", groups, dims[1]))
	}
	x := v.channelsLast(c.g)
	lie := x.Shape().Dimensions
	rank := len(lie)
	apart := Reshape(x, append(append([]int{}, lie[:rank-1]...), groups, lie[rank-1]/groups)...)
	axes := append(spatialAxes(x), rank)
	y := standardised(apart, epsilon, axes...)
	scale, offset := c.node(1), c.node(2)
	if scale.Shape().Dimensions[0] == groups && groups != dims[1] {
		column := func(n *Node) *Node { return Reshape(perChannel(n, rank), append(onesOf(rank-1), groups, 1)...) }
		return fromChannelsLast(Reshape(Add(Mul(y, column(scale)), column(offset)), lie...))
	}
	y = Reshape(y, lie...)
	return fromChannelsLast(Add(Mul(y, perChannel(scale, rank)), perChannel(offset, rank)))
}

// localResponseNorm divides x by (bias + alpha/size times the sum of squares over neighbouring channels)^beta (Krizhevsky et al. 2012, section 3.3).
//
// With dy the gradient of what it gives and s the sum, its own gradient is dx = dy s^-b - 2ab/n x sum(dy x s^(-b-1)). The product below hands
// w = dy s^-b to its first factor, where the second term is taken off, so that no power is differentiated and s^-b is computed once.
func localResponseNorm(c *call) *value {
	size := c.int("size", 1)
	alpha, beta, bias := c.float("alpha", 1e-4), c.float("beta", 0.75), c.float("bias", 1)
	x := c.input(0).channelsLast(c.g)
	rank := x.Rank()
	sum := func(x *Node) *Node {
		pads := make([][2]int, rank)
		pads[rank-1] = [2]int{(size - 1) / 2, size / 2}
		return SumPool(x).FullShape().WindowPerAxis(append(onesOf(rank-1), size)...).Strides(1).PaddingPerDim(pads).Done()
	}
	back := func(x *Node) *Node { // the same with the window turned round
		pads := make([][2]int, rank)
		pads[rank-1] = [2]int{size / 2, (size - 1) / 2}
		return SumPool(x).FullShape().WindowPerAxis(append(onesOf(rank-1), size)...).Strides(1).PaddingPerDim(pads).Done()
	}
	s := StopGradient(AddScalar(MulScalar(sum(Mul(x, x)), alpha/float64(size)), bias))
	factor := Exp(MulScalar(Log(s), -beta))
	if beta == 0.75 {
		factor = Reciprocal(Mul(Sqrt(s), Sqrt(Sqrt(s))))
	}
	through := IdentityWithCustomGradient(x, func(x, w *Node) *Node {
		return Sub(w, Mul(MulScalar(x, 2*alpha*beta/float64(size)), back(Div(Mul(w, x), s))))
	})
	return fromChannelsLast(Mul(through, factor))
}

// lpNorm divides by the norm along an axis.
func lpNorm(c *call) *value {
	v := c.input(0)
	axis := v.perm[c.axis("axis", -1, v.rank())]
	var norm *Node
	switch p := c.int("p", 2); p {
	case 1:
		norm = ReduceAndKeep(Abs(v.node), ReduceSum, axis)
	case 2:
		norm = Sqrt(ReduceAndKeep(Mul(v.node, v.node), ReduceSum, axis))
	default:
		panic(fmt.Errorf("attribute p is %d, which is not supported", p))
	}
	zero := ScalarZero(c.g, v.node.DType())
	safe := Where(LessOrEqual(norm, zero), Scalar(c.g, v.node.DType(), 1), norm)
	return permuted(Div(v.node, safe), v.perm)
}

// meanVarianceNorm standardises over the named axes.
func meanVarianceNorm(c *call) *value {
	v := c.input(0)
	axes := c.ints("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
	}
	return permuted(standardised(v.node, math.SmallestNonzeroFloat32, v.placesOf(axes)...), v.perm)
}

// placesOf returns where axes of the model lie in the node.
func (v *value) placesOf(axes []int) []int {
	out := axesOf(axes, len(v.perm))
	for i, a := range out {
		out[i] = v.perm[a]
	}
	return out
}

func onesOf(n int) []int {
	ones := make([]int, n)
	for i := range ones {
		ones[i] = 1
	}
	return ones
}
