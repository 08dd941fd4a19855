package train

import (
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/internal/initial"
)

// gathering sums the gradients of a step's micro-batches, or of the chunks of a batch, in variables under checkpoint.Scratch, which are worth nothing between
// two steps.
type gathering struct {
	count      int               // micro-batches in a step
	vars       []*model.Variable // that have gradients, in the order of their paths
	statistics []*model.Variable // batch norm's, which each micro-batch changes
}

// add adds to a graph the sum of its gradients; keep is 0 in a step's first call, 1 in the others.
func (a *gathering) add(scope *model.Scope, vars []*model.Variable, grads []*Node, keep *Node) {
	g := keep.Graph()
	a.moved(changedIn(scope, g))
	for i, v := range vars {
		sum := a.sum(v, scope.Store())
		sum.SetNodeValue(Add(Mul(sum.NodeValue(g), keep), grads[i]))
		if !slices.Contains(a.vars, v) {
			a.vars = append(a.vars, v)
		}
	}
	slices.SortFunc(a.vars, func(a, b *model.Variable) int { return strings.Compare(a.Path(), b.Path()) })
}

// moved notes that a graph of the step changes statistics of batch norm.
func (a *gathering) moved(statistics []*model.Variable) {
	for _, v := range statistics {
		if !slices.Contains(a.statistics, v) {
			a.statistics = append(a.statistics, v)
		}
	}
}

// sum is the variable that the gradients of v are summed in.
func (a *gathering) sum(v *model.Variable, store *model.Store) *model.Variable {
	path := model.JoinPath(checkpoint.Scratch, "gradient", v.Path())
	sum := store.GetVariable(path)
	if sum == nil {
		sum = store.VariableWithValue(path, initial.Constant(0, v.Shape().Dimensions...))
	}
	return sum.SetTrainable(false)
}

// mean is the mean gradient of each of vars, in the graph that ends the step.
func (a *gathering) mean(g *Graph, store *model.Store) []*Node {
	grads := make([]*Node, len(a.vars))
	for i, v := range a.vars {
		grads[i] = DivScalar(a.sum(v, store).NodeValue(g), float64(a.count))
	}
	return grads
}
