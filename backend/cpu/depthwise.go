package cpu

import (
	"sync"

	"github.com/dvml/dvml/kernel"
)

// convolver is a convolution ready to run, with its gradients, as kernel.Conv has them.
type convolver interface {
	Forward(p *kernel.Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e kernel.Epilogue)
	BackwardInput(p *kernel.Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e kernel.Epilogue)
	BackwardKernel(p *kernel.Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool)
}

// depthwise is a convolution in which each channel is a group of its own, from the vector kernels: a run of pixels at a time, for each tap y += x w.
// Operands and results are adjacent, but for y, whose pixels may lie further apart.
type depthwise struct {
	s      kernel.ConvShape // normal
	ho, wo int
	run    int       // pixels that are computed at a time
	memory sync.Pool // *[]float32: expanded weights or partial sums
}

// runLength is about how many values are computed at a time: enough that a call pays, few enough that they and the weights of all taps stay near.
const runLength = 512

// newDepthwise returns nil for other convolutions.
func newDepthwise(s kernel.ConvShape) *depthwise {
	s = s.Normal()
	if s.Groups == 1 || s.Groups != s.Cin || s.Groups != s.Cout || s.InputDilationH != 1 || s.InputDilationW != 1 {
		return nil
	}
	d := &depthwise{s: s, run: max(1, runLength/s.Cin)}
	d.ho, d.wo = s.Output()
	return d
}

// taken returns n values of scratch, which back takes again.
func (d *depthwise) taken(n int) *[]float32 {
	if m, ok := d.memory.Get().(*[]float32); ok && cap(*m) >= n {
		*m = (*m)[:n]
		return m
	}
	m := make([]float32, n)
	return &m
}

// axis is one axis of a pass over images: destination pixel o reads source pixel (o*mul - pad + k*step)/div for tap k, where that is whole and inside.
type axis struct{ size, mul, pad, step, div, from int }

// source returns the source pixel, or -1.
func (a axis) source(o, k int) int {
	i := o*a.mul - a.pad + k*a.step
	if i < 0 || i%a.div != 0 || i/a.div >= a.from {
		return -1
	}
	return i / a.div
}

// Forward computes y.
func (d *depthwise) Forward(p *kernel.Pool, y []float32, ldy int, x []float32, _ int, w []float32, e kernel.Epilogue) {
	s := d.s
	d.pass(p, y, ldy, x, w, e, axis{d.ho, s.StrideH, s.PadTop, s.DilationH, 1, s.H}, axis{d.wo, s.StrideW, s.PadLeft, s.DilationW, 1, s.W})
}

// BackwardInput computes dx.
func (d *depthwise) BackwardInput(p *kernel.Pool, dx []float32, ldx int, dy []float32, _ int, w []float32, e kernel.Epilogue) {
	s := d.s
	d.pass(p, dx, ldx, dy, w, e, axis{s.H, 1, -s.PadTop, -s.DilationH, s.StrideH, d.ho}, axis{s.W, 1, -s.PadLeft, -s.DilationW, s.StrideW, d.wo})
}

// pass computes dst rows from src rows.
func (d *depthwise) pass(p *kernel.Pool, dst []float32, ld int, src, w []float32, e kernel.Epilogue, v, h axis) {
	c, taps := d.s.Cin, d.s.KH*d.s.KW
	if ld == 0 {
		ld = c
	}
	run := d.run
	if ld != c || h.mul != 1 || h.div != 1 {
		run = 1 // pixels that do not lie together on both sides
	}
	memory := d.taken(taps * run * c)
	wide := *memory // each tap's weights, once for each pixel of a run
	for t := range taps {
		for i := range run {
			copy(wide[(t*run+i)*c:], w[t*c:(t+1)*c])
		}
	}
	p.Parallel(d.s.N*v.size, max(1, block/(h.size*c)), func(lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			n, o := r/v.size, r%v.size
			for first := 0; first < h.size; first += run {
				count := min(run, h.size-first)
				y := dst[(r*h.size+first)*ld:][:(count-1)*ld+c]
				if !e.Accumulate {
					clear(y)
				}
				for kh := range d.s.KH {
					if row := v.source(o, kh); row >= 0 {
						line := src[(n*v.from+row)*h.from*c:][:h.from*c]
						d.taps(y, line, wide[kh*d.s.KW*run*c:], run, first, count, h)
					}
				}
				finish(y, e)
			}
		}
	})
	d.memory.Put(memory)
}

// taps adds the products of one row of taps to count pixels from first on.
func (d *depthwise) taps(y, line, wide []float32, run, first, count int, h axis) {
	c := d.s.Cin
	for kw := range d.s.KW {
		lo, hi := 0, count
		if run > 1 {
			shift := kw*h.step - h.pad // of the source against the destination
			lo, hi = max(lo, -shift-first), min(hi, h.from-shift-first)
		}
		if lo >= hi {
			continue
		}
		from := h.source(first+lo, kw)
		if from < 0 {
			continue
		}
		n := (hi - lo) * c
		part := y[lo*c:][:n]
		kernel.MulAdd(part, line[from*c:][:n], wide[(kw*run+lo)*c:][:n], part)
	}
}

// finish does what a convolution's last pass does, but for adding to what was there.
func finish(y []float32, e kernel.Epilogue) {
	if e.Scale != nil {
		kernel.Mul.Rows(y, y, e.Scale)
	}
	if e.Bias != nil {
		kernel.Add.Rows(y, y, e.Bias)
	}
	if e.ReLU {
		kernel.Max.Scalar(y, y, 0)
	}
}

// BackwardKernel computes dw. Each piece of the rows has sums of its own, which are added in order.
func (d *depthwise) BackwardKernel(p *kernel.Pool, dw []float32, x []float32, _ int, dy []float32, _ int, accumulate bool) {
	s, c := d.s, d.s.Cin
	rows, size := s.N*d.ho, s.KH*s.KW*s.Cin
	pieces := p.Pieces(rows, max(1, block/(d.wo*c)))
	memory := d.taken(pieces * size)
	sums := *memory
	clear(sums)
	v, h := axis{d.ho, s.StrideH, s.PadTop, s.DilationH, 1, s.H}, axis{d.wo, s.StrideW, s.PadLeft, s.DilationW, 1, s.W}
	p.Parallel(pieces, 1, func(lo, hi, _ int) {
		for piece := lo; piece < hi; piece++ {
			sum := sums[piece*size:][:size]
			for r := piece * rows / pieces; r < (piece+1)*rows/pieces; r++ {
				for kh := range s.KH {
					row := v.source(r%d.ho, kh)
					if row < 0 {
						continue
					}
					line := x[(r/d.ho*s.H+row)*s.W*c:][:s.W*c]
					for kw := range s.KW {
						first, last := 0, d.wo-1
						for first <= last && h.source(first, kw) < 0 {
							first++
						}
						for last >= first && h.source(last, kw) < 0 {
							last--
						}
						if first <= last {
							kernel.ColumnDots(sum[(kh*s.KW+kw)*c:][:c], line[h.source(first, kw)*c:], dy[(r*d.wo+first)*c:], last-first+1, c, s.StrideW*c, c, true)
						}
					}
				}
			}
		}
	})
	if !accumulate {
		clear(dw[:size])
	}
	for piece := range pieces {
		kernel.Add.Apply(dw[:size], dw[:size], sums[piece*size:][:size])
	}
	d.memory.Put(memory)
}
