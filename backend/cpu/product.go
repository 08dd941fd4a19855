package cpu

import (
	"github.com/gomlx/compute/dtypes"

	"github.com/dvml/dvml/kernel"
)

// planProduct takes DotGeneral of float32 where batch axes lead on both sides and the contracted axes stand together, last or right after them.
func planProduct(p *planner, n *node) (bool, error) {
	l, r := n.in[0], n.in[1]
	args := n.args.(*dotGeneralArgs)
	config := args.config
	plain := func(t dtypes.DType) bool { return t == dtypes.InvalidDType || t == dtypes.Float32 }
	if !l.float() || !r.float() || !n.float() || !plain(config.AccumulatorDType) || !plain(config.OutputDType) {
		return false, nil
	}
	lc, lb, rc, rb := args.lhsContractingAxes, args.lhsBatchAxes, args.rhsContractingAxes, args.rhsBatchAxes
	batch, m, k, lastL, ok := matrix(l.dims(), lc, lb)
	if !ok {
		return false, nil
	}
	_, cols, _, lastR, ok := matrix(r.dims(), rc, rb)
	if !ok {
		return false, nil
	}
	g := kernel.Product{M: m, N: cols, K: k, TransA: !lastL, TransB: lastR, Batch: batch, StrideA: m * k, StrideB: k * cols, StrideC: m * cols}
	if g.Check() != nil {
		return false, nil
	}
	as, bs, cs := p.slot(l), p.slot(r), p.slot(n)
	p.add("product", []*node{n}, []*node{l, r}, func(w *workspace) func() error {
		return func() error {
			g.Run(w.pool, w.f32[cs], w.f32[as], w.f32[bs], kernel.Epilogue{})
			return nil
		}
	})
	return true, nil
}

// matrix reads an operand as a batch of matrices: free is the product of the axes that are neither batch nor contracted, k that of the contracted
// ones, which stand last or else first after the batch.
func matrix(dims, contracted, batched []int) (batch, free, k int, last, ok bool) {
	batch, free, k = 1, 1, 1
	for i, a := range batched {
		if a != i {
			return 0, 0, 0, false, false
		}
		batch *= dims[a]
	}
	is := make(map[int]bool)
	for i, a := range contracted {
		if i > 0 && a != contracted[i-1]+1 {
			return 0, 0, 0, false, false
		}
		is[a] = true
		k *= dims[a]
	}
	for a := len(batched); a < len(dims); a++ {
		if !is[a] {
			free *= dims[a]
		}
	}
	if len(contracted) == 0 {
		return batch, free, 1, true, true
	}
	last = contracted[len(contracted)-1] == len(dims)-1
	return batch, free, k, last, last || contracted[0] == len(batched)
}
