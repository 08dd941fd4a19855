package main

import (
	"math"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reductions generates sums and maxima of one vector, and the sums, maxima and choices over several rows that pooling needs.
func reductions(c *build.Context) {
	bothWidths(c, func(v *vec) {
		v.totals()
		v.slidingSum()
		v.maxRows()
		v.addWhereRows()
		v.columns()
	})
}

const chains = 4 // partial results kept apart, so that additions overlap

func (v *vec) totals() {
	v.function("sum", "func(a *float32, n int) float32")
	a, n := v.pointer("a"), v.pointer("n")
	s := v.partials(0)
	v.stream(n, chains, func(at func(reg.Register) Mem, u int, masked bool) {
		v.VADDPS(v.load(at(a), masked), s[u], s[u])
	})
	v.fold(s, v.VADDPS)

	v.function("largest", "func(a *float32, n int) float32")
	a, n = v.pointer("a"), v.pointer("n")
	s = v.partials(math.Inf(-1))
	v.stream(n, chains, func(at func(reg.Register) Mem, u int, masked bool) {
		x := v.load(at(a), masked)
		switch {
		case !masked:
			v.VMAXPS(s[u], x, s[u]) // of a NaN and s, s
		case v.wide:
			v.VMAXPS(s[u], x, v.mask, s[u])
		default:
			v.VMAXPS(s[u], x, x)
			v.VBLENDVPS(v.mask, x, s[u], s[u])
		}
	})
	v.fold(s, v.VMAXPS)
}

func (v *vec) partials(f float64) [chains]reg.Register {
	var s [chains]reg.Register
	for i := range s {
		s[i] = v.constant(f)
	}
	return s
}

// fold joins the partial results to one number and returns it.
func (v *vec) fold(s [chains]reg.Register, op func(...Op)) {
	for step := chains / 2; step > 0; step /= 2 {
		for i := range step {
			op(s[i+step], s[i], s[i])
		}
	}
	y := s[0].(reg.VecVirtual).AsY()
	if v.wide {
		high := v.YMM()
		v.VEXTRACTF64X4(Imm(1), s[0], high)
		op(high, y, y)
	}
	x, other := y.(reg.Vec).AsX(), v.XMM()
	v.VEXTRACTF128(Imm(1), y, other)
	op(other, x, x)
	v.VPERMILPS(Imm(0x4e), x, other)
	op(other, x, x)
	v.VPERMILPS(Imm(0xb1), x, other)
	op(other, x, x)
	v.Store(x, v.ReturnIndex(0))
	v.end()
}

// slidingSum: dst[i] = src[i] + ... + src[i+window-1].
func (v *vec) slidingSum() {
	v.function("slidingSum", "func(dst, src *float32, window, n int)")
	dst, src, window, n := v.pointer("dst"), v.pointer("src"), v.pointer("window"), v.pointer("n")
	v.stream(n, 1, func(at func(reg.Register) Mem, _ int, masked bool) {
		s, p, k := v.load(at(src), masked), v.GP64(), v.GP64()
		v.LEAQ(at(src), p)
		v.MOVQ(window, k)
		loop, done := v.label("taps"), v.label("tapsDone")
		v.Label(loop)
		v.DECQ(k)
		v.JLE(LabelRef(done))
		v.ADDQ(Imm(4), p)
		v.VADDPS(v.load(Mem{Base: p}, masked), s, s)
		v.JMP(LabelRef(loop))
		v.Label(done)
		v.store(s, at(dst), masked)
	})
	v.end()
}

// maxRows: best[i] = the largest of several rows' element i, at[i] = the tap of the first such row. A table entry is {row, tap}; n counts whole vectors'
// floats. at may be nil.
func (v *vec) maxRows() {
	for _, positions := range []bool{true, false} {
		name := "maxRows"
		if positions {
			name = "maxRowsAt"
		}
		v.function(name, "func(best *float32, at *uint8, table *uintptr, rows, n int)")
		best, at, table, rows, n := v.pointer("best"), v.pointer("at"), v.pointer("table"), v.pointer("rows"), v.pointer("n")
		offset := v.GP64()
		v.XORQ(offset, offset)
		v.wholeVectors(n, func() {
			entry, row, left := v.GP64(), v.GP64(), v.GP64()
			v.MOVQ(table, entry)
			v.MOVQ(rows, left)
			v.MOVQ(Mem{Base: entry}, row)
			m := v.load(Mem{Base: row, Index: offset, Scale: 1}, false)
			where := v.new()
			if positions {
				v.VPBROADCASTD(Mem{Base: entry, Disp: 8}, where)
			}
			loop, done := v.label("rows"), v.label("rowsDone")
			v.Label(loop)
			v.DECQ(left)
			v.JLE(LabelRef(done))
			v.ADDQ(Imm(16), entry)
			v.MOVQ(Mem{Base: entry}, row)
			x := v.load(Mem{Base: row, Index: offset, Scale: 1}, false)
			switch {
			case !positions:
				v.VMAXPS(m, x, m) // of equals and NaNs, m
			case v.wide:
				k := reg.K2
				v.VCMPPS(Imm(gt), m, x, k)
				v.VMOVUPS(x, k, m)
				v.VPBROADCASTD(Mem{Base: entry, Disp: 8}, k, where)
			default:
				k, tap := v.new(), v.new()
				v.VCMPPS(Imm(gt), m, x, k)
				v.VPBROADCASTD(Mem{Base: entry, Disp: 8}, tap)
				v.VBLENDVPS(k, x, m, m)
				v.VBLENDVPS(k, tap, where, where)
			}
			v.JMP(LabelRef(loop))
			v.Label(done)
			v.store(m, Mem{Base: best}, false)
			if positions {
				v.storeBytes(where, at)
				v.ADDQ(U32(v.width()), at)
			}
			v.ADDQ(U32(4*v.width()), offset)
		}, []reg.Register{best}, nil)
		v.end()
	}
}

// addWhereRows: dst[i] = first[i] + the sum, over entries {row of values, row of taps, tap}, of values[i] where taps[i] is tap. first may be a row of
// zeros.
func (v *vec) addWhereRows() {
	v.function("addWhereRows", "func(dst, first *float32, table *uintptr, rows, n int)")
	dst, first, table, rows, n := v.pointer("dst"), v.pointer("first"), v.pointer("table"), v.pointer("rows"), v.pointer("n")
	index := v.GP64()
	v.XORQ(index, index)
	v.wholeVectors(n, func() {
		entry, left, values, taps := v.GP64(), v.GP64(), v.GP64(), v.GP64()
		v.MOVQ(table, entry)
		v.MOVQ(rows, left)
		s := v.load(Mem{Base: first, Index: index, Scale: 4}, false)
		loop, done := v.label("rows"), v.label("rowsDone")
		v.Label(loop)
		v.DECQ(left)
		v.JL(LabelRef(done))
		v.MOVQ(Mem{Base: entry}, values)
		v.MOVQ(Mem{Base: entry, Disp: 8}, taps)
		tap := v.new()
		v.VPBROADCASTD(Mem{Base: entry, Disp: 16}, tap)
		words := v.loadBytes(Mem{Base: taps, Index: index, Scale: 1})
		if v.wide {
			k := reg.K2
			v.VPCMPEQD(tap, words, k)
			v.VADDPS(Mem{Base: values, Index: index, Scale: 4}, s, k, s)
		} else {
			v.VPCMPEQD(tap, words, tap)
			v.VANDPS(Mem{Base: values, Index: index, Scale: 4}, tap, tap)
			v.VADDPS(tap, s, s)
		}
		v.ADDQ(Imm(24), entry)
		v.JMP(LabelRef(loop))
		v.Label(done)
		v.store(s, Mem{Base: dst, Index: index, Scale: 4}, false)
		v.ADDQ(U32(v.width()), index)
	}, nil, nil)
	v.end()
}

// columns: sums of a, or of a*b, down columns, some vectors of columns at a time in registers. n counts whole vectors' floats, rows is at least 1; ld in
// floats.
func (v *vec) columns() {
	v.down("columnSums", "func(sums, a *float32, rows, lda, n int)", false)
	v.down("columnDots", "func(dots, a, b *float32, rows, lda, ldb, n int)", true)
}

func (v *vec) down(name, signature string, dots bool) {
	v.function(name, signature)
	a, rows, lda, n := v.pointer("a"), v.pointer("rows"), v.pointer("lda"), v.pointer("n")
	v.SHLQ(Imm(2), lda)
	moving := []reg.Register{a}
	var to, b, ldb reg.Register
	if dots {
		to, b, ldb = v.pointer("dots"), v.pointer("b"), v.pointer("ldb")
		v.SHLQ(Imm(2), ldb)
		moving = append(moving, to, b)
	} else {
		to = v.pointer("sums")
		moving = append(moving, to)
	}
	p, q, left := v.GP64(), v.GP64(), v.GP64()
	for _, count := range []int{4, 1} {
		next, done, loop := v.label("columns"), v.label("columnsDone"), v.label("rows")
		at := func(p reg.Register, i int) Mem { return Mem{Base: p, Disp: 4 * v.width() * i} }
		v.Label(next)
		v.CMPQ(n, U32(count*v.width()))
		v.JL(LabelRef(done))
		var s [4]reg.Register
		for i := range count {
			s[i] = v.load(at(to, i), false)
		}
		v.MOVQ(a, p)
		if dots {
			v.MOVQ(b, q)
		}
		v.MOVQ(rows, left)
		v.Label(loop)
		for i := range count {
			x := v.load(at(p, i), false)
			if dots {
				v.VFMADD231PS(at(q, i), x, s[i])
			} else {
				v.VADDPS(x, s[i], s[i])
			}
		}
		v.ADDQ(lda, p)
		if dots {
			v.ADDQ(ldb, q)
		}
		v.DECQ(left)
		v.JNZ(LabelRef(loop))
		for i := range count {
			v.store(s[i], at(to, i), false)
		}
		for _, m := range moving {
			v.ADDQ(U32(4*count*v.width()), m)
		}
		v.SUBQ(U32(count*v.width()), n)
		v.JMP(LabelRef(next))
		v.Label(done)
	}
	v.end()
}
