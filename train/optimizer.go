package train

import (
	"math"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/method"
)

// Numbers of groups in config.Groups that are treated apart.
const (
	backboneGroup = 0
	decoderGroup  = 2
)

// groupOf returns the number of the group that the variable at path belongs to, or -1.
func groupOf(path string) int {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for i, g := range config.Groups {
		if g == first {
			return i
		}
	}
	return -1
}

// columns of the table that steers one step, a row a group.
const (
	columnRate   = iota // learning rate, for Adam divided by 1 - beta1^t
	columnSecond        // Adam's 1 / sqrt(1 - beta2^t)
	columnDecay         // learning rate without Adam's correction, for AdamW's decay
	columnEMA           // how far the running averages move towards the weights
	columns
)

// steering returns the values, [config.Groups x columns], that steer the update of the step that makes each group's counter taken[g]: learning rates
// under the schedule at step (from 0) of steps, with Adam's bias corrections (Kingma and Ba 2015), and the share that the running averages move.
// Computed here in float64, so that a graph needs no counter.
func steering(c *config.Config, step int, taken []int) []float32 {
	o, rates, moves := c.Optimizer, c.RatesOf(c.PhaseAt(step)), float32(moves(c, step))
	table := make([]float32, len(config.Groups)*columns)
	for g, rate := range rates.List() {
		rate *= c.Factor(step)
		first, second := 1.0, 1.0
		if o.Name != "sgd" {
			t := float64(max(taken[g], 1))
			first, second = 1-math.Pow(o.Beta1, t), 1-math.Pow(o.Beta2, t)
		}
		row := table[g*columns:]
		row[columnRate], row[columnSecond], row[columnDecay] = float32(rate/first), float32(1/math.Sqrt(second)), float32(rate)
		row[columnEMA] = moves
	}
	return table
}

// gradients returns every trainable variable that the loss uses and that trains, with the loss's gradient with respect to it, and that with respect to each of
// nodes. What no gradient is asked for costs none.
func gradients(scope *model.Scope, total *Node, trains func(path string) bool, nodes ...*Node) (vars []*model.Variable, grads, others []*Node) {
	g := total.Graph()
	for v := range scope.Store().IterVariables() {
		if v.Trainable && v.InUseByGraph(g) && groupOf(v.Path()) >= 0 && trains(v.Path()) {
			vars = append(vars, v)
		}
	}
	// A resumed run's store has its variables in another order, and the sum below would be rounded in another way.
	slices.SortFunc(vars, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
	if len(vars)+len(nodes) == 0 {
		return nil, nil, nil
	}
	all := make([]*Node, len(vars), len(vars)+len(nodes))
	for i, v := range vars {
		all[i] = v.NodeValue(g)
	}
	grads = Gradient(total, append(all, nodes...)...)
	return vars, grads[:len(vars)], grads[len(vars):]
}

// update adds to the graph one step of the optimiser on vars with the gradients grads, steered by table [config.Groups, columns]. It returns the norm of
// all these gradients before clipping, and the sum of squares of each [len(vars)], a scalar where there are none.
func update(o config.Optimizer, scope *model.Scope, vars []*model.Variable, grads []*Node, table *Node) (norm, squares *Node) {
	g := table.Graph()
	norm = ScalarZero(g, table.DType())
	squares = norm
	var each []*Node
	for _, d := range grads {
		sum := ReduceAllSum(Mul(d, d))
		norm, each = Add(norm, sum), append(each, Reshape(sum, 1))
	}
	norm = Sqrt(norm)
	if len(each) > 0 {
		squares = Concatenate(each, 0)
	}
	for i, v := range vars {
		d := grads[i]
		if o.ClipNorm > 0 {
			d = Mul(d, MinScalar(Div(Scalar(g, d.DType(), o.ClipNorm), AddScalar(norm, 1e-6)), 1))
		}
		at := func(column int) *Node {
			return Reshape(Slice(table, AxisElem(groupOf(v.Path())), AxisElem(column)))
		}
		one(o, scope, v, d, at)
	}
	return norm, squares
}

// one updates variable v by its gradient d.
func one(o config.Optimizer, scope *model.Scope, v *model.Variable, d *Node, at func(column int) *Node) {
	g := d.Graph()
	w := v.NodeValue(g)
	decays := o.WeightDecay > 0 && !method.IsNormParameter(v.Path()) && v.Shape().Rank() > 1
	if decays && o.Name != "adamw" {
		d = Add(d, MulScalar(w, o.WeightDecay))
	}
	if o.Name == "sgd" {
		m := moment(scope, "momentum", v)
		next := Add(MulScalar(m.NodeValue(g), o.Momentum), d)
		m.SetNodeValue(next)
		v.SetNodeValue(Sub(w, Mul(next, at(columnRate))))
		return
	}
	m, s := moment(scope, "first", v), moment(scope, "second", v)
	first := Add(MulScalar(m.NodeValue(g), o.Beta1), MulScalar(d, 1-o.Beta1))
	second := Add(MulScalar(s.NodeValue(g), o.Beta2), MulScalar(Mul(d, d), 1-o.Beta2))
	m.SetNodeValue(first)
	s.SetNodeValue(second)
	step := Div(Mul(first, at(columnRate)), AddScalar(Mul(Sqrt(second), at(columnSecond)), o.Epsilon))
	if decays && o.Name == "adamw" {
		step = Add(step, Mul(MulScalar(w, o.WeightDecay), at(columnDecay)))
	}
	v.SetNodeValue(Sub(w, step))
}

// moment returns the optimiser's state of one kind for v, from zero.
func moment(scope *model.Scope, kind string, v *model.Variable) *model.Variable {
	path := model.JoinPath("/optimizer", kind, v.Path())
	m := scope.Store().GetVariable(path)
	if m == nil {
		m = scope.Store().VariableWithValue(path, initial.Constant(0, v.Shape().Dimensions...))
	}
	return m.SetTrainable(false)
}
