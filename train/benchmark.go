package train

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
)

// BenchmarkStep returns a training step on images [B,H,W,3] for package bench: a run's own, in the first phase of c, or (objective false) one of the sum of
// the backbone's features alone, for what it costs without the method. free releases its memory.
func BenchmarkStep(backend compute.Backend, store *model.Store, m *method.Model, c *config.Config, labels []int32, objective bool) (call func(images *tensors.Tensor) error, free func(), err error) {
	table := steering(c, 0, make([]int, len(config.Groups)))
	if objective {
		s, err := newStep(backend, store, m, c, 0, "")
		if err != nil {
			return nil, nil, err
		}
		return func(images *tensors.Tensor) error {
			_, _, _, err := s.batch(drawn(m, c.Phases[0].Phase, c.Seed, 0, images, labels), table, 0)
			return err
		}, s.close, nil
	}
	steers := tensors.FromFlatDataAndDimensions(table, len(config.Groups), columns)
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, images, table *Node) *Node {
		total := ReduceAllSum(m.Features(scope, images, true))
		vars, grads, _ := gradients(scope, total, func(string) bool { return true })
		move(scope, c, vars, grads, table, nil)
		return total
	})
	if err != nil {
		return nil, nil, err
	}
	return func(images *tensors.Tensor) error {
		_, err := exec.Call(images, steers)
		return err
	}, exec.Finalize, nil
}
