package onnx

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// value is what a node of the network gives: a constant, or a node of the graph.
//
// ONNX lays images out channels first and this project's kernels want channels innermost, so a value may lie in another order than its axes' in the
// model: axis i of the model is axis perm[i] of the node. Transposing a value then moves nothing, and an operation arranges its operands only when it
// must.
type value struct {
	constant *constant
	node     *Node
	perm     []int // nil where node is nil

	border  [][2]int     // zeros around the spatial axes that the convolution which alone reads it adds
	waiting *convolution // in place of a node: it goes into the batch norm which alone reads it
}

func nodeValue(n *Node) *value {
	return &value{node: n, perm: identity(n.Rank())}
}

func constantValue(c *constant) *value { return &value{constant: c} }

// permuted is a value whose axis i lies at axis perm[i] of the node.
func permuted(n *Node, perm []int) *value { return &value{node: n, perm: perm} }

// dims returns the shape in the model's order.
func (v *value) dims() []int {
	if v.constant != nil {
		return v.constant.dims
	}
	dims := make([]int, len(v.perm))
	for i, p := range v.perm {
		dims[i] = v.node.Shape().Dimensions[p]
	}
	return dims
}

func (v *value) rank() int { return len(v.dims()) }

// kind tells what numbers the value holds.
func (v *value) kind() kind {
	switch {
	case v.constant != nil:
		return v.constant.kind
	case v.node.DType().IsFloat():
		return isFloat
	case v.node.DType().IsInt():
		for _, k := range []kind{isInt, isInt32} {
			if k.dtype() == v.node.DType() {
				return k
			}
		}
	}
	return isBool
}

// order tells how the value lies: axis i of the node is axis order[i] of the model.
func (v *value) order() []int {
	if v.constant != nil {
		return identity(len(v.constant.dims))
	}
	return inverse(v.perm)
}

// arranged returns a node whose axis i is axis order[i] of the model.
func (v *value) arranged(g *Graph, order []int) *Node {
	if v.constant != nil {
		dims, strides := make([]int, len(order)), make([]int, len(order))
		own := stridesOf(v.constant.dims)
		for i, axis := range order {
			dims[i], strides[i] = v.constant.dims[axis], own[axis]
		}
		return v.constant.view(dims, strides, 0).node(g)
	}
	axes, moved := make([]int, len(order)), []int{}
	for i, axis := range order {
		axes[i] = v.perm[axis]
		if v.node.Shape().Dimensions[axes[i]] != 1 {
			moved = append(moved, axes[i])
		}
	}
	switch {
	case slices.Equal(axes, identity(len(axes))):
		return v.node
	case slices.IsSorted(moved): // only axes of size 1 change places
		dims := make([]int, len(axes))
		for i, a := range axes {
			dims[i] = v.node.Shape().Dimensions[a]
		}
		return Reshape(v.node, dims...)
	}
	return TransposeAllAxes(v.node, axes...)
}

// straight returns a node with the model's order of axes.
func (v *value) straight(g *Graph) *Node { return v.arranged(g, identity(v.rank())) }

// channelsLast returns a node [N, spatial..., C] of a value [N, C, spatial...].
func (v *value) channelsLast(g *Graph) *Node {
	return v.arranged(g, channelsLastOrder(v.rank()))
}

// fromChannelsLast is the value [N, C, spatial...] of a node [N, spatial..., C].
func fromChannelsLast(n *Node) *value {
	return permuted(n, inverse(channelsLastOrder(n.Rank())))
}

func channelsLastOrder(rank int) []int {
	order := []int{0}
	for i := 2; i < rank; i++ {
		order = append(order, i)
	}
	return append(order, 1)
}

func identity(rank int) []int {
	axes := make([]int, rank)
	for i := range axes {
		axes[i] = i
	}
	return axes
}

func inverse(perm []int) []int {
	out := make([]int, len(perm))
	for i, p := range perm {
		out[p] = i
	}
	return out
}

// broadcastDims is the shape of what numpy's rule makes of several.
func broadcastDims(shapes ...[]int) []int {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	dims := slices.Repeat([]int{1}, rank)
	for _, s := range shapes {
		for i, d := range s {
			at := &dims[rank-len(s)+i]
			switch {
			case *at == 1:
				*at = d
			case d != 1 && d != *at:
				panic(fmt.Errorf("shapes %v do not fit together", shapes))
			}
		}
	}
	return dims
}

// raised prepends axes of size 1 up to a rank. It never moves values.
func (v *value) raised(rank int) *value {
	more := rank - v.rank()
	if more == 0 {
		return v
	}
	if v.constant != nil {
		return constantValue(v.constant.reshape(append(slices.Repeat([]int{1}, more), v.constant.dims...)))
	}
	perm := identity(more)
	for _, p := range v.perm {
		perm = append(perm, p+more)
	}
	return permuted(Reshape(v.node, append(slices.Repeat([]int{1}, more), v.node.Shape().Dimensions...)...), perm)
}

// together arranges values alike, each raised to the rank of the largest: the order is that of the first that has this rank and lies in an order of its
// own, so that maps stay channels innermost.
func together(g *Graph, values ...*value) (nodes []*Node, perm []int) {
	rank := 0
	for _, v := range values {
		rank = max(rank, v.rank())
	}
	order := identity(rank)
	for _, v := range values {
		if own := v.order(); len(own) == rank && v.node != nil && !slices.Equal(own, identity(rank)) {
			order = own
			break
		}
	}
	for _, v := range values {
		if v.rank() == 0 {
			nodes = append(nodes, v.straight(g)) // a scalar goes with everything
			continue
		}
		nodes = append(nodes, v.raised(rank).arranged(g, order))
	}
	return nodes, inverse(order)
}
