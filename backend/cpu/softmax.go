package cpu

import "github.com/dvml/dvml/kernel"

// planSoftmax takes exp(x - max) / sum over an axis with nothing but axes of length 1 after it.
func planSoftmax(p *planner, n *node) (bool, error) {
	x := n.in[0]
	_, k, inner, ok := middle(x.dims(), []int{n.args.(*fusedSoftmaxArgs).axis})
	if !x.float() || !ok || inner != 1 {
		return false, nil
	}
	xs, ys := p.slot(x), p.slot(n)
	p.add("softmax", []*node{n}, []*node{x}, func(w *workspace) func() error {
		piece := func(lo, hi, _ int) {
			for i := lo; i < hi; i++ {
				softmaxRow(w.f32[ys][i*k:(i+1)*k], w.f32[xs][i*k:(i+1)*k])
			}
		}
		return func() error {
			w.pool.Parallel(x.size()/k, max(1, block/k/4), piece)
			return nil
		}
	})
	return true, nil
}

func softmaxRow(y, x []float32) {
	kernel.Sub.Scalar(y, x, vector(x, false))
	kernel.Exp.Apply(y, y)
	kernel.Mul.Scalar(y, y, 1/kernel.Sum(y))
}
