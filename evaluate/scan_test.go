package evaluate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dvml/dvml/kernel"
)

// atLevels runs the test with each set of instructions that this machine has.
func atLevels(t *testing.T, test func(t *testing.T)) {
	for level := kernel.Generic; level <= kernel.Features(); level++ {
		t.Run(level.String(), func(t *testing.T) {
			defer kernel.SetActive(kernel.SetActive(level))
			test(t)
		})
	}
}

func TestTally(t *testing.T) {
	atLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 3))
		for range 300 {
			values, bars := make([]float32, rng.IntN(300)), make([]float32, 1+rng.IntN(12))
			if rng.IntN(20) == 0 {
				bars = make([]float32, 2*manyThresholds)
			}
			for i := range values {
				values[i] = float32(rng.IntN(41)-20) / 4
			}
			for i := range bars {
				bars[i] = float32(rng.IntN(41)-20) / 4
			}
			slices.Sort(bars)
			slices.Reverse(bars)
			got := make([]int32, len(bars))
			cut := rng.IntN(len(values) + 1)
			tally(values[:cut], bars, got)
			tally(values[cut:], bars, got)
			got = above(got)
			for j, b := range bars {
				want := int32(0)
				for _, v := range values {
					if v >= b {
						want++
					}
				}
				if got[j] != want {
					t.Fatalf("%d values, threshold %d of %d: counted %d, want %d", len(values), j, len(bars), got[j], want)
				}
			}
		}
	})
}

func TestScan(t *testing.T) {
	atLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(2, 3))
		for range 2000 {
			n := 1 + rng.IntN(100)
			products, half, id := make([]float32, n), make([]float32, n), make([]int32, n)
			for i := range n {
				products[i], half[i], id[i] = float32(rng.IntN(50)-60), float32(rng.IntN(5)), int32(3*i+1)
			}
			want := none
			for i := range n {
				want.offer(id[i], products[i]-half[i])
			}
			got := none
			cut := rng.IntN(n + 1)
			got.scan(products[:cut], half[:cut], id[:cut])
			got.scan(products[cut:], half[cut:], id[cut:])
			if got != want {
				t.Fatalf("%d centres: got %+v, want %+v", n, got, want)
			}
		}
	})
}

// TestEqualRowsGiveEqualBits: the metrics' tie rule stands on it, and so does the walk over half of the blocks.
func TestEqualRowsGiveEqualBits(t *testing.T) {
	atLevels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 3))
		for _, dim := range []int{1, 7, 64, 130, 512, 1000} {
			const n = 150
			x := make([]float32, n*dim)
			for i := range x {
				x[i] = float32(rng.NormFloat64())
			}
			for i := 0; i+3 < n; i += 3 { // every third row repeats
				copy(x[(i+3)*dim:(i+4)*dim], x[:dim])
			}
			var space []float32
			out := make([]float32, n*n)
			dotBlock(x, pack(&space, x, dim), out, dim)
			few := make([]float32, 2*5)
			dotBlock(x[3*dim:5*dim], pack(&space, x[2*dim:7*dim], dim), few, dim)
			for i := range n {
				for j := range n {
					if out[i*n+j] != out[j*n+i] {
						t.Fatalf("dim %d: %d.%d and %d.%d differ", dim, i, j, j, i)
					}
					if i%3 == 0 && j%3 == 0 && out[i*n+j] != out[0] {
						t.Fatalf("dim %d: equal rows %d, %d give other bits than rows 0, 0", dim, i, j)
					}
				}
			}
			for i := range 2 {
				for j := range 5 {
					if few[i*5+j] != out[(3+i)*n+2+j] {
						t.Fatalf("dim %d: a small block gives other bits than a large one", dim)
					}
				}
			}
		}
	})
}
