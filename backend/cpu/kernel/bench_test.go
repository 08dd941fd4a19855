package kernel

import "testing"

func BenchmarkProduct2048(b *testing.B) {
	const n = 2048
	x, y, z := random(n*n, 1), random(n*n, 2), make([]float32, n*n)
	for b.Loop() {
		Product{M: n, N: n, K: n}.Run(Default(), z, x, y, Epilogue{})
	}
	b.ReportMetric(2*n*n*n*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
