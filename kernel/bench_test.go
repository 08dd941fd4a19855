//go:build unix

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
	{14, 112, 224, 3, 1, 1}, {7, 192, 384, 3, 1, 1}, {28, 32, 96, 5, 1, 2}, {28, 16, 32, 5, 1, 2}, {14, 24, 64, 5, 1, 2}, {7, 48, 128, 5, 1, 2},
}

func benchmarkLayers(b *testing.B, opt ConvOptions, run func(c *Conv, x, w, y, dx, dw, dy []float32)) {
	for _, l := range layers {
		b.Run(fmt.Sprintf("%dx%d_%d_%d-%d", l.k, l.k, l.hw, l.cin, l.cout), func(b *testing.B) {
			c, err := NewConv(ConvShape{N: 32, H: l.hw, W: l.hw, Cin: l.cin, Cout: l.cout, KH: l.k, KW: l.k, StrideH: l.stride, StrideW: l.stride,
				PadTop: l.pad, PadBottom: l.pad, PadLeft: l.pad, PadRight: l.pad}, opt)
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

func BenchmarkAutoForward(b *testing.B) {
	benchmarkLayers(b, ConvOptions{}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.Forward(Default(), y, 0, x, 0, w, Epilogue{}) })
}

func BenchmarkAutoBackwardInput(b *testing.B) {
	benchmarkLayers(b, ConvOptions{}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardInput(Default(), dx, 0, dy, 0, w, Epilogue{}) })
}

func BenchmarkAutoBackwardKernel(b *testing.B) {
	benchmarkLayers(b, ConvOptions{}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardKernel(Default(), dw, x, 0, dy, 0, false) })
}

// bfloat16Options skips a benchmark where there are no products of bfloat16.
func bfloat16Options(b *testing.B) ConvOptions {
	if err := CheckPrecision(BFloat16); err != nil {
		b.Skip(err)
	}
	return ConvOptions{Precision: BFloat16}
}

func BenchmarkBFloat16Forward(b *testing.B) {
	benchmarkLayers(b, bfloat16Options(b), func(c *Conv, x, w, y, dx, dw, dy []float32) { c.Forward(Default(), y, 0, x, 0, w, Epilogue{}) })
}

func BenchmarkBFloat16BackwardInput(b *testing.B) {
	benchmarkLayers(b, bfloat16Options(b), func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardInput(Default(), dx, 0, dy, 0, w, Epilogue{}) })
}

func BenchmarkBFloat16BackwardKernel(b *testing.B) {
	benchmarkLayers(b, bfloat16Options(b), func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardKernel(Default(), dw, x, 0, dy, 0, false) })
}

func BenchmarkForward(b *testing.B) {
	benchmarkLayers(b, ConvOptions{Algorithm: Direct}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.Forward(Default(), y, 0, x, 0, w, Epilogue{}) })
}

func BenchmarkBackwardInput(b *testing.B) {
	benchmarkLayers(b, ConvOptions{Algorithm: Direct}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardInput(Default(), dx, 0, dy, 0, w, Epilogue{}) })
}

func BenchmarkBackwardKernel(b *testing.B) {
	benchmarkLayers(b, ConvOptions{Algorithm: Direct}, func(c *Conv, x, w, y, dx, dw, dy []float32) { c.BackwardKernel(Default(), dw, x, 0, dy, 0, false) })
}

// moved reports bytes read and written per second.
func moved(b *testing.B, bytes int, f func()) {
	f()
	b.SetBytes(int64(bytes))
	for b.Loop() {
		f()
	}
}

func BenchmarkMemory(b *testing.B) {
	p := Default()
	s := Window{N: 32, H: 114, W: 114, C: 64, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadBottom: 1, PadRight: 1}
	ho, wo := s.Output()
	x, y := random(s.N*s.H*s.W*s.C, 1), random(s.N*ho*wo*s.C, 2)
	pos := make([]uint8, len(y))
	b.Run("MaxForward", func(b *testing.B) { moved(b, 4*len(x)+5*len(y), func() { s.MaxForward(p, y, 0, pos, x, 0) }) })
	b.Run("MaxBackward", func(b *testing.B) { moved(b, 4*len(x)+5*len(y), func() { s.MaxBackward(p, x, 0, y, 0, pos, false) }) })
	one := Window{N: 32, H: 28, W: 28, C: 256, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1}
	n := 32 * 28 * 28 * 256
	b.Run("MaxForwardStride1", func(b *testing.B) { moved(b, 9*n, func() { one.MaxForward(p, y[:n], 0, pos[:n], x, 0) }) })
	b.Run("MaxBackwardStride1", func(b *testing.B) { moved(b, 9*n, func() { one.MaxBackward(p, x, 0, y[:n], 0, pos[:n], false) }) })
	b.Run("SlidingSum", func(b *testing.B) {
		moved(b, 8*len(y), func() {
			p.Parallel(len(y)/64, 64, func(lo, hi, _ int) { SlidingSum(x[lo*64:hi*64], y[lo*64:hi*64], 64, 2, 2) })
		})
	})
	const weights = 6 << 20
	w, m, g := random(weights, 1), random(weights, 2), random(weights, 3)
	b.Run("ColumnSums", func(b *testing.B) { moved(b, 4*len(x), func() { SumColumns(p, w[:64], x, len(x)/64, 64, 64, false) }) })
	const tile = 4096
	for _, op := range []struct {
		name string
		f    func()
	}{{"Add", func() { Add.Apply(w[:tile], m[:tile], g[:tile]) }}, {"Exp", func() { Exp.Apply(w[:tile], m[:tile]) }}, {"Log", func() { Log.Apply(w[:tile], m[:tile]) }},
		{"Tanh", func() { Tanh.Apply(w[:tile], m[:tile]) }}, {"Rsqrt", func() { Rsqrt.Apply(w[:tile], m[:tile]) }}, {"ReLU", func() { Max.Scalar(w[:tile], m[:tile], 0) }}} {
		b.Run(op.name+"InCache", func(b *testing.B) { moved(b, 4*tile, op.f) })
	}
}
