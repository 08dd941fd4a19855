package onnx

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// elementwise is unary with settings, which built reads from the call.
func elementwise(built func(c *call, x *Node) *Node) op {
	return one(func(c *call) *value {
		x := c.input(0)
		if x.constant != nil {
			x = nodeValue(x.constant.node(c.g))
		}
		c.ignore("consumed_inputs")
		return permuted(built(c, x.node), x.perm)
	})
}

// choose gives a where x > 0, or b. A NaN takes b.
func choose(x, a, b *Node) *Node {
	return Where(GreaterThan(x, ScalarZero(x.Graph(), x.DType())), a, b)
}

// relu is max(x, 0). Written as a choice its gradient is one choice too, and a NaN stays a NaN.
func relu(_ *call, x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return Where(LessOrEqual(x, zero), zero, x)
}

func leakyRelu(c *call, x *Node) *Node {
	return choose(x, x, MulScalar(x, c.float("alpha", 0.01)))
}

func thresholdedRelu(c *call, x *Node) *Node {
	limit := c.float("alpha", 1)
	return Where(GreaterThan(x, Scalar(x.Graph(), x.DType(), limit)), x, ScalarZero(x.Graph(), x.DType()))
}

func elu(c *call, x *Node) *Node {
	return choose(x, x, MulScalar(expMinusOne(x), c.float("alpha", 1)))
}

func selu(c *call, x *Node) *Node {
	alpha, gamma := c.float("alpha", 1.67326319217681884765625), c.float("gamma", 1.05070102214813232421875)
	return MulScalar(choose(x, x, MulScalar(expMinusOne(x), alpha)), gamma)
}

func celu(c *call, x *Node) *Node {
	alpha := c.float("alpha", 1)
	return choose(x, x, MulScalar(expMinusOne(DivScalar(x, alpha)), alpha))
}

// expMinusOne is e^x - 1 of what is at most 0: above, where it is not asked for, it would overflow and spoil the gradient.
func expMinusOne(x *Node) *Node {
	return SubScalar(Exp(relu2(x)), 1)
}

// relu2 is min(x, 0).
func relu2(x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return Where(GreaterOrEqual(x, zero), zero, x)
}

func hardSigmoid(c *call, x *Node) *Node {
	return between(AddScalar(MulScalar(x, c.float("alpha", 0.2)), c.float("beta", 0.5)), 0, 1)
}

func hardSwish(_ *call, x *Node) *Node {
	return Mul(x, between(AddScalar(MulScalar(x, 1.0/6), 0.5), 0, 1))
}

// between limits x to low..high.
func between(x *Node, low, high float64) *Node {
	g := x.Graph()
	l, h := Scalar(g, x.DType(), low), Scalar(g, x.DType(), high)
	x = Where(GreaterOrEqual(x, h), h, x)
	return Where(LessOrEqual(x, l), l, x)
}

// gelu is x Phi(x), exact by erf or by the tanh formula (Hendrycks and Gimpel, 2016).
func gelu(c *call, x *Node) *Node {
	if c.choice("approximate", "none", "tanh") == "tanh" {
		inner := MulScalar(Add(x, MulScalar(Mul(Mul(x, x), x), 0.044715)), math.Sqrt(2/math.Pi))
		return Mul(MulScalar(x, 0.5), AddScalar(Tanh(inner), 1))
	}
	return Mul(MulScalar(x, 0.5), AddScalar(Erf(MulScalar(x, 1/math.Sqrt2)), 1))
}

func swish(c *call, x *Node) *Node {
	if alpha := c.float("alpha", 1); alpha != 1 {
		return Mul(x, Sigmoid(MulScalar(x, alpha)))
	}
	return Mul(x, Sigmoid(x))
}

// softplus is log(1 + e^x), written so that it does not overflow.
func softplus(x *Node) *Node {
	return Add(Max(x, ScalarZero(x.Graph(), x.DType())), Log1p(Exp(Neg(Abs(x)))))
}

func mish(_ *call, x *Node) *Node { return Mul(x, Tanh(softplus(x))) }

func softsign(_ *call, x *Node) *Node { return Div(x, AddScalar(Abs(x), 1)) }

func shrink(c *call, x *Node) *Node {
	limit, bias := c.float("lambd", 0.5), c.float("bias", 0)
	zero := ScalarZero(x.Graph(), x.DType())
	low := Where(LessThan(x, Scalar(x.Graph(), x.DType(), -limit)), AddScalar(x, bias), zero)
	return Where(GreaterThan(x, Scalar(x.Graph(), x.DType(), limit)), SubScalar(x, bias), low)
}

// prelu multiplies what is below zero by a slope, which broadcasts to x.
func prelu(c *call) *value {
	x, slope := c.input(0), c.input(1)
	if c.opset < 7 && slope.rank() == 1 && slope.dims()[0] > 1 && x.rank() > 2 {
		dims := append([]int{slope.dims()[0]}, make([]int, x.rank()-2)...)
		for i := range dims[1:] {
			dims[i+1] = 1
		}
		slope = c.reshaped(slope, dims)
	}
	nodes, perm := together(c.g, x, slope)
	return spread(choose(nodes[0], nodes[0], Mul(nodes[0], nodes[1])), perm)
}

// softmaxed is Softmax over one axis. Its gradient, y (dy - sum(y dy)), reads the result alone, where GoMLX computes it of the exponentials anew.
func softmaxed(x *Node, axes ...int) *Node {
	var y *Node
	gradient := func() *Node {
		return IdentityWithCustomGradient(x, func(_, dy *Node) *Node {
			return Mul(y, Sub(dy, ReduceAndKeep(Mul(y, dy), ReduceSum, axes...)))
		})
	}
	result, fused := InternalFusedOpCaller(func() *Node { return Softmax(x, axes...) }, gradient, true)
	if !fused { // the environment switches it off
		return Softmax(x, axes...)
	}
	y = result
	return y
}

// softmax is Softmax or LogSoftmax: over one axis from opset 13 on, before over all axes from the named one on.
func softmax(f func(x *Node, axes ...int) *Node) op {
	return one(func(c *call) *value {
		x := c.input(0)
		rank := x.rank()
		otherwise := -1
		if c.opset < 13 {
			otherwise = 1
		}
		first := c.axis("axis", otherwise, rank)
		if x.constant != nil {
			x = nodeValue(x.constant.node(c.g))
		}
		if c.opset >= 13 || first == rank-1 || volume(x.dims()[first+1:]) == 1 {
			return permuted(f(x.node, x.perm[first]), x.perm)
		}
		flat := Reshape(x.straight(c.g), volume(x.dims()[:first]), volume(x.dims()[first:]))
		return nodeValue(Reshape(f(flat, 1), x.dims()...))
	})
}
