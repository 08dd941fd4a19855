package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// bfloat16 generates what products of bfloat16 need: the tile kernels over pairs of values, the copies that round floats to pairs, and the
// transform of Winograd's algorithm on six points that rounds what it writes. A pair is two values that are multiplied with those of another pair and
// added to one sum; it takes a float's place, the first value in the low half.
func bfloat16(c *build.Context) {
	c.ConstraintExpr("amd64")
	for v := 1; v <= 3; v++ {
		t := tile{c, true, true, 8, v}
		t.gather()
		t.outer()
	}
	v := &vec{Context: c, wide: true, consts: map[uint32]Mem{}}
	v.pairRows()
	v.pairColumns()
	v.transform(transform{name: "winograd6InputNarrow", in: 6, out: 6, line: v.input6, narrow: true, ahead: true})
}

// Offsets into type pairArgs of the kernel package.
const (
	pairTo     = 0  // first row to write
	pairToStep = 8  // bytes between rows written
	pairFrom   = 16 // first row to read
	pairOther  = 24 // the row whose values become the second ones (pairRows)
	pairStep   = 32 // bytes between rows read
	pairCount  = 40 // rows to write
	pairN      = 48 // floats of a row
)

// rowLoop writes a loop over rows: body sees the registers that hold the places of a row written, of one or two rows read, and the number of floats left.
func (v *vec) rowLoop(body func(to, from, other, n reg.Register)) {
	args := v.pointer("args")
	load := func(offset int) reg.Register {
		r := v.GP64()
		v.MOVQ(Mem{Base: args, Disp: offset}, r)
		return r
	}
	to, from, other, rows := load(pairTo), load(pairFrom), load(pairOther), load(pairCount)
	v.Label("row")
	n := load(pairN)
	toAt, fromAt, otherAt := v.GP64(), v.GP64(), v.GP64()
	v.MOVQ(to, toAt)
	v.MOVQ(from, fromAt)
	v.MOVQ(other, otherAt)
	body(toAt, fromAt, otherAt, n)
	v.ADDQ(Mem{Base: args, Disp: pairToStep}, to)
	v.ADDQ(Mem{Base: args, Disp: pairStep}, from)
	v.ADDQ(Mem{Base: args, Disp: pairStep}, other)
	v.DECQ(rows)
	v.JNZ(LabelRef("row"))
	v.end()
}

// pairRows generates to[j] = the pair of from[j] and other[j].
func (v *vec) pairRows() {
	v.function("pairRows", "func(args *byte)")
	order := v.StaticGlobal("interleaved")
	v.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range 32 { // word i comes from the low half where i is even
		v.AddDatum(2*i, U16(i/2+i%2*16))
	}
	index := v.ZMM()
	v.VMOVDQU32(order, index)
	v.rowLoop(func(to, from, other, n reg.Register) {
		pair := func(masked bool) {
			z := v.ZMM()
			roundTwo(v.Context, v.load(Mem{Base: from}, masked), v.load(Mem{Base: other}, masked), z)
			v.VPERMW(z, index, z)
			v.store(z, Mem{Base: to}, masked)
		}
		v.Label("many")
		v.CMPQ(n, Imm(16))
		v.JL(LabelRef("rest"))
		pair(false)
		v.ADDQ(Imm(64), from)
		v.ADDQ(Imm(64), other)
		v.ADDQ(Imm(64), to)
		v.SUBQ(Imm(16), n)
		v.JMP(LabelRef("many"))
		v.Label("rest")
		v.TESTQ(n, n)
		v.JZ(LabelRef("rowDone"))
		v.tailMask(n)
		pair(true)
		v.Label("rowDone")
	})
}

// pairColumns generates to[j] = the pair of from[2j] and from[2j+1]; a last value that is alone is paired with 0.
func (v *vec) pairColumns() {
	v.function("pairColumns", "func(args *byte)")
	v.rowLoop(func(to, from, _, n reg.Register) {
		v.Label("many")
		v.CMPQ(n, Imm(32))
		v.JL(LabelRef("one"))
		z := v.ZMM()
		roundTwo(v.Context, v.load(Mem{Base: from}, false), v.load(Mem{Base: from, Disp: 64}, false), z)
		v.store(z, Mem{Base: to}, false)
		v.ADDQ(Imm(128), from)
		v.ADDQ(Imm(64), to)
		v.SUBQ(Imm(32), n)
		v.JMP(LabelRef("many"))
		v.Label("one")
		v.CMPQ(n, Imm(16))
		v.JL(LabelRef("rest"))
		v.storeNarrow(v.load(Mem{Base: from}, false), Mem{Base: to}, false)
		v.ADDQ(Imm(64), from)
		v.ADDQ(Imm(32), to)
		v.SUBQ(Imm(16), n)
		v.Label("rest")
		v.TESTQ(n, n)
		v.JZ(LabelRef("rowDone"))
		v.tailMask(n)
		v.pairMask(n)
		v.storeNarrow(v.load(Mem{Base: from}, true), Mem{Base: to}, true)
		v.Label("rowDone")
	})
}

// storeNarrow rounds 16 floats to bfloat16 and writes them; masked writes those of pairMask.
func (v *vec) storeNarrow(x reg.Register, m Mem, masked bool) {
	y := v.YMM()
	roundOne(v.Context, x, y)
	if masked {
		v.VMOVDQU16(y, reg.K2, m)
	} else {
		v.VMOVDQU16(y, m)
	}
}

// pairMask sets mask K2 to the first n of 16 values, and one more where n is odd.
func (v *vec) pairMask(n reg.Register) {
	count, ones := v.GP32(), v.GP32()
	v.MOVL(n.(reg.GPVirtual).As32(), count)
	v.INCL(count)
	v.ANDL(I32(-2), count)
	v.MOVL(I32(-1), ones)
	v.BZHIL(count, ones, ones)
	v.KMOVD(ones, reg.K2)
}
