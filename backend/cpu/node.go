package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"github.com/dvml/dvml/kernel"
)

// node is a value in the plan of a computation.
type node struct {
	id    int
	kind  compute.OpType // of the operation that gives it, or one of the planner's own
	in    []*node
	args  any // arguments, or what an operation of the planner's own has
	shape shapes.Shape
	users []*node // nodes that read it, once each

	scaled  bool    // a convolution with factors of its output channels as a third operand: see scaleOutputs
	first   *node   // the first output of the operation, where there are several; else the node itself
	outputs []*node // of the first: all of them
	param   int     // number of the parameter, or -1
	result  bool    // the function returns it
	alias   *node   // whose memory it shares (a reshape), or nil

	group  *group // the element-wise group that computes it, or nil
	perRow bool   // a sum of the group's rows, or what is computed of such sums: a value for each row

	// where its memory is
	place  place
	offset int // in the arena, bytes
}

// place says what holds a node's memory.
type place uint8

const (
	inArena place = iota
	inParameter
	inConstant
	inResult // a buffer that the caller gets
	nowhere  // it lives in registers alone
)

func (n *node) dims() []int { return n.shape.Dimensions }

func (n *node) size() int { return n.shape.Size() }

func (n *node) bytes() int { return n.shape.Size() * n.shape.DType.Size() }

func (n *node) float() bool { return n.shape.DType == dtypes.Float32 }

// sameMemory are the operations that give their first operand under another shape or name.
var sameMemory = map[compute.OpType]bool{compute.OpTypeReshape: true, compute.OpTypeIdentity: true, compute.OpTypeSchedulingBarrier: true}

// sameMemory reports whether n is its first operand under another shape or name.
func (n *node) sameMemory() bool { return sameMemory[n.kind] }

// root is the node that owns the memory.
func (n *node) root() *node {
	for n.alias != nil {
		n = n.alias
	}
	return n
}

// graph is a computation in the planner's hands, in an order in which each node stands after those it reads.
type graph struct {
	nodes   []*node
	params  []*node
	results []*node // in the order of the function's outputs; one node may stand twice

	precision    kernel.Precision
	convolutions map[kernel.ConvShape]convolver // prepared
}

// newGraph takes what f's outputs need out of its record.
func newGraph(f *function) *graph {
	needed := map[*operation]bool{}
	var mark func(v *value)
	mark = func(v *value) {
		if v == nil || needed[v.op] {
			return
		}
		needed[v.op] = true
		for _, in := range v.op.inputs {
			mark(in)
		}
	}
	for _, p := range f.params {
		mark(p)
	}
	for _, o := range f.outputs {
		mark(o)
	}
	g := &graph{}
	of := map[*value]*node{}
	for _, op := range f.ops {
		if !needed[op] {
			continue
		}
		var first *node
		for _, v := range op.outputs {
			n := &node{id: len(g.nodes), kind: op.kind, args: op.args, shape: v.shape, param: -1}
			if first == nil {
				first = n
			}
			n.first = first
			first.outputs = append(first.outputs, n)
			for _, in := range op.inputs {
				if in == nil {
					n.in = append(n.in, nil)
				} else {
					n.in = append(n.in, of[in])
				}
			}
			of[v] = n
			g.nodes = append(g.nodes, n)
		}
	}
	for i, p := range f.params {
		of[p].param = i
		g.params = append(g.params, of[p])
	}
	for _, o := range f.outputs {
		of[o].result = true
		g.results = append(g.results, of[o])
	}
	g.link()
	return g
}

// link fills in who reads whom.
func (g *graph) link() {
	for _, n := range g.nodes {
		n.users = nil
	}
	for _, n := range g.nodes {
		for _, in := range n.in {
			if in != nil && (len(in.users) == 0 || in.users[len(in.users)-1] != n) {
				in.users = append(in.users, n)
			}
		}
	}
}

// skipNames lets nodes read what an Identity, or a Reshape to the same shape, names, so that nothing stands between an operation and what it reads.
func (g *graph) skipNames() {
	for _, n := range g.nodes {
		for i, in := range n.in {
			for in != nil && (in.kind == compute.OpTypeIdentity || in.kind == compute.OpTypeReshape && in.shape.Equal(in.in[0].shape)) {
				in = in.in[0]
			}
			n.in[i] = in
		}
	}
	g.sweep()
}

// sweep drops nodes that nothing needs.
func (g *graph) sweep() {
	needed := map[*node]bool{}
	var mark func(n *node)
	mark = func(n *node) {
		if n == nil || needed[n] {
			return
		}
		needed[n] = true
		for _, o := range n.first.outputs {
			mark(o)
		}
		for _, in := range n.in {
			mark(in)
		}
	}
	for _, n := range g.params {
		mark(n)
	}
	for _, n := range g.results {
		mark(n)
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return !needed[n] })
	g.link()
}

// scalar returns the value of a node that is a float32 constant of one element.
func (n *node) scalar() (float32, bool) {
	for n != nil && n.size() == 1 && (n.kind == compute.OpTypeReshape || n.kind == compute.OpTypeBroadcastInDim) {
		n = n.in[0]
	}
	if n == nil || n.kind != compute.OpTypeConstant || !n.float() || n.size() != 1 {
		return 0, false
	}
	flat, ok := n.args.(*constantArgs).flat.([]float32)
	if !ok {
		return 0, false
	}
	return flat[0], true
}

// splat returns the value of a node all of whose elements are one constant.
func (n *node) splat() (float32, bool) {
	for n != nil && (n.kind == compute.OpTypeReshape || n.kind == compute.OpTypeBroadcastInDim) {
		n = n.in[0]
	}
	if n == nil {
		return 0, false
	}
	return n.scalar()
}
