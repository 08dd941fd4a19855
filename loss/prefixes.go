package loss

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
)

// prefixed is a loss on whole embeddings and on their first dimensions alone, so that an embedding
// may be cut short later and still serves (Matryoshka representations):
//
//	L = 1 / (n + 1) (L(x) + sum_k L(x[:d_k]))
//
// What a loss learns it learns for each length apart, in the scope prefix_D of its own. Active is
// that of the whole.
//
// Kusupati et al., "Matryoshka Representation Learning", NeurIPS 2022.
type prefixed struct {
	Loss
	parts []Loss
	dims  []int
}

// newPrefixed makes the loss of cfg.Prefixes around whole.
func newPrefixed(whole Loss, cfg Config, f family) (Loss, error) {
	l := prefixed{Loss: whole, dims: cfg.Prefixes}
	before := 0
	for _, dim := range cfg.Prefixes {
		if dim <= before || cfg.Dim > 0 && dim >= cfg.Dim {
			return nil, fmt.Errorf("prefixes are %v; they rise from 1 and stay below the %d dimensions of the whole", cfg.Prefixes, cfg.Dim)
		}
		before = dim
		part := cfg
		part.Dim = dim
		p, err := f.build(part)
		if err != nil {
			return nil, err
		}
		l.parts = append(l.parts, p)
	}
	return l, nil
}

// Graph implements Loss.
func (l prefixed) Graph(scope *model.Scope, b Batch) Value {
	v := l.Loss.Graph(scope, b)
	for i, part := range l.parts {
		short := b
		short.Embeddings = Slice(b.Embeddings, AxisRange(), AxisRange(0, l.dims[i]))
		v.Loss = Add(v.Loss, part.Graph(scope.At("prefix_%d", l.dims[i]), short).Loss)
	}
	v.Loss = DivScalar(v.Loss, float64(len(l.parts)+1))
	return v
}
