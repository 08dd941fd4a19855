package cpu

import (
	"github.com/gomlx/compute/dtypes"

	"github.com/dvml/dvml/kernel"
)

// Element-wise operations with a vector form, by the interface's names.
var (
	unaries = map[string]kernel.Unary{
		"Neg": kernel.Neg, "Abs": kernel.Abs, "Sqrt": kernel.Sqrt, "Rsqrt": kernel.Rsqrt, "Sign": kernel.Sign, "Exp": kernel.Exp,
		"Log": kernel.Log, "Tanh": kernel.Tanh, "Logistic": kernel.Logistic,
	}
	binaries = map[string]kernel.Binary{
		"Add": kernel.Add, "Sub": kernel.Sub, "Mul": kernel.Mul, "Div": kernel.Div, "Max": kernel.Max, "Min": kernel.Min,
	}
	compares = map[string]kernel.Compare{
		"Equal": kernel.Equal, "NotEqual": kernel.NotEqual, "LessThan": kernel.Less, "LessOrEqual": kernel.LessEqual,
		"GreaterThan": kernel.Greater, "GreaterOrEqual": kernel.GreaterEqual,
	}
	logicals = map[string]bool{"LogicalAnd": true, "LogicalOr": true, "LogicalNot": true}
)

// elementwise reports whether n can be a member of a group: a function of single elements of float32 and bool tensors.
func elementwise(n *node) bool {
	is := func(m *node, t dtypes.DType) bool { return m != nil && m.shape.DType == t }
	switch {
	case has(unaries, n.name):
		return is(n.in[0], dtypes.Float32)
	case has(binaries, n.name), has(compares, n.name):
		return is(n.in[0], dtypes.Float32) && is(n.in[1], dtypes.Float32)
	case logicals[n.name]:
		return is(n, dtypes.Bool)
	case n.name == "Where":
		return is(n.in[0], dtypes.Bool) && is(n.in[1], dtypes.Float32) && is(n.in[2], dtypes.Float32)
	case n.name == "ConvertDType":
		return is(n, dtypes.Float32) && is(n.in[0], dtypes.Bool)
	case n.name == "BroadcastInDim":
		return n.shape.DType == dtypes.Float32 || n.shape.DType == dtypes.Bool
	case n.name == opReLUGradient:
		return true
	}
	return false
}

func has[V any](m map[string]V, name string) bool {
	_, ok := m[name]
	return ok
}

// Operations that the planner makes of patterns.
const (
	opReLU         = "relu"          // max(x, 0); NaN stays
	opReLUGradient = "relu gradient" // 0 where y <= 0, else dy
	opMaxPool      = "max pool"      // ReduceWindow's maximum that keeps the positions
	opMaxPoolBack  = "max pool gradient"
)

// recognise replaces patterns of operations by the planner's own.
func (g *graph) recognise() {
	for _, n := range g.nodes {
		g.relu(n)
		g.scaled(n)
	}
	g.sweep()
}

// relu turns Where(x <= 0, 0, dy), for any dy, into the gradient of y = ReLU(x) where y is in the graph: so that x itself need not be kept.
func (g *graph) relu(n *node) {
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
			u.name, u.in, u.op = opReLUGradient, []*node{u.in[2], n}, nil
		}
	}
}

// clamped returns x of n = Where(x <= 0, 0, anything).
func clamped(n *node) (x *node, ok bool) {
	if n.name != "Where" || !n.float() || n.in[0].name != "LessOrEqual" || !n.in[0].in[0].float() {
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
