package train

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/internal/initial"
)

// gathering sums the gradients of a step's micro-batches in variables under checkpoint.Scratch, which are worth nothing between two steps.
type gathering struct {
	count      int               // micro-batches in a step
	vars       []*model.Variable // that have gradients
	sums       []*model.Variable // of their gradients
	statistics []*model.Variable // batch norm's, which each micro-batch changes
}

// add adds to the graph of a micro-batch the sum of its gradients; keep is 0 in a step's first, 1 in the others.
func (a *gathering) add(scope *model.Scope, vars []*model.Variable, grads []*Node, keep *Node) {
	g := keep.Graph()
	a.vars, a.sums, a.statistics = vars, nil, changedIn(scope, g)
	for i, v := range vars {
		path := model.JoinPath(checkpoint.Scratch, "gradient", v.Path())
		sum := scope.Store().GetVariable(path)
		if sum == nil {
			sum = scope.Store().VariableWithValue(path, initial.Constant(0, v.Shape().Dimensions...))
		}
		sum.SetTrainable(false)
		sum.SetNodeValue(Add(Mul(sum.NodeValue(g), keep), grads[i]))
		a.sums = append(a.sums, sum)
	}
}

// mean is the mean gradient of each of vars, in the graph that ends the step.
func (a *gathering) mean(g *Graph) []*Node {
	grads := make([]*Node, len(a.sums))
	for i, s := range a.sums {
		grads[i] = DivScalar(s.NodeValue(g), float64(a.count))
	}
	return grads
}
