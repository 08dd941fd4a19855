package scan

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func unit(rng *rand.Rand, n, dim int) []float32 {
	x := make([]float32, n*dim)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	for i := range n {
		row := x[i*dim:][:dim]
		length, _, _ := measure(row)
		for d := range row {
			row[d] /= float32(length)
		}
	}
	return x
}

func BenchmarkSearch(b *testing.B) {
	for _, c := range []struct{ n, dim, queries int }{{200000, 128, 1}, {200000, 128, 32}, {50000, 512, 1}, {50000, 512, 32}} {
		b.Run(fmt.Sprintf("%dx%d/%d", c.n, c.dim, c.queries), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(7, 8))
			m, err := NewMatrix(unit(rng, c.n, c.dim), c.dim)
			if err != nil {
				b.Fatal(err)
			}
			queries := unit(rng, c.queries, c.dim)
			for b.Loop() {
				if _, err := Search(m, queries, Options{K: 10}); err != nil {
					b.Fatal(err)
				}
			}
			products := float64(c.n) * float64(c.dim) * float64(c.queries) * float64(b.N)
			b.ReportMetric(products/b.Elapsed().Seconds()/1e9, "Gproducts/s")
		})
	}
}
