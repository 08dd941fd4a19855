package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestProductAgainstDefinition(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	levels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for trial := range 120 {
			g := Product{M: 1 + r.IntN(60), N: 1 + r.IntN(130), K: 1 + r.IntN(70), TransA: r.IntN(2) == 0, TransB: r.IntN(2) == 0, Batch: 1 + r.IntN(3)}
			if trial%10 == 0 {
				g.K = 300 + r.IntN(900)
			}
			g.LdC = g.N + r.IntN(5)
			g.StrideC = g.M * g.LdC
			g.StrideA, g.StrideB = g.M*g.K*r.IntN(2), g.N*g.K*r.IntN(2)
			a, b := random(g.Batch*g.M*g.K, uint64(trial)), random(g.Batch*g.N*g.K, uint64(trial+1000))
			c := random(g.Batch*g.StrideC, 3)
			e := Epilogue{Accumulate: r.IntN(2) == 0, ReLU: r.IntN(2) == 0}
			if r.IntN(2) == 0 {
				e.Bias = random(g.N, 4)
			}
			if r.IntN(3) == 0 {
				e.Scale = random(g.N, 5)
			}
			want := productOracle(g, c, a, b, e)
			g.Run(pool, c, a, b, e)
			closeTo(t, fmt.Sprintf("%+v %+v", g, e), c, want, 1e-5)
		}
	})
}

func TestProductOfNothing(t *testing.T) {
	levels(t, func(t *testing.T) {
		c := []float32{1, 2}
		Product{M: 1, N: 2, K: 0}.Run(Default(), c, nil, nil, Epilogue{Bias: []float32{3, -4}, ReLU: true})
		if c[0] != 3 || c[1] != 0 {
			t.Errorf("a product over nothing gives bias and ReLU alone: %v", c)
		}
		Product{M: 0, N: 2, K: 5}.Run(Default(), nil, nil, random(10, 1), Epilogue{})
	})
}

func TestProductCheck(t *testing.T) {
	for _, g := range []Product{{M: -1, N: 1, K: 1}, {M: 2, N: 4, K: 3, LdC: 3}, {M: 2, N: 4, K: 3, Batch: 2, StrideC: 7}} {
		if g.Check() == nil {
			t.Errorf("%+v must be refused", g)
		}
	}
}
