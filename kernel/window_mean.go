package kernel

import "sync"

// meanTask is one pass of mean pooling at work; reused.
type meanTask struct {
	s                    Window
	h, w                 axis
	x, y                 []float32 // backward: the gradients by them
	ldx, ldy             int
	sum, padding         bool // sums instead of means; padding counts in the mean
	backward, accumulate bool
}

var freeMeanTasks = sync.Pool{New: func() any { return new(meanTask) }}

// MeanForward writes the mean of each window to y. Padding counts as zeros in the mean if countPadding, else the mean is over real pixels only.
func (s Window) MeanForward(p *Pool, y []float32, ldy int, x []float32, ldx int, countPadding bool) {
	s.mean(p, meanTask{x: x, y: y, ldx: ldx, ldy: ldy, padding: countPadding})
}

// SumForward writes the sum of each window to y.
func (s Window) SumForward(p *Pool, y []float32, ldy int, x []float32, ldx int) {
	s.mean(p, meanTask{x: x, y: y, ldx: ldx, ldy: ldy, sum: true})
}

// MeanBackward computes dx from dy for MeanForward with the same countPadding; accumulate adds to dx.
func (s Window) MeanBackward(p *Pool, dx []float32, ldx int, dy []float32, ldy int, countPadding, accumulate bool) {
	s.mean(p, meanTask{x: dx, y: dy, ldx: ldx, ldy: ldy, padding: countPadding, backward: true, accumulate: accumulate})
}

// SumBackward computes dx from dy for SumForward; accumulate adds to dx.
func (s Window) SumBackward(p *Pool, dx []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	s.mean(p, meanTask{x: dx, y: dy, ldx: ldx, ldy: ldy, sum: true, backward: true, accumulate: accumulate})
}

func (s Window) mean(p *Pool, with meanTask) {
	with.s, with.ldx, with.ldy = s.check(with.y, with.ldy, with.x, with.ldx)
	with.h, with.w = with.s.axes()
	k := freeMeanTasks.Get().(*meanTask)
	*k = with
	if k.backward {
		p.Do(s.N*s.H, s.grain(s.W), k)
	} else {
		p.Do(s.N*k.h.out, s.grain(k.w.out), k)
	}
	*k = meanTask{}
	freeMeanTasks.Put(k)
}

// Run does rows [lo,hi) of all images' outputs (backward: inputs).
func (k *meanTask) Run(lo, hi, _ int) {
	for r := lo; r < hi; r++ {
		if k.backward {
			k.inputs(r)
		} else {
			k.outputs(r)
		}
	}
}

// outputs sums the windows of row r.
func (k *meanTask) outputs(r int) {
	s := &k.s
	n, oh := r/k.h.out, r%k.h.out
	khLo, khHi, top := k.h.span(oh)
	for ow := range k.w.out {
		kwLo, kwHi, left := k.w.span(ow)
		row := k.y[(r*k.w.out+ow)*k.ldy:][:s.C]
		clear(row)
		if kwLo < kwHi {
			for kh := khLo; kh < khHi; kh++ {
				ColumnSums(row, k.x[((n*s.H+top+kh)*s.W+left+kwLo)*k.ldx:], kwHi-kwLo, s.C, k.ldx, true)
			}
		}
		if f := k.share(oh, ow); f != 1 {
			Mul.Scalar(row, row, f)
		}
	}
}

// inputs gathers the gradients of row r.
func (k *meanTask) inputs(r int) {
	s := &k.s
	n, ih := r/s.H, r%s.H
	ohLo, ohHi := k.h.cover(ih)
	for iw := range s.W {
		row := k.x[(r*s.W+iw)*k.ldx:][:s.C]
		if !k.accumulate {
			clear(row)
		}
		owLo, owHi := k.w.cover(iw)
		for oh := ohLo; oh < ohHi; oh++ {
			for ow := owLo; ow < owHi; ow++ {
				AddScaled(row, k.y[((n*k.h.out+oh)*k.w.out+ow)*k.ldy:], k.share(oh, ow))
			}
		}
	}
}

// share is the weight of one pixel in the result of window (oh,ow).
func (k *meanTask) share(oh, ow int) float32 {
	if k.sum {
		return 1
	}
	count := k.s.KH * k.s.KW
	if !k.padding {
		khLo, khHi, _ := k.h.span(oh)
		kwLo, kwHi, _ := k.w.span(ow)
		count = max(khHi-khLo, 0) * max(kwHi-kwLo, 0)
	}
	return 1 / float32(max(count, 1))
}
