package kernel

import (
	"fmt"
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

// layers are convolutions of GoogLeNet at 227 pixels, batch 32.
var layers = []struct{ hw, cin, cout, k, stride, pad int }{
	{227, 3, 64, 7, 2, 3}, {56, 64, 192, 3, 1, 1}, {28, 128, 192, 3, 1, 1}, {28, 96, 128, 3, 1, 1}, {14, 512, 160, 1, 1, 0}, {28, 192, 16, 1, 1, 0},
	{14, 112, 224, 3, 1, 1}, {7, 192, 384, 3, 1, 1}, {28, 32, 96, 5, 1, 2}, {14, 24, 64, 5, 1, 2},
}

func benchmarkLayers(b *testing.B, algorithm Algorithm, run func(c *Conv, x, w, y, dx, dw, dy []float32)) {
	for _, l := range layers {
		b.Run(fmt.Sprintf("%dx%d_%d_%d-%d", l.k, l.k, l.hw, l.cin, l.cout), func(b *testing.B) {
			c, err := NewConv(ConvShape{N: 32, H: l.hw, W: l.hw, Cin: l.cin, Cout: l.cout, KH: l.k, KW: l.k, StrideH: l.stride, StrideW: l.stride,
				PadTop: l.pad, PadBottom: l.pad, PadLeft: l.pad, PadRight: l.pad}, ConvOptions{Algorithm: algorithm})
			if err != nil {
				b.Fatal(err)
			}
			s := c.Shape()
			x, w, y := random(s.N*s.H*s.W*s.Cin, 1), random(c.weights(), 2), random(s.N*c.ho*c.wo*s.Cout, 3)
			dx, dw := make([]float32, len(x)), make([]float32, len(w))
			rate(b, s.FLOPs(), func() { run(c, x, w, y, dx, dw, y) })
		})
	}
}

func BenchmarkForward(b *testing.B) {
	benchmarkLayers(b, Direct, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.Forward(Default(), y, 0, x, 0, w, Epilogue{}) })
}

func BenchmarkBackwardInput(b *testing.B) {
	benchmarkLayers(b, Direct, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardInput(Default(), dx, 0, dy, 0, w, Epilogue{}) })
}

func BenchmarkBackwardKernel(b *testing.B) {
	benchmarkLayers(b, Direct, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardKernel(Default(), dw, x, 0, dy, 0, false) })
}
