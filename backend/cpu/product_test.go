package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// product is one DotGeneral.
type product struct {
	l, r           []int // dims
	lc, lb, rc, rb []int
}

// drawProduct draws operands whose batch, contracted and free axes stand anywhere, or where kernels want them.
func drawProduct(r *rand.Rand) product {
	var p product
	size := func() int { return 1 + r.IntN(7)*r.IntN(2) }
	batch, contracted := make([]int, r.IntN(3)), make([]int, r.IntN(3))
	for i := range batch {
		batch[i] = size()
	}
	for i := range contracted {
		contracted[i] = size() + r.IntN(10)
	}
	tidy := r.IntN(2) == 0
	side := func() (dims, c, b []int) {
		free := make([]int, r.IntN(3))
		for i := range free {
			free[i] = size() + r.IntN(12)
		}
		// kinds of axes in their order: b and c with their number, f
		type axis struct{ kind, i, size int }
		var axes []axis
		for i, n := range batch {
			axes = append(axes, axis{0, i, n})
		}
		first := len(axes)
		for i, n := range contracted {
			axes = append(axes, axis{1, i, n})
		}
		for _, n := range free {
			axes = append(axes, axis{2, 0, n})
		}
		switch {
		case !tidy:
			r.Shuffle(len(axes), func(i, j int) { axes[i], axes[j] = axes[j], axes[i] })
		case r.IntN(2) == 0: // contracted axes last
			axes = append(axes[:first:first], append(slices.Clone(axes[first+len(contracted):]), axes[first:first+len(contracted)]...)...)
		}
		b, c = make([]int, len(batch)), make([]int, len(contracted))
		for at, a := range axes {
			dims = append(dims, a.size)
			switch a.kind {
			case 0:
				b[a.i] = at
			case 1:
				c[a.i] = at
			}
		}
		return dims, c, b
	}
	p.l, p.lc, p.lb = side()
	p.r, p.rc, p.rb = side()
	return p
}

func TestProducts(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 80
	}
	natively := 0
	for seed := range rounds {
		r := random(uint64(seed))
		p := drawProduct(r)
		ok := t.Run(fmt.Sprintf("%d %+v", seed, p), func(t *testing.T) {
			e := compare(t, 1e-5, []tensor{normal(r, p.l...), normal(r, p.r...)}, one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
				return f.DotGeneral(in[0], p.lc, p.lb, in[1], p.rc, p.rb, compute.DotGeneralConfig{})
			}))
			if slices.Contains(e.stepNames(), "product") {
				natively++
			}
		})
		if !ok {
			break
		}
	}
	if natively < rounds/3 {
		t.Errorf("%d of %d products ran on a kernel", natively, rounds)
	}
}

// TestProductOfATensorWithItself reads one operand twice.
func TestProductOfATensorWithItself(t *testing.T) {
	r := random(9)
	e := compare(t, 1e-5, []tensor{normal(r, 37, 50)}, func(f compute.Function, in []compute.Value) []compute.Value {
		x := must(f.Neg(in[0]))
		return []compute.Value{must(f.DotGeneral(x, []int{1}, nil, x, []int{1}, nil, compute.DotGeneralConfig{})), must(f.DotGeneral(x, []int{0}, nil, in[0], []int{0}, nil, compute.DotGeneralConfig{}))}
	})
	native(t, e, "product")
}

// TestProductTypes asks for sums and results of other types.
func TestProductTypes(t *testing.T) {
	r := random(10)
	for _, config := range []compute.DotGeneralConfig{{AccumulatorDType: dtypes.Float32, OutputDType: dtypes.Float32}, {OutputDType: dtypes.Float64}, {AccumulatorDType: dtypes.Float64}} {
		in := []tensor{normal(r, 5, 6), normal(r, 6, 7)}
		product := one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
			y, err := f.DotGeneral(in[0], []int{1}, nil, in[1], []int{0}, nil, config)
			if err != nil {
				return nil, err
			}
			return f.ConvertDType(y, dtypes.Float32)
		})
		if _, err := build(reference(), in, product); err != nil {
			continue
		}
		compare(t, 1e-5, in, product)
	}
}
