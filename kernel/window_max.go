package kernel

import (
	"fmt"
	"sync"
)

// maxTask is one pass of max pooling at work; reused.
type maxTask struct {
	s          Window
	h, w       axis
	x, y       []float32 // backward: the gradients by them
	ldx, ldy   int
	pos        []uint8
	backward   bool
	accumulate bool
	zeros      []float32
}

var freeMaxTasks = sync.Pool{New: func() any { return new(maxTask) }}

// grain is how many rows of windows (or of inputs) are worth a piece of their own.
func (s Window) grain(across int) int { return 1 + 16384/(across*s.C*s.KH*s.KW) }

// MaxForward writes the maximum of each window to y [N,Ho,Wo,C] and, if pos is not nil, its position kh*KW+kw to pos [N,Ho,Wo,C] (adjacent pixels,
// whatever ldy is): the first of equal ones. A window without real pixels gives -Inf and EmptyWindow. ldx, ldy: pixel distances, 0 for C.
func (s Window) MaxForward(p *Pool, y []float32, ldy int, pos []uint8, x []float32, ldx int) {
	s, ldx, ldy = s.check(y, ldy, x, ldx)
	k := freeMaxTasks.Get().(*maxTask)
	*k = maxTask{s: s, x: x, y: y, ldx: ldx, ldy: ldy, pos: pos}
	k.h, k.w = s.axes()
	if pos != nil {
		k.needPositions()
	}
	p.Do(s.N*k.h.out, s.grain(k.w.out), k)
	*k = maxTask{}
	freeMaxTasks.Put(k)
}

// MaxBackward computes dx [N,H,W,C] from dy [N,Ho,Wo,C] and the positions stored by MaxForward. Every input pixel gathers from the windows that
// hold it, so no two workers write to one place. accumulate adds to dx.
func (s Window) MaxBackward(p *Pool, dx []float32, ldx int, dy []float32, ldy int, pos []uint8, accumulate bool) {
	s, ldx, ldy = s.check(dy, ldy, dx, ldx)
	k := freeMaxTasks.Get().(*maxTask)
	*k = maxTask{s: s, x: dx, y: dy, ldx: ldx, ldy: ldy, pos: pos, backward: true, accumulate: accumulate}
	k.h, k.w = s.axes()
	k.needPositions()
	if !accumulate {
		k.zeros = takeScratch(s.C)
		clear(k.zeros)
	}
	p.Do(s.N*s.H, s.grain(s.W), k)
	if !accumulate {
		giveScratch(k.zeros)
	}
	*k = maxTask{}
	freeMaxTasks.Put(k)
}

func (k *maxTask) needPositions() {
	if n := k.s.N * k.h.out * k.w.out * k.s.C; len(k.pos) < n {
		panic(fmt.Sprintf("kernel: pooling: %d positions for %d results", len(k.pos), n))
	}
}

// Run does rows [lo,hi) of all images' outputs (backward: inputs).
func (k *maxTask) Run(lo, hi, _ int) {
	for r := lo; r < hi; r++ {
		if k.backward {
			k.inputs(r)
		} else {
			k.outputs(r)
		}
	}
}

// outputs takes the maxima of row r.
func (k *maxTask) outputs(r int) {
	s := &k.s
	var table [16]tapRow
	n, oh := r/k.h.out, r%k.h.out
	khLo, khHi, top := k.h.span(oh)
	for ow := range k.w.out {
		kwLo, kwHi, left := k.w.span(ow)
		rows := table[:0]
		for kh := khLo; kh < khHi; kh++ {
			first := ((n*s.H+top+kh)*s.W + left) * k.ldx
			for kw := kwLo; kw < kwHi; kw++ {
				rows = append(rows, tapRow{&k.x[first+kw*k.ldx], uintptr(kh*s.KW + kw)})
			}
		}
		pixel := r*k.w.out + ow
		var at []uint8
		if k.pos != nil {
			at = k.pos[pixel*s.C:][:s.C]
		}
		maxRows(k.y[pixel*k.ldy:][:s.C], at, rows)
	}
}

// inputs gathers the gradients of row r.
func (k *maxTask) inputs(r int) {
	s := &k.s
	var table [16]whereRow
	n, ih := r/s.H, r%s.H
	ohLo, ohHi := k.h.cover(ih)
	for iw := range s.W {
		owLo, owHi := k.w.cover(iw)
		rows := table[:0]
		for oh := ohLo; oh < ohHi; oh++ {
			first := (n*k.h.out + oh) * k.w.out
			tap := (ih+s.PadTop-oh*s.StrideH)*s.KW + iw + s.PadLeft
			for ow := owLo; ow < owHi; ow++ {
				rows = append(rows, whereRow{&k.y[(first+ow)*k.ldy], &k.pos[(first+ow)*s.C], uintptr(tap - ow*s.StrideW)})
			}
		}
		row := k.x[(r*s.W+iw)*k.ldx:][:s.C]
		if k.accumulate {
			addWhereRows(row, row, rows)
		} else {
			addWhereRows(row, k.zeros, rows)
		}
	}
}
