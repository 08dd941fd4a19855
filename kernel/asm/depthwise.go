package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets into type depthwiseArgs of the kernel package.
const (
	depthwiseTable   = 0  // entries {offset of x, offset of w}, bytes, one a tap
	depthwiseTaps    = 8  // how many
	depthwiseX       = 16 // what the offsets of x are added to
	depthwiseW       = 24
	depthwiseY       = 32 // first pixel to write
	depthwiseStepX   = 40 // bytes between the pixels that adjacent results read
	depthwiseStepY   = 48 // bytes between results
	depthwiseBias    = 56
	depthwiseN       = 64 // channels
	depthwiseLowest  = 72 // results are at least this
	depthwiseHighest = 76 // and at most this
)

// depthwise generates y[p][c] = clamp(bias[c] + the sum over taps t of x[t][p][c] * w[t][c]) for
// four pixels p, which share the loads of w, and for one.
func depthwise(c *build.Context) {
	bothWidths(c, func(v *vec) {
		v.depthwise(4, 2)
		v.depthwise(1, 4)
	})
}

// depthwise keeps pixels x vectors sums in registers, and runs vectors of channels at a time while enough are left.
func (v *vec) depthwise(pixels, vectors int) {
	v.function(fmt.Sprintf("depthwise%d", pixels), "func(args *byte)")
	args := v.pointer("args")
	read := func(offset int) reg.Register {
		r := v.GP64()
		v.MOVQ(Mem{Base: args, Disp: offset}, r)
		return r
	}
	n, offset := read(depthwiseN), v.GP64()
	v.XORQ(offset, offset)
	low, high := v.new(), v.new()
	v.VBROADCASTSS(Mem{Base: args, Disp: depthwiseLowest}, low)
	v.VBROADCASTSS(Mem{Base: args, Disp: depthwiseHighest}, high)
	body := func(vectors int, masked bool) {
		at := func(p reg.Register, j int) Mem { return Mem{Base: p, Index: offset, Scale: 1, Disp: 4 * v.width() * j} }
		bias := read(depthwiseBias)
		sums := make([][]reg.Register, pixels)
		for p := range pixels {
			for j := range vectors {
				if p == 0 {
					sums[p] = append(sums[p], v.load(at(bias, j), masked))
				} else {
					sums[p] = append(sums[p], v.new())
					v.VMOVAPS(sums[0][j], sums[p][j])
				}
			}
		}
		entry, left, stepX, baseX, baseW := read(depthwiseTable), read(depthwiseTaps), read(depthwiseStepX), read(depthwiseX), read(depthwiseW)
		loop, done := v.label("taps"), v.label("tapsDone")
		v.Label(loop)
		v.DECQ(left)
		v.JL(LabelRef(done))
		x, w := v.GP64(), v.GP64()
		v.MOVQ(Mem{Base: entry}, x)
		v.ADDQ(baseX, x)
		v.MOVQ(Mem{Base: entry, Disp: 8}, w)
		v.ADDQ(baseW, w)
		var factors []reg.Register
		for j := range vectors {
			factors = append(factors, v.load(at(w, j), masked))
		}
		for p := range pixels {
			if p > 0 {
				v.ADDQ(stepX, x)
			}
			for j := range vectors {
				if masked {
					v.VFMADD231PS(v.load(at(x, j), masked), factors[j], sums[p][j])
				} else {
					v.VFMADD231PS(at(x, j), factors[j], sums[p][j])
				}
			}
		}
		v.ADDQ(Imm(16), entry)
		v.JMP(LabelRef(loop))
		v.Label(done)
		y, stepY := read(depthwiseY), read(depthwiseStepY)
		for p := range pixels {
			if p > 0 {
				v.ADDQ(stepY, y)
			}
			for j := range vectors {
				v.VMAXPS(sums[p][j], low, sums[p][j]) // of a NaN, the NaN
				v.VMINPS(sums[p][j], high, sums[p][j])
				v.store(sums[p][j], at(y, j), masked)
			}
		}
	}
	done := v.label("done")
	for _, count := range []int{vectors, 1} {
		next, end := v.label("vectors"), v.label("vectorsDone")
		v.Label(next)
		v.CMPQ(n, U32(count*v.width()))
		v.JL(LabelRef(end))
		body(count, false)
		v.ADDQ(U32(4*count*v.width()), offset)
		v.SUBQ(U32(count*v.width()), n)
		v.JMP(LabelRef(next))
		v.Label(end)
	}
	v.TESTQ(n, n)
	v.JZ(LabelRef(done))
	v.tailMask(n)
	body(1, true)
	v.Label(done)
	v.end()
}
