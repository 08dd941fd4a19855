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

// MaxForward writes the maximum of each window to y [N,Ho,Wo,C] and, if pos is not nil, its position kh*KW+kw to pos [N,Ho,Wo,C] (adjacent pixels,
// whatever ldy is): the first of equal ones. A window without real pixels gives -Inf and EmptyWindow. ldx, ldy: pixel distances, 0 for C.
func (s Window) MaxForward(p *Pool, y []float32, ldy int, pos []uint8, x []float32, ldx int) {
	s, ldx, ldy = s.check(y, ldy, x, ldx)
	h, w := s.axes()
	if pos != nil && len(pos) < s.N*h.out*w.out*s.C {
		panic(fmt.Sprintf("kernel: pooling: %d positions for %d results", len(pos), s.N*h.out*w.out*s.C))
	}
	p.Parallel(s.N*h.out, 1+16384/(w.out*s.C*s.KH*s.KW), func(lo, hi, _ int) {
		var table [16]tapRow
		for r := lo; r < hi; r++ {
			n, oh := r/h.out, r%h.out
			khLo, khHi, top := h.span(oh)
			for ow := range w.out {
				kwLo, kwHi, left := w.span(ow)
				rows := table[:0]
				for kh := khLo; kh < khHi; kh++ {
					for kw := kwLo; kw < kwHi; kw++ {
						rows = append(rows, tapRow{&x[((n*s.H+top+kh)*s.W+left+kw)*ldx], uintptr(kh*s.KW + kw)})
					}
				}
				pixel := r*w.out + ow
				best := y[pixel*ldy:][:s.C]
				if pos != nil {
					maxRows(best, pos[pixel*s.C:][:s.C], rows)
				} else {
					maxRows(best, nil, rows)
				}
			}
		}
	})
}

// MaxBackward computes dx [N,H,W,C] from dy [N,Ho,Wo,C] and the positions stored by MaxForward. Every input pixel gathers from the windows that
// hold it, so no two workers write to one place. accumulate adds to dx.
func (s Window) MaxBackward(p *Pool, dx []float32, ldx int, dy []float32, ldy int, pos []uint8, accumulate bool) {
	s, ldx, ldy = s.check(dy, ldy, dx, ldx)
	h, w := s.axes()
	if len(pos) < s.N*h.out*w.out*s.C {
		panic(fmt.Sprintf("kernel: pooling: %d positions for %d results", len(pos), s.N*h.out*w.out*s.C))
	}
	zeros := takeScratch(s.C)
	clear(zeros)
	p.Parallel(s.N*s.H, 1+16384/(s.W*s.C*s.KH*s.KW), func(lo, hi, _ int) {
		var table [16]whereRow
		for r := lo; r < hi; r++ {
			n, ih := r/s.H, r%s.H
			ohLo, ohHi := h.cover(ih)
			for iw := range s.W {
				row := dx[(r*s.W+iw)*ldx:][:s.C]
				owLo, owHi := w.cover(iw)
				rows := table[:0]
				for oh := ohLo; oh < ohHi; oh++ {
					for ow := owLo; ow < owHi; ow++ {
						pixel := (n*h.out+oh)*w.out + ow
						tap := (ih+s.PadTop-oh*s.StrideH)*s.KW + iw + s.PadLeft - ow*s.StrideW
						rows = append(rows, whereRow{&dy[pixel*ldy], &pos[pixel*s.C], uintptr(tap)})
					}
				}
				if accumulate {
					addWhereRows(row, row, rows)
				} else {
					addWhereRows(row, zeros, rows)
				}
			}
		}
	})
	giveScratch(zeros)
}

// gather visits every input pixel's row and calls add for each window (output pixel and tap) that holds it.
func (s Window) gather(p *Pool, dx []float32, ldx int, accumulate bool, add func(row []float32, pixel, tap int)) {
	h, w := s.axes()
	p.Parallel(s.N*s.H, 1+16384/(s.W*s.C*s.KH*s.KW), func(lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			n, ih := r/s.H, r%s.H
			ohLo, ohHi := h.cover(ih)
			for iw := range s.W {
				row := dx[(r*s.W+iw)*ldx:][:s.C]
				if !accumulate {
					clear(row)
				}
				owLo, owHi := w.cover(iw)
				for oh := ohLo; oh < ohHi; oh++ {
					kh := ih + s.PadTop - oh*s.StrideH
					for ow := owLo; ow < owHi; ow++ {
						add(row, (n*h.out+oh)*w.out+ow, kh*s.KW+iw+s.PadLeft-ow*s.StrideW)
					}
				}
			}
		}
	})
}

// MeanForward writes the mean of each window to y. Padding counts as zeros in the mean if countPadding, else the mean is over real pixels only.
func (s Window) MeanForward(p *Pool, y []float32, ldy int, x []float32, ldx int, countPadding bool) {
	s, ldx, ldy = s.check(y, ldy, x, ldx)
	s.sum(p, y, ldy, x, ldx, func(oh, ow int) float32 { return s.share(oh, ow, countPadding) })
}

// SumForward writes the sum of each window to y.
func (s Window) SumForward(p *Pool, y []float32, ldy int, x []float32, ldx int) {
	s, ldx, ldy = s.check(y, ldy, x, ldx)
	s.sum(p, y, ldy, x, ldx, func(int, int) float32 { return 1 })
}

func (s Window) sum(p *Pool, y []float32, ldy int, x []float32, ldx int, scale func(oh, ow int) float32) {
	h, w := s.axes()
	p.Parallel(s.N*h.out, 1+16384/(w.out*s.C*s.KH*s.KW), func(lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			n, oh := r/h.out, r%h.out
			khLo, khHi, top := h.span(oh)
			for ow := range w.out {
				kwLo, kwHi, left := w.span(ow)
				row := y[(r*w.out+ow)*ldy:][:s.C]
				clear(row)
				for kh := khLo; kh < khHi; kh++ {
					for kw := kwLo; kw < kwHi; kw++ {
						Add.Apply(row, row, x[((n*s.H+top+kh)*s.W+left+kw)*ldx:][:s.C])
					}
				}
				if f := scale(oh, ow); f != 1 {
					Mul.Scalar(row, row, f)
				}
			}
		}
	})
}

// share is the weight of one pixel in the mean of window (oh,ow).
func (s Window) share(oh, ow int, countPadding bool) float32 {
	count := s.KH * s.KW
	if !countPadding {
		h, w := s.axes()
		khLo, khHi, _ := h.span(oh)
		kwLo, kwHi, _ := w.span(ow)
		count = max(khHi-khLo, 0) * max(kwHi-kwLo, 0)
	}
	return 1 / float32(max(count, 1))
}

// MeanBackward computes dx from dy for MeanForward with the same countPadding; accumulate adds to dx.
func (s Window) MeanBackward(p *Pool, dx []float32, ldx int, dy []float32, ldy int, countPadding, accumulate bool) {
	s, ldx, ldy = s.check(dy, ldy, dx, ldx)
	h, w := s.axes()
	s.gather(p, dx, ldx, accumulate, func(row []float32, pixel, _ int) {
		AddScaled(row, dy[pixel*ldy:][:s.C], s.share(pixel/w.out%h.out, pixel%w.out, countPadding))
	})
}

// GlobalMean writes the mean over all pixels of x [N,pixels,C] (pixel distance ldx, 0 for C) to y [N,C].
func GlobalMean(p *Pool, y, x []float32, n, pixels, c, ldx int) {
	if ldx == 0 {
		ldx = c
	}
	need("input", x, extent(n*pixels, c, ldx))
	need("output", y, n*c)
	p.Parallel(n, 1+16384/(pixels*c+1), func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			row := y[i*c:][:c]
			clear(row)
			for j := range pixels {
				Add.Apply(row, row, x[(i*pixels+j)*ldx:][:c])
			}
			Mul.Scalar(row, row, 1/float32(pixels))
		}
	})
}

// GlobalMeanBackward spreads dy [N,C] over all pixels of dx [N,pixels,C]; accumulate adds to dx.
func GlobalMeanBackward(p *Pool, dx, dy []float32, n, pixels, c, ldx int, accumulate bool) {
	if ldx == 0 {
		ldx = c
	}
	need("input", dx, extent(n*pixels, c, ldx))
	need("output", dy, n*c)
	p.Parallel(n*pixels, 1+16384/c, func(lo, hi, _ int) {
		for i := lo; i < hi; i++ {
			row, grad := dx[i*ldx:][:c], dy[i/pixels*c:][:c]
			if accumulate {
				AddScaled(row, grad, 1/float32(pixels))
			} else {
				Mul.Scalar(row, grad, 1/float32(pixels))
			}
		}
	})
}
