package train

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
)

// BenchmarkStep returns a training step on images [B,H,W,3] for package bench: the same graph as a run's, of m's whole objective in the first phase
// of c, or (objective false) of the sum of the backbone's features alone. free releases its memory.
func BenchmarkStep(backend compute.Backend, store *model.Store, m *method.Model, c *config.Config, labels, eps *tensors.Tensor, objective bool) (run func(images *tensors.Tensor) error, free func(), err error) {
	steering := tensors.FromFlatDataAndDimensions(steering(c, 0, make([]int, len(config.Groups))), len(config.Groups), columns)
	all := func(string) bool { return true }
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, in []*Node) []*Node {
		images, labels, eps, table := in[0], in[1], in[2], in[3]
		total := func() *Node {
			if objective {
				return m.Train(scope, images, method.Inputs{Labels: labels, Eps: eps}, c.Phases[0].Phase).Total
			}
			return ReduceAllSum(m.Features(scope, images, true))
		}()
		vars, grads := gradients(scope, total, all)
		update(c.Optimizer, scope, vars, grads, table)
		if c.EMA > 0 {
			average(scope, table, changedIn(scope, table.Graph()))
		}
		return []*Node{total}
	})
	if err != nil {
		return nil, nil, err
	}
	return func(images *tensors.Tensor) error {
		_, err := exec.Call(images, labels, eps, steering)
		return err
	}, exec.Finalize, nil
}
