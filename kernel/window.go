package kernel

import (
	"fmt"
)

// Window is the geometry of pooling over x [N,H,W,C]: windows of KH x KW, steps of StrideH x StrideW, giving y [N,Ho,Wo,C]. Strides of 0 mean 1.
// Padding never takes part in a maximum.
type Window struct {
	N, H, W, C, KH, KW                   int
	StrideH, StrideW                     int
	PadTop, PadBottom, PadLeft, PadRight int
}

// EmptyWindow is the position that MaxForward stores for a window without any real pixel.
const EmptyWindow = 255

func (s Window) normal() Window {
	s.StrideH, s.StrideW = max(s.StrideH, 1), max(s.StrideW, 1)
	return s
}

// Check tells what is wrong with the geometry.
func (s Window) Check() error {
	if s.N < 1 || s.H < 1 || s.W < 1 || s.C < 1 || s.KH < 1 || s.KW < 1 || s.StrideH < 0 || s.StrideW < 0 {
		return fmt.Errorf("kernel: pooling %+v: sizes must be at least 1", s)
	}
	if s.KH*s.KW > EmptyWindow {
		return fmt.Errorf("kernel: pooling window %d x %d: at most %d positions can be stored", s.KH, s.KW, EmptyWindow)
	}
	if ho, wo := s.Output(); ho < 1 || wo < 1 {
		return fmt.Errorf("kernel: pooling %+v: output would be %d x %d", s, ho, wo)
	}
	return nil
}

// Output returns the height and width of y.
func (s Window) Output() (ho, wo int) {
	s = s.normal()
	return outputSize(s.H+s.PadTop+s.PadBottom, s.KH, s.StrideH), outputSize(s.W+s.PadLeft+s.PadRight, s.KW, s.StrideW)
}

// axes returns the geometry of both directions.
func (s Window) axes() (h, w axis) {
	ho, wo := s.Output()
	return axis{s.H, ho, s.KH, s.StrideH, s.PadTop, 1, 1}, axis{s.W, wo, s.KW, s.StrideW, s.PadLeft, 1, 1}
}

// check fills in defaults and panics if something is too short.
func (s Window) check(y []float32, ldy int, x []float32, ldx int) (Window, int, int) {
	if err := s.Check(); err != nil {
		panic(err)
	}
	if ldx == 0 {
		ldx = s.C
	}
	if ldy == 0 {
		ldy = s.C
	}
	if ldx < s.C || ldy < s.C {
		panic(fmt.Sprintf("kernel: pooling: pixels %d and %d floats apart hold %d channels", ldx, ldy, s.C))
	}
	ho, wo := s.Output()
	need("input", x, extent(s.N*s.H*s.W, s.C, ldx))
	need("output", y, extent(s.N*ho*wo, s.C, ldy))
	return s.normal(), ldx, ldy
}

// span returns the taps [lo,hi) of output o that read real pixels, and the input position of tap 0.
func (a axis) span(o int) (lo, hi, first int) {
	first = o*a.stride - a.pad
	return min(max(0, -first), a.kernel), max(min(a.kernel, a.in-first), 0), first
}

// cover returns the outputs [lo,hi) whose windows hold input i.
func (a axis) cover(i int) (lo, hi int) {
	lo = max(0, (i+a.pad-a.kernel)/a.stride+1)
	if i+a.pad < a.kernel {
		lo = 0
	}
	return lo, min(a.out, (i+a.pad)/a.stride+1)
}
