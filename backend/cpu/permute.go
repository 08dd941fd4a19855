package cpu

import (
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// form is a node as it computes a result that lies in some order.
type form struct {
	args any
	in   []order // in which the operands lie
	cost int     // bytes that the node itself moves only to change an order
}

// anywhere are the operations of single elements, whose arguments do not name axes.
var anywhere = map[compute.OpType]bool{}

func init() {
	for _, kind := range []compute.OpType{
		compute.OpTypeAbs, compute.OpTypeAdd, compute.OpTypeAtan2, compute.OpTypeCeil, compute.OpTypeClamp, compute.OpTypeConvertDType, compute.OpTypeCos,
		compute.OpTypeDiv, compute.OpTypeEqual, compute.OpTypeErf, compute.OpTypeExp, compute.OpTypeExpm1, compute.OpTypeFloor, compute.OpTypeFusedGelu,
		compute.OpTypeGreaterOrEqual, compute.OpTypeGreaterThan, compute.OpTypeIdentity, compute.OpTypeIsFinite, compute.OpTypeIsNaN, compute.OpTypeLessOrEqual,
		compute.OpTypeLessThan, compute.OpTypeLog, compute.OpTypeLog1p, compute.OpTypeLogicalAnd, compute.OpTypeLogicalNot, compute.OpTypeLogicalOr,
		compute.OpTypeLogicalXor, compute.OpTypeLogistic, compute.OpTypeMax, compute.OpTypeMin, compute.OpTypeMul, compute.OpTypeNeg, compute.OpTypeNotEqual,
		compute.OpTypePow, compute.OpTypeRem, compute.OpTypeRound, compute.OpTypeRsqrt, compute.OpTypeSign, compute.OpTypeSin, compute.OpTypeSqrt,
		compute.OpTypeSub, compute.OpTypeTanh, compute.OpTypeWhere,
	} {
		anywhere[kind] = true
	}
}

// form returns how n computes a result that lies in order out, from operands that may lie as l has it; ok is false where it cannot.
func (l *layout) form(n *node, out order) (f form, ok bool) {
	f = form{args: n.args, in: make([]order, len(n.in))}
	switch a := n.args.(type) {
	case *transposeArgs:
		return l.transpose(n, a, out)
	case *reshapeArgs:
		return l.reshape(n, a, out)
	case *reduceSumArgs:
		in, axes, ok := l.reduce(n, a.axes, out)
		return form{&reduceSumArgs{axes}, []order{in}, 0}, ok
	case *reduceMaxArgs:
		in, axes, ok := l.reduce(n, a.axes, out)
		return form{&reduceMaxArgs{axes}, []order{in}, 0}, ok
	case *reduceMinArgs:
		in, axes, ok := l.reduce(n, a.axes, out)
		return form{&reduceMinArgs{axes}, []order{in}, 0}, ok
	case *broadcastInDimArgs:
		axes := out.axesAt(a.broadcastAxes)
		f.in[0] = sortedAxes(len(axes), func(i int) int { return axes[i] })
		f.args = &broadcastInDimArgs{permutedShape(a.outputShape, out), sorted(axes)}
		return f, true
	}
	if out == nil {
		return f, true
	}
	for i, in := range n.in {
		if in != nil && in.shape.Rank() == len(out) {
			f.in[i] = out
		}
	}
	switch a := n.args.(type) {
	case *concatenateArgs:
		f.args = &concatenateArgs{out.at(a.axis)}
	case *sliceArgs:
		f.args = &sliceArgs{permuted(out, a.starts), permuted(out, a.limits), permuted(out, a.strides)}
	case *padArgs:
		f.args = &padArgs{permuted(out, padAxes(n))}
	case *reverseArgs:
		f.args = &reverseArgs{out.axesAt(a.axes)}
	case *reduceWindowArgs:
		f.args = &reduceWindowArgs{a.reductionType, permuted(out, a.windowDimensions), permuted(out, a.strides), permuted(out, a.inputDilations),
			permuted(out, a.windowDilations), permuted(out, a.paddings)}
	case *selectAndScatterMaxArgs:
		f.args = &selectAndScatterMaxArgs{permuted(out, a.windowDimensions), permuted(out, a.windowStrides), permuted(out, a.paddings)}
	default:
		return f, anywhere[n.kind] || n.kind == opReLUGradient
	}
	return f, true
}

// transpose takes its operand as it lies, and changes its own permutation.
func (l *layout) transpose(n *node, a *transposeArgs, out order) (form, bool) {
	have := l.order[n.in[0]]
	permutation := make([]int, len(a.permutation))
	for k, axis := range out.full(len(permutation)) {
		permutation[k] = have.at(a.permutation[axis])
	}
	f := form{args: &transposeArgs{permutation}, in: []order{have}}
	if !order(permutation).same(nil, permuted(have, n.in[0].dims())) {
		f.cost = n.bytes()
	}
	return f, true
}

// reshape takes its operand as it lies, where it moves no axes that the reshape parts or joins.
func (l *layout) reshape(n *node, a *reshapeArgs, out order) (form, bool) {
	have := l.order[n.in[0]]
	gives, ok := have.through(n.in[0].dims(), n.dims())
	if !ok || !gives.same(out, n.dims()) {
		have = nil
		if !out.same(nil, n.dims()) {
			return form{}, false
		}
	}
	return form{args: &reshapeArgs{permuted(out, n.dims())}, in: []order{have}}, true
}

// reduce takes its operand as it lies where the axes that stay keep their order.
func (l *layout) reduce(n *node, axes []int, out order) (in order, at []int, ok bool) {
	in = l.order[n.in[0]]
	if !l.kept(n, axes, in).same(out, n.dims()) {
		if in = nil; !out.same(nil, n.dims()) {
			return nil, nil, false
		}
	}
	if len(axes) == 0 {
		return in, axes, true
	}
	return in, sorted(in.axesAt(axes)), true
}

// kept is the order in which a reduction of an operand that lies in order in leaves its result.
func (l *layout) kept(n *node, axes []int, in order) order {
	number := map[int]int{} // of the axes that stay
	for a := range n.in[0].dims() {
		if len(axes) > 0 && !slices.Contains(axes, a) {
			number[a] = len(number)
		}
	}
	var out order
	for _, a := range in.full(n.in[0].shape.Rank()) {
		if i, ok := number[a]; ok {
			out = append(out, i)
		}
	}
	if slices.IsSorted(out) {
		return nil
	}
	return out
}

// permutedShape is the shape of what lies in memory.
func permutedShape(s shapes.Shape, o order) shapes.Shape {
	s = s.Clone()
	s.Dimensions = permuted(o, s.Dimensions)
	return s
}
