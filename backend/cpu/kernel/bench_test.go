package kernel

import (
	"syscall"
	"testing"
)

// rate reports the benchmark's speed, by the clock and by the processor time used (which other work on the machine disturbs less; per core).
func rate(b *testing.B, flops float64, f func()) {
	f()
	used := func() float64 {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
	}
	start := used()
	for b.Loop() {
		f()
	}
	work := flops * float64(b.N) / 1e9
	b.ReportMetric(work/b.Elapsed().Seconds(), "GFLOP/s")
	b.ReportMetric(work/(used()-start), "GFLOP/cpu-s")
}

func BenchmarkProduct2048(b *testing.B) {
	const n = 2048
	x, y, z := random(n*n, 1), random(n*n, 2), make([]float32, n*n)
	rate(b, 2*n*n*n, func() { Product{M: n, N: n, K: n}.Run(Default(), z, x, y, Epilogue{}) })
}
