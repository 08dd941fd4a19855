package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"

	"github.com/dvml/dvml/kernel"
)

// Element-wise operations with a vector form, by the interface's names.
var (
	unaries = map[compute.OpType]kernel.Unary{
		compute.OpTypeNeg: kernel.Neg, compute.OpTypeAbs: kernel.Abs, compute.OpTypeSqrt: kernel.Sqrt, compute.OpTypeRsqrt: kernel.Rsqrt, compute.OpTypeSign: kernel.Sign, compute.OpTypeExp: kernel.Exp,
		compute.OpTypeLog: kernel.Log, compute.OpTypeTanh: kernel.Tanh, compute.OpTypeLogistic: kernel.Logistic,
		compute.OpTypeErf: kernel.Erf,
	}
	binaries = map[compute.OpType]kernel.Binary{
		compute.OpTypeAdd: kernel.Add, compute.OpTypeSub: kernel.Sub, compute.OpTypeMul: kernel.Mul, compute.OpTypeDiv: kernel.Div, compute.OpTypeMax: kernel.Max, compute.OpTypeMin: kernel.Min,
	}
	compares = map[compute.OpType]kernel.Compare{
		compute.OpTypeEqual: kernel.Equal, compute.OpTypeNotEqual: kernel.NotEqual, compute.OpTypeLessThan: kernel.Less, compute.OpTypeLessOrEqual: kernel.LessEqual,
		compute.OpTypeGreaterThan: kernel.Greater, compute.OpTypeGreaterOrEqual: kernel.GreaterEqual,
	}
	logicals = map[compute.OpType]bool{compute.OpTypeLogicalAnd: true, compute.OpTypeLogicalOr: true, compute.OpTypeLogicalNot: true}
)

// elementwise reports whether n can be a member of a group: a function of single elements of float32 and bool tensors.
func elementwise(n *node) bool {
	is := func(m *node, t dtypes.DType) bool { return m != nil && m.shape.DType == t }
	switch {
	case has(unaries, n.kind):
		return is(n.in[0], dtypes.Float32)
	case has(binaries, n.kind), has(compares, n.kind):
		return is(n.in[0], dtypes.Float32) && is(n.in[1], dtypes.Float32)
	case logicals[n.kind]:
		return is(n, dtypes.Bool)
	case n.kind == compute.OpTypeWhere:
		return is(n.in[0], dtypes.Bool) && is(n.in[1], dtypes.Float32) && is(n.in[2], dtypes.Float32)
	case n.kind == compute.OpTypeConvertDType:
		return is(n, dtypes.Float32) && is(n.in[0], dtypes.Bool)
	case n.kind == compute.OpTypeBroadcastInDim:
		return n.shape.DType == dtypes.Float32 || n.shape.DType == dtypes.Bool
	case n.kind == opReLUGradient, n.kind == opLimitGradient:
		return true
	}
	return false
}

func has[V any](m map[compute.OpType]V, kind compute.OpType) bool {
	_, ok := m[kind]
	return ok
}

// reluGradient turns Where(x <= 0, 0, dy), for any dy, into the gradient of y = ReLU(x) where y is in the graph: so that x itself need not be kept.
func reluGradient(n *node) {
	clamp, ok := clamped(n)
	if !ok || clamp != n.in[2] {
		return
	}
	// n is y. Every other Where on the same condition with a zero branch reads y instead.
	for _, u := range n.in[0].users {
		if u == n || u.id < n.id {
			continue
		}
		if _, ok := clamped(u); ok && u.shape.Equal(n.shape) {
			u.kind, u.in, u.args = opReLUGradient, []*node{u.in[2], n}, nil
		}
	}
}

// limitGradient turns Where(x >= limit, 0, dy), for any dy, into the gradient of y = Where(x >= limit, limit, x) where y is in the graph. Where x is ReLU's
// result, ReLU's gradient reads y too: so that neither x nor what it is compared with need be kept.
func limitGradient(n *node) {
	x, _, ok := limited(n)
	if !ok || x != n.in[2] {
		return
	}
	for _, u := range n.in[0].users {
		if u == n || u.id < n.id || u.kind != compute.OpTypeWhere || !u.shape.Equal(n.shape) || !u.in[2].shape.Equal(n.shape) {
			continue
		}
		if zero, ok := u.in[1].splat(); ok && zero == 0 && u.in[0] == n.in[0] {
			u.kind, u.in, u.args = opLimitGradient, []*node{u.in[2], n, n.in[0].in[1]}, nil
		}
	}
	for _, u := range x.users {
		if u.kind == opReLUGradient && u.in[1] == x && u.id > n.id {
			u.in[1] = n
		}
	}
}

// clamped returns x of n = Where(x <= 0, 0, anything).
func clamped(n *node) (x *node, ok bool) {
	if n.kind != compute.OpTypeWhere || !n.float() || n.in[0].kind != compute.OpTypeLessOrEqual || !n.in[0].in[0].float() {
		return nil, false
	}
	limit, ok := n.in[0].in[1].splat()
	if !ok || limit != 0 {
		return nil, false
	}
	zero, ok := n.in[1].splat()
	if !ok || zero != 0 {
		return nil, false
	}
	x = n.in[0].in[0]
	return x, x.shape.Equal(n.shape) && n.in[2].shape.Equal(n.shape)
}
