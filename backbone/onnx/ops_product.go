package onnx

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// matMul is numpy's matmul.
func matMul(c *call) *value {
	a, b := c.input(0), c.input(1)
	if a.rank() == 0 || b.rank() == 0 {
		panic(fmt.Errorf("a product with a scalar"))
	}
	row, column := a.rank() == 1, b.rank() == 1
	if row {
		a = a.raised(2)
	}
	if column {
		b = c.reshaped(b, append(slices.Clone(b.dims()), 1))
	}
	y := c.product(a, b)
	dims := slices.Clone(y.dims())
	if column {
		dims = dims[:len(dims)-1]
	}
	if row {
		dims = slices.Delete(dims, len(dims)-1-btoi(!column), len(dims)-btoi(!column))
	}
	if row || column {
		y = c.reshaped(y, dims)
	}
	return y
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// product multiplies the last two axes of a [..., m, k] and b [..., k, n]; the axes before broadcast.
func (b *builder) product(x, y *value) *value {
	k, n := x.dims()[x.rank()-1], y.dims()[y.rank()-1]
	if y.dims()[y.rank()-2] != k {
		panic(fmt.Errorf("a product of shapes %v and %v", x.dims(), y.dims()))
	}
	b.count(volume(x.dims()[:x.rank()-1]) * k * n * max(1, volume(y.dims()[:y.rank()-2])/max(1, volume(x.dims()[:x.rank()-2]))))
	if y.rank() == 2 { // a matrix for all: the axes of x stay as they lie
		if x.constant != nil || x.perm[x.rank()-1] != x.rank()-1 {
			x = nodeValue(x.straight(b.g))
		}
		if y.constant != nil {
			y = nodeValue(y.constant.node(b.g))
		}
		return permuted(DotGeneral(x.node, []int{x.rank() - 1}, nil, y.node, []int{y.perm[0]}, nil), x.perm)
	}
	batch := broadcastDims(x.dims()[:x.rank()-2], y.dims()[:y.rank()-2])
	x = b.expanded(x.raised(len(batch)+2), append(slices.Clone(batch), x.dims()[x.rank()-2:]...))
	y = b.expanded(y.raised(len(batch)+2), append(slices.Clone(batch), y.dims()[y.rank()-2:]...))
	lhs, left := x.batchFirst(b.g)
	rhs, right := y.batchFirst(b.g)
	axes := identity(len(batch))
	return nodeValue(DotGeneral(lhs, []int{left[1]}, axes, rhs, []int{right[0]}, axes))
}

// batchFirst arranges a value with its last two axes after all others, in the order in which they lie, and tells where the two are.
func (v *value) batchFirst(g *Graph) (n *Node, last [2]int) {
	rank := v.rank()
	order := identity(rank)
	last = [2]int{rank - 2, rank - 1}
	if v.constant == nil && v.perm[rank-1] < v.perm[rank-2] {
		order[rank-2], order[rank-1] = rank-1, rank-2
		last = [2]int{rank - 1, rank - 2}
	}
	return v.arranged(g, order), last
}

// gemm is alpha A B + beta C, either transposed where that is asked for.
func gemm(c *call) *value {
	a, b := c.input(0), c.input(1)
	c.ignore("broadcast")
	turn := func(v *value) *value {
		if v.constant != nil {
			v = nodeValue(v.constant.node(c.g))
		}
		return permuted(v.node, []int{v.perm[1], v.perm[0]})
	}
	if a.rank() != 2 || b.rank() != 2 {
		panic(fmt.Errorf("a product of shapes %v and %v", a.dims(), b.dims()))
	}
	if c.flag("transA", 0) {
		a = turn(a)
	}
	if c.flag("transB", 0) {
		b = turn(b)
	}
	alpha, beta := c.float("alpha", 1), c.float("beta", 1)
	y := c.product(a, b)
	n := y.node
	if alpha != 1 {
		n = MulScalar(n, alpha)
	}
	if !c.has(2) || beta == 0 {
		return permuted(n, y.perm)
	}
	bias := c.input(2)
	if beta != 1 {
		bias = permuted(MulScalar(bias.straight(c.g), beta), identity(bias.rank()))
	}
	nodes, perm := together(c.g, permuted(n, y.perm), bias)
	return spread(Add(nodes[0], nodes[1]), perm)
}

// reduction is ReduceMean and its like; its axes are an attribute up to the opset given, an operand from then on.
func reduction(operandFrom int, known func(values []float64) float64, built func(x *Node, axes ...int) *Node) op {
	return one(func(c *call) *value {
		v := c.input(0)
		axes := axesOf(c.axesFrom(1, operandFrom), v.rank())
		keep := c.flag("keepdims", 1)
		if nothing := c.flag("noop_with_empty_axes", 0); len(axes) == 0 {
			if nothing {
				return v
			}
			axes = identity(v.rank())
		}
		dims := []int{}
		for i, d := range v.dims() {
			if !slices.Contains(axes, i) {
				dims = append(dims, d)
			} else if keep {
				dims = append(dims, 1)
			}
		}
		if v.constant != nil && known != nil {
			return constantValue(reduceConstant(v.constant, axes, dims, known))
		}
		if v.constant != nil {
			v = nodeValue(v.constant.node(c.g))
		}
		if len(axes) == 0 {
			return v
		}
		places := v.placesOf(axes)
		n := built(v.node, places...)
		perm := []int{} // of the axes that stay
		for i, p := range v.perm {
			if slices.Contains(axes, i) {
				continue
			}
			at := p
			for _, q := range places {
				if q < p {
					at--
				}
			}
			perm = append(perm, at)
		}
		out := permuted(n, perm)
		if keep {
			lie := slices.Clone(v.node.Shape().Dimensions)
			for _, p := range places {
				lie[p] = 1
			}
			out = permuted(Reshape(n, lie...), v.perm)
		}
		return out
	})
}

func reduceConstant(x *constant, axes, dims []int, f func([]float64) float64) *constant {
	out := newConstant(x.kind, dims)
	parts := make([][]float64, out.size())
	strides, own := stridesOf(x.dims), make([]int, len(x.dims))
	n := 1
	for i := len(x.dims) - 1; i >= 0; i-- {
		if !slices.Contains(axes, i) {
			own[i] = n
			n *= x.dims[i]
		}
	}
	for i := range x.size() {
		at := 0
		for a, s := range strides {
			at += i / s % x.dims[a] * own[a]
		}
		parts[at] = append(parts[at], x.at(i))
	}
	for i, part := range parts {
		out.set(i, f(part))
	}
	return out
}
