package train

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
)

// The running averages of the weights (an exponential moving average: Polyak and Juditsky 1992; Tarvainen and Valpola, "Mean teachers", 2017) are
// variables beside the trained ones, at checkpoint.AveragePath, moved by every step's graph:
//
//	average += (1 - d) * (weight - average),   d = min(ema, (1+t) / (10+t))
//
// t counts the steps since the averages began, so that the first weights are forgotten in a short run too. Batch norm's running statistics, which
// belong to the weights, are averaged with them. What no step has changed yet is its own average and has no variable; it begins at its value.

// moves is 1 - d for step (from 0).
func moves(c *config.Config, step int) float64 {
	t := float64(step - averagedFrom(c, step))
	return 1 - min(c.EMA, (1+t)/(10+t))
}

// averagedFrom is the step (from 0) that the averages of step are counted from: the last at which the backbone began to train, else the first.
// Beginning again there keeps heads and backbone of one age: averaged heads of long ago under a backbone of now would fit badly.
func averagedFrom(c *config.Config, step int) int {
	trains := func(step int) bool { return c.RatesOf(c.PhaseAt(step)).Backbone > 0 && !c.Freeze.Frozen(step) }
	if step == 0 || !trains(step) {
		return 0
	}
	first := 0
	for _, at := range c.Turns() {
		if at <= step && trains(at) && !trains(at-1) {
			first = at
		}
	}
	return first
}

// average adds to the graph that ends a step the move of the running averages: of the variables that the step changes and of those that have one
// from earlier steps. It comes after the changes. table is steering's.
func average(scope *model.Scope, table *Node, changed []*model.Variable) {
	g, store := table.Graph(), scope.Store()
	for _, v := range changed {
		if path := checkpoint.AveragePath(v.Path()); store.GetVariable(path) == nil {
			store.VariableWithValue(path, copied(v))
		}
	}
	for v := range store.IterVariables() {
		a := store.GetVariable(checkpoint.AveragePath(v.Path()))
		if a == nil {
			continue
		}
		old := a.SetTrainable(false).NodeValue(g)
		share := Reshape(Slice(table, AxisElem(groupOf(v.Path())), AxisElem(columnEMA)))
		a.SetNodeValue(Add(old, Mul(Sub(v.NodeValue(g), old), share)))
	}
}

// changedIn lists the variables that averages are kept of and that g changes so far: weights, and batch norm's statistics.
func changedIn(scope *model.Scope, g *Graph) (vars []*model.Variable) {
	for v := range scope.Store().IterVariables() {
		if groupOf(v.Path()) >= 0 && v.ChangedInGraph(g) && (v.Trainable || isStatistic(v.Path())) {
			vars = append(vars, v)
		}
	}
	return vars
}

// isStatistic reports whether the variable at path is a running average of batch norm.
func isStatistic(path string) bool {
	_, name := model.SplitPath(path)
	return name == "mean" || name == "variance"
}

// copied is the value of v on its own memory.
func copied(v *model.Variable) *tensors.Tensor {
	value, err := v.MustValue().LocalClone()
	if err != nil {
		panic(err) // in a graph's builder, whose executor returns it as an error
	}
	return value
}

// averaged runs use while the store's variables hold their running averages.
func averaged(store *model.Store, use func() error) error {
	if err := checkpoint.SwapAverages(store); err != nil {
		return err
	}
	err := use()
	if back := checkpoint.SwapAverages(store); err == nil {
		err = back
	}
	return err
}
