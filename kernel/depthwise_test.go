package kernel

import (
	"fmt"
	"testing"
)

// TestDepthwise compares depthwise convolutions and their gradients, on all levels, with the
// oracle: strides, dilations, padding of all kinds and maps smaller than the kernel, channels that
// fill vectors and that do not, results that lie apart.
func TestDepthwise(t *testing.T) {
	pool := NewPool(3)
	defer pool.Close()
	shapes := []ConvShape{
		{H: 9, W: 13, KH: 3, KW: 3, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1},
		{H: 12, W: 15, KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1},
		{H: 14, W: 14, KH: 5, KW: 5, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 2, PadLeft: 2, PadRight: 1},
		{H: 7, W: 7, KH: 5, KW: 5, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 2},
		{H: 2, W: 2, KH: 5, KW: 5, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 2},
		{H: 11, W: 10, KH: 3, KW: 3, DilationH: 2, DilationW: 2, PadTop: 2, PadBottom: 2, PadLeft: 2, PadRight: 2},
		{H: 10, W: 11, KH: 3, KW: 2, StrideH: 3, StrideW: 3},
		{H: 8, W: 9, KH: 1, KW: 1, StrideH: 2, StrideW: 2},
		{H: 16, W: 17, KH: 7, KW: 7, PadTop: 3, PadBottom: 3, PadLeft: 3, PadRight: 3},
		{H: 4, W: 6, KH: 3, KW: 3, PadTop: 4, PadBottom: 4, PadLeft: 5, PadRight: 3},
	}
	levels(t, func(t *testing.T) {
		for i, s := range shapes {
			for _, c := range []int{2, 8, 19, 71, 96} {
				s.N, s.Cin, s.Cout, s.Groups = 2, c, c, c
				s := s.Normal()
				seed := uint64(100*i + c)
				d := NewDepthwise(s)
				ho, wo := s.Output()
				ldy := c + i%3
				x, dy, w := random(s.N*s.H*s.W*c, seed), random(s.N*ho*wo*ldy, seed+1), random(s.KH*s.KW*c, seed+2)
				o := newConvOracle(s, x, c, dy, ldy, w)
				name := fmt.Sprintf("%+v", s)
				for k, e := range []Epilogue{{}, {Bias: random(c, seed+3)}, {Bias: random(c, seed+3), Scale: random(c, seed+4), ReLU: true, Limit: 1}} {
					y := random(len(dy), seed+5)
					want := widen(y)
					for i := range want {
						if i%ldy < c {
							want[i] = finishOracle(0, o.y[i], i%ldy, e)
						}
					}
					d.Forward(pool, y, ldy, x, 0, w, e)
					closeTo(t, fmt.Sprintf("forward %d %s", k, name), y, want, 1e-5)
				}
				if ldy > c {
					continue // gradients read dy adjacent
				}
				dx, dw := random(len(x), seed+6), random(len(w), seed+7)
				d.BackwardInput(pool, dx, 0, dy, 0, w, Epilogue{})
				closeTo(t, "by input "+name, dx, o.dx, 1e-5)
				sum := widen(dw)
				for i := range sum {
					sum[i] += o.dw[i]
				}
				d.BackwardKernel(pool, dw, x, 0, dy, 0, true)
				closeTo(t, "by kernel, added "+name, dw, sum, 1e-5)
				d.BackwardKernel(pool, dw, x, 0, dy, 0, false)
				closeTo(t, "by kernel "+name, dw, o.dw, 1e-5)
			}
		}
	})
}

func BenchmarkDepthwise(b *testing.B) {
	for _, s := range []ConvShape{
		{H: 112, W: 112, Cin: 32, KH: 3}, {H: 56, W: 56, Cin: 144, KH: 3}, {H: 28, W: 28, Cin: 240, KH: 5}, {H: 14, W: 14, Cin: 480, KH: 3}, {H: 14, W: 14, Cin: 672, KH: 5}, {H: 7, W: 7, Cin: 1152, KH: 5},
	} {
		s.N, s.Cout, s.Groups, s.KW = 8, s.Cin, s.Cin, s.KH
		s.PadTop, s.PadBottom, s.PadLeft, s.PadRight = s.KH/2, s.KH/2, s.KH/2, s.KH/2
		d := NewDepthwise(s)
		n := s.N * s.H * s.W * s.Cin
		x, y, w := random(n, 1), make([]float32, n), random(s.KH*s.KH*s.Cin, 2)
		dw := make([]float32, len(w))
		for name, f := range map[string]func(){
			"forward":   func() { d.Forward(Default(), y, 0, x, 0, w, Epilogue{}) },
			"by input":  func() { d.BackwardInput(Default(), y, 0, x, 0, w, Epilogue{}) },
			"by kernel": func() { d.BackwardKernel(Default(), dw, x, 0, x, 0, false) },
		} {
			b.Run(fmt.Sprintf("%dx%d %d of %d/%s", s.H, s.W, s.KH, s.Cin, name), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(s.FLOPs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}
