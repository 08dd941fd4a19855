package onnx

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// unary is an operation on each value, by its two forms: on constants and in the graph.
func unary(known func(float64) float64, built func(*Node) *Node) op {
	return one(func(c *call) *value {
		x := c.input(0)
		if x.constant != nil && known != nil {
			out := newConstant(x.constant.kind, x.constant.dims)
			for i := range out.size() {
				out.set(i, known(x.constant.at(i)))
			}
			return constantValue(out)
		}
		if x.constant != nil {
			x = nodeValue(x.constant.node(c.g))
		}
		return permuted(built(x.node), x.perm)
	})
}

// binaryOp is an operation on pairs of values with broadcasting. Integers are computed as integers.
func binaryOp(known func(a, b float64) float64, ints func(a, b int64) int64, built func(a, b *Node) *Node) op {
	return one(func(c *call) *value {
		c.oldBroadcast()
		a, b := c.input(0), c.input(1)
		if a.constant != nil && b.constant != nil {
			return constantValue(pairwise(a.constant, b.constant, a.constant.kind, known, ints))
		}
		nodes, perm := together(c.g, a, b)
		return spread(built(nodes[0], nodes[1]), perm)
	})
}

// spread is permuted, but for the scalar that two scalars make.
func spread(n *Node, perm []int) *value {
	if n.Rank() != len(perm) {
		return nodeValue(n)
	}
	return permuted(n, perm)
}

// oldBroadcast reads the attributes by which operations of opset 6 and before ask for broadcasting. Where the second operand is aligned with an axis of
// the first, axes of size 1 are appended to it.
func (c *call) oldBroadcast() {
	if c.opset >= 7 {
		return
	}
	c.ignore("consumed_inputs")
	aligned := c.flag("broadcast", 0)
	a, b := c.input(0), c.input(1)
	if axis := c.int("axis", a.rank()-b.rank()); aligned && axis != a.rank()-b.rank() && b.rank() > 0 {
		dims := append([]int{}, b.dims()...)
		for range a.rank() - axisOf(axis, a.rank()) - b.rank() {
			dims = append(dims, 1)
		}
		c.in[1] = c.reshaped(b, dims)
	}
}

// pairwise computes a constant from two.
func pairwise(a, b *constant, k kind, known func(a, b float64) float64, ints func(a, b int64) int64) *constant {
	dims := broadcastDims(a.dims, b.dims)
	a, b = a.broadcast(dims), b.broadcast(dims)
	out := newConstant(k, dims)
	for i := range out.size() {
		if a.kind != isFloat && ints != nil {
			out.ints[i] = ints(a.ints[i], b.ints[i])
		} else {
			out.set(i, known(a.at(i), b.at(i)))
		}
	}
	return out
}

func divide(a, b int64) int64 {
	if b == 0 {
		panic(fmt.Errorf("an integer is divided by zero"))
	}
	return a / b
}

// remainder has the divisor's sign, as Python's %.
func remainder(a, b int64) int64 {
	if b == 0 {
		panic(fmt.Errorf("an integer is divided by zero"))
	}
	if r := a % b; r != 0 && (r < 0) != (b < 0) {
		return r + b
	} else {
		return r
	}
}

// comparison is binaryOp with truth values for its results.
func comparison(known func(a, b float64) bool, built func(a, b *Node) *Node) op {
	truth := func(a, b float64) float64 {
		if known(a, b) {
			return 1
		}
		return 0
	}
	return one(func(c *call) *value {
		c.oldBroadcast()
		a, b := c.input(0), c.input(1)
		if a.constant != nil && b.constant != nil {
			return constantValue(pairwise(a.constant, b.constant, isBool, truth, func(a, b int64) int64 { return int64(truth(float64(a), float64(b))) }))
		}
		nodes, perm := together(c.g, a, b)
		return spread(built(nodes[0], nodes[1]), perm)
	})
}

// variadic folds a binary operation over all operands, and finishes.
func variadic(pair op, finish func(x *Node, n int) *Node) op {
	return func(c *call) []*value {
		c.ignore("consumed_inputs")
		sum := c.input(0)
		for i := range c.in[1:] {
			sum = pair(&call{builder: c.builder, n: c.n, in: []*value{sum, c.input(i + 1)}})[0]
		}
		if finish != nil {
			if sum.constant != nil {
				sum = nodeValue(sum.constant.node(c.g))
			}
			sum = permuted(finish(sum.node, len(c.in)), sum.perm)
		}
		return []*value{sum}
	}
}

// power is Pow; squares and roots, of which normalisations are made, are written as such.
func power(c *call) *value {
	c.oldBroadcast()
	x, e := c.input(0), c.input(1)
	if x.constant != nil && e.constant != nil {
		return constantValue(pairwise(x.constant, e.constant, x.constant.kind, math.Pow, nil))
	}
	if e.constant != nil && e.constant.size() == 1 && x.kind() == isFloat && e.rank() <= x.rank() {
		switch e.constant.at(0) {
		case 1:
			return x
		case 2:
			return permuted(Mul(x.node, x.node), x.perm)
		case 3:
			return permuted(Mul(Mul(x.node, x.node), x.node), x.perm)
		case 0.5:
			return permuted(Sqrt(x.node), x.perm)
		case -0.5:
			return permuted(Rsqrt(x.node), x.perm)
		case -1:
			return permuted(Reciprocal(x.node), x.perm)
		}
	}
	nodes, perm := together(c.g, x, e)
	if nodes[1].DType() != nodes[0].DType() {
		nodes[1] = ConvertDType(nodes[1], nodes[0].DType())
	}
	return spread(Pow(nodes[0], nodes[1]), perm)
}

// clip is Clip: bounds are attributes up to opset 10 and operands from then on. Written as choices, a NaN stays one and the gradient is a choice too.
func clip(c *call) *value {
	x := c.input(0)
	c.ignore("consumed_inputs")
	bounds := []*value{nil, nil}
	if c.opset < 11 {
		low, high := c.float("min", math.Inf(-1)), c.float("max", math.Inf(1))
		bounds[0], bounds[1] = constantValue(scalarConstant(low)), constantValue(scalarConstant(high))
		if low <= -math.MaxFloat32 {
			bounds[0] = nil
		}
		if high >= math.MaxFloat32 {
			bounds[1] = nil
		}
	} else {
		for i := range bounds {
			if c.has(i + 1) {
				bounds[i] = c.in[i+1]
			}
		}
	}
	if x.constant != nil {
		for i, bound := range bounds {
			if bound == nil {
				continue
			}
			pick := math.Max
			if i == 1 {
				pick = math.Min
			}
			x = constantValue(pairwise(x.constant, bound.constant, x.constant.kind, pick, nil))
		}
		return x
	}
	n := x.node
	if bounds[0] != nil {
		low := Reshape(bounds[0].straight(c.g))
		n = Where(LessOrEqual(n, low), low, n)
	}
	if bounds[1] != nil {
		high := Reshape(bounds[1].straight(c.g))
		n = Where(GreaterOrEqual(n, high), high, n)
	}
	return permuted(n, x.perm)
}

func scalarConstant(v float64) *constant {
	return &constant{kind: isFloat, dims: []int{}, floats: []float64{v}}
}

// where is Where: a choice between two values, all three broadcast.
func where(c *call) *value {
	if c.allKnown() {
		cond, a, b := c.known(0), c.known(1), c.known(2)
		dims := broadcastDims(cond.dims, a.dims, b.dims)
		cond, a, b = cond.broadcast(dims), a.broadcast(dims), b.broadcast(dims)
		out := newConstant(a.kind, dims)
		for i := range out.size() {
			from := b
			if cond.at(i) != 0 {
				from = a
			}
			out.set(i, from.at(i))
		}
		return constantValue(out)
	}
	nodes, perm := together(c.g, c.input(0), c.input(1), c.input(2))
	shapes := make([][]int, len(nodes))
	for i, n := range nodes {
		shapes[i] = n.Shape().Dimensions
	}
	dims := broadcastDims(shapes...)
	for i, n := range nodes {
		if n.Rank() > 0 || i == 0 {
			nodes[i] = broadcastNode(n, dims)
		}
	}
	return spread(Where(nodes[0], nodes[1], nodes[2]), perm)
}

// broadcastNode repeats n, of the same rank or a scalar, to shape dims.
func broadcastNode(n *Node, dims []int) *Node {
	if n.Rank() != 0 && n.Rank() != len(dims) {
		panic(fmt.Errorf("shape %v does not broadcast to %v", n.Shape().Dimensions, dims))
	}
	return BroadcastToDims(n, dims...)
}
