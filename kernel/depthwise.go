package kernel

import (
	"math"
	"sync"
)

// Depthwise is a convolution in which each channel is a group of its own, with its gradients: x
// [N,H,W,C], w [KH,KW,1,C], y [N,Ho,Wo,C]. Adjacent pixels share the loads of the weights; all taps
// are summed in registers. It may be used by several goroutines at once.
type Depthwise struct {
	s      ConvShape
	ho, wo int
}

// NewDepthwise returns nil for other convolutions, and where the input is dilated.
func NewDepthwise(s ConvShape) *Depthwise {
	s = s.Normal()
	if s.Check() != nil || s.Groups == 1 || s.Groups != s.Cin || s.Groups != s.Cout || s.InputDilationH != 1 || s.InputDilationW != 1 {
		return nil
	}
	d := &Depthwise{s: s}
	d.ho, d.wo = s.Output()
	return d
}

// walk is one axis of a pass over images: result o reads pixel (o*mul - pad + k*step)/div for tap
// k, where that is whole and inside [0,from).
type walk struct{ size, mul, pad, step, div, from int }

// source returns the pixel that is read, or -1.
func (a walk) source(o, k int) int {
	i := o*a.mul - a.pad + k*a.step
	if i < 0 || i%a.div != 0 || i/a.div >= a.from {
		return -1
	}
	return i / a.div
}

// forward and backward are the axes of y from x, and of dx from dy.
func (d *Depthwise) forward() (v, h walk) {
	s := d.s
	return walk{d.ho, s.StrideH, s.PadTop, s.DilationH, 1, s.H}, walk{d.wo, s.StrideW, s.PadLeft, s.DilationW, 1, s.W}
}

func (d *Depthwise) backward() (v, h walk) {
	s := d.s
	return walk{s.H, 1, -s.PadTop, -s.DilationH, s.StrideH, d.ho}, walk{s.W, 1, -s.PadLeft, -s.DilationW, s.StrideW, d.wo}
}

// Forward computes y with the epilogue, which cannot accumulate. Pixels of y are ldy floats apart, those of x adjacent.
func (d *Depthwise) Forward(p *Pool, y []float32, ldy int, x []float32, _ int, w []float32, e Epilogue) {
	v, h := d.forward()
	d.pass(p, y, ldy, x, w, e, v, h)
}

// BackwardInput computes dx, as Forward does y.
func (d *Depthwise) BackwardInput(p *Pool, dx []float32, ldx int, dy []float32, _ int, w []float32, e Epilogue) {
	v, h := d.backward()
	d.pass(p, dx, ldx, dy, w, e, v, h)
}

// phase is every div-th result of a row: they read pixels a fixed distance apart. A tap is read by
// results [lo,hi) of them, all taps by [from,to).
type phase struct {
	first, count int
	taps         []phaseTap
	from, to     int
}

type phaseTap struct{ k, source, lo, hi int } // source: the pixel that result 0 reads, perhaps outside

// phases cuts an axis of k taps.
func (a walk) phases(k int) []phase {
	var list []phase
	for first := range min(a.div, a.size) {
		p := phase{first: first, count: (a.size - first + a.div - 1) / a.div}
		p.to = p.count
		for tap := range k {
			at := first*a.mul - a.pad + tap*a.step
			if at%a.div != 0 {
				continue
			}
			t := phaseTap{k: tap, source: at / a.div}
			t.lo = min(max(0, (-t.source+a.mul-1)/a.mul), p.count)
			if t.source >= a.from {
				t.hi = t.lo
			} else {
				t.hi = max(t.lo, min(p.count, (a.from-1-t.source)/a.mul+1))
			}
			p.taps = append(p.taps, t)
			p.from, p.to = max(p.from, t.lo), min(p.to, t.hi)
		}
		p.from = min(p.from, p.count)
		p.to = max(p.to, p.from)
		list = append(list, p)
	}
	return list
}

// sharedPixels are computed together where all taps are inside.
const sharedPixels = 4

// tapOffsets says where the first result reads x and w, in bytes.
type tapOffsets struct{ x, w uintptr }

// depthwiseRun is one worker's way along the rows; reused.
type depthwiseRun struct {
	args            depthwiseArgs
	taps            []tapOffsets
	w, bias         []float32
	channels        int
	stepX, stepY    int // floats between the pixels that adjacent results read, and between the results
	lowest, highest float32
}

var freeDepthwise = sync.Pool{New: func() any { return new(depthwiseRun) }}

// pass computes dst from src.
func (d *Depthwise) pass(p *Pool, dst []float32, ld int, src, w []float32, e Epilogue, v, h walk) {
	if e.Accumulate {
		panic("kernel: a depthwise convolution cannot add to what is there")
	}
	c, size := d.s.Cin, d.s.KH*d.s.KW*d.s.Cin
	if ld == 0 {
		ld = c
	}
	need("kernel", w, size)
	need("input", src, d.s.N*v.from*h.from*c)
	need("output", dst, extent(d.s.N*v.size*h.size, c, ld))
	e.need(c)
	scratch := takeScratch(size + c)
	if e.Scale != nil {
		Mul.Rows(scratch[:size], w[:size], e.Scale[:c])
		w = scratch[:size]
	}
	if e.Bias == nil {
		e.Bias = scratch[size:][:c]
		clear(e.Bias)
	}
	lowest, highest := e.bounds()
	phases := h.phases(d.s.KW)
	p.Parallel(d.s.N*v.size, max(1, (1<<14)/(h.size*c)), func(lo, hi, _ int) {
		r := freeDepthwise.Get().(*depthwiseRun)
		r.w, r.bias, r.channels, r.lowest, r.highest = w, e.Bias, c, lowest, highest
		r.stepX, r.stepY = h.mul*c, h.div*ld
		for i := lo; i < hi; i++ {
			n, o := i/v.size, i%v.size
			for _, ph := range phases {
				r.row(dst[(i*h.size+ph.first)*ld:], src[n*v.from*h.from*c:][:v.from*h.from*c], d.s, o, v, h, ph)
			}
		}
		*r = depthwiseRun{taps: r.taps[:0]}
		freeDepthwise.Put(r)
	})
	giveScratch(scratch)
}

// row computes the results of one phase of row o: together where all taps are inside, else one by one.
func (r *depthwiseRun) row(y, image []float32, s ConvShape, o int, v, h walk, ph phase) {
	c := r.channels
	list := func(j int) { // the taps of result j, x counted from pixel j*mul of the image
		r.taps = r.taps[:0]
		for kh := range s.KH {
			line := v.source(o, kh)
			if line < 0 {
				continue
			}
			for _, t := range ph.taps {
				if j >= t.lo && j < t.hi {
					r.taps = append(r.taps, tapOffsets{uintptr(4 * (line*h.from + t.source + j*h.mul) * c), uintptr(4 * (kh*s.KW + t.k) * c)})
				}
			}
		}
	}
	for j := 0; j < ph.count; {
		list(j)
		if j < ph.from || j >= ph.to {
			r.run(y[j*r.stepY:], image, 1)
			j++
			continue
		}
		for at := 0; j < ph.to; { // the same taps, further on
			count := sharedPixels
			if ph.to-j < count {
				count = 1
			}
			r.run(y[j*r.stepY:], image[at:], count)
			j += count
			if at += count * r.stepX; at > len(image) {
				at = len(image) // behind the last result, which reads nothing
			}
		}
	}
}

// run computes count adjacent results.
func (r *depthwiseRun) run(y, x []float32, count int) {
	if active == Generic {
		r.generic(y, x, count)
		return
	}
	r.fast(y, x, count)
}

func (r *depthwiseRun) generic(y, x []float32, count int) {
	for p := range count {
		row := y[p*r.stepY:][:r.channels]
		copy(row, r.bias)
		for _, t := range r.taps {
			from, w := x[int(t.x/4)+p*r.stepX:][:r.channels], r.w[t.w/4:][:r.channels]
			for i, v := range from {
				row[i] += v * w[i]
			}
		}
		for i, v := range row {
			row[i] = min(max(v, r.lowest), r.highest)
		}
	}
}

// bounds is the range that results are held to.
func (e *Epilogue) bounds() (lowest, highest float32) {
	lowest, highest = float32(math.Inf(-1)), float32(math.Inf(1))
	if e.ReLU {
		lowest = 0
	}
	if e.Limit > 0 {
		highest = e.Limit
	}
	return lowest, highest
}

// BackwardKernel computes dw. Each piece of the rows has sums of its own, which are added in order.
func (d *Depthwise) BackwardKernel(p *Pool, dw []float32, x []float32, _ int, dy []float32, _ int, accumulate bool) {
	s, c := d.s, d.s.Cin
	rows, size := s.N*d.ho, s.KH*s.KW*s.Cin
	need("gradient by the kernel", dw, size)
	pieces := p.Pieces(rows, max(1, (1<<14)/(d.wo*c)))
	sums := takeScratch(pieces * size)
	clear(sums)
	v, h := d.forward()
	taps := h.phases(s.KW)[0].taps // a forward pass has one phase
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
					for _, t := range taps {
						if t.lo < t.hi {
							ColumnDots(sum[(kh*s.KW+t.k)*c:][:c], line[(t.source+t.lo*s.StrideW)*c:], dy[(r*d.wo+t.lo)*c:], t.hi-t.lo, c, s.StrideW*c, c, true)
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
		Add.Apply(dw[:size], dw[:size], sums[piece*size:][:size])
	}
	giveScratch(sums)
}
