package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// vec writes the same code for 256-bit (AVX2) and 512-bit (AVX-512) vectors of floats.
type vec struct {
	*build.Context
	wide   bool
	consts map[uint32]Mem
	lanes  Mem // AVX2: 8 words of ones, then 8 of zeros
	mask   reg.Register
	labels int
}

// bothWidths runs gen for AVX2 and for AVX-512.
func bothWidths(c *build.Context, gen func(v *vec)) {
	c.ConstraintExpr("amd64")
	for _, wide := range []bool{false, true} {
		gen(&vec{Context: c, wide: wide, consts: map[uint32]Mem{}})
	}
}

func (v *vec) suffix() string {
	if v.wide {
		return "AVX512"
	}
	return "AVX2"
}

// width is the number of floats in a vector.
func (v *vec) width() int {
	if v.wide {
		return 16
	}
	return 8
}

// function opens a function whose name ends in the instruction set.
func (v *vec) function(name, signature string) {
	v.Function(name + v.suffix())
	v.Attributes(attr.NOSPLIT)
	v.SignatureExpr(signature)
	v.labels = 0
	v.mask = nil
}

func (v *vec) end() {
	v.VZEROUPPER()
	v.RET()
}

func (v *vec) label(what string) string {
	v.labels++
	return fmt.Sprintf("%s%d", what, v.labels)
}

// new returns a free vector register.
func (v *vec) new() reg.Register {
	if v.wide {
		return v.ZMM()
	}
	return v.YMM()
}

// pointer loads a pointer or integer parameter.
func (v *vec) pointer(name string) reg.Register { return v.Load(v.Param(name), v.GP64()) }

// scalar loads a float parameter into all lanes.
func (v *vec) scalar(name string) reg.Register {
	x := v.XMM()
	v.Load(v.Param(name), x)
	r := v.new()
	v.VBROADCASTSS(x, r)
	return r
}

// word is a constant in all lanes, as a memory operand.
func (v *vec) word(bits uint32) Mem {
	if m, ok := v.consts[bits]; ok {
		return m
	}
	m := v.StaticGlobal(fmt.Sprintf("word%s_%08x", v.suffix(), bits))
	v.DataAttributes(attr.RODATA | attr.NOPTR)
	for i := range v.width() {
		v.AddDatum(4*i, U32(bits))
	}
	v.consts[bits] = m
	return m
}

func (v *vec) float(f float64) Mem { return v.word(math.Float32bits(float32(f))) }

// constant is word in a register.
func (v *vec) constant(f float64) reg.Register {
	r := v.new()
	v.VMOVUPS(v.float(f), r)
	return r
}

func (v *vec) load(m Mem, masked bool) reg.Register {
	r := v.new()
	switch {
	case !masked:
		v.VMOVUPS(m, r)
	case v.wide:
		v.VMOVUPS_Z(m, v.mask, r)
	default:
		v.VMASKMOVPS(m, v.mask, r)
	}
	return r
}

func (v *vec) store(r reg.Register, m Mem, masked bool) {
	switch {
	case !masked:
		v.VMOVUPS(r, m)
	case v.wide:
		v.VMOVUPS(r, v.mask, m)
	default:
		v.VMASKMOVPS(r, v.mask, m)
	}
}

// Bitwise operations on whole vectors; b may be memory.
func (v *vec) and(b Op, a, dst reg.Register) {
	if v.wide {
		v.VPANDD(b, a, dst)
	} else {
		v.VPAND(b, a, dst)
	}
}

func (v *vec) or(b Op, a, dst reg.Register) {
	if v.wide {
		v.VPORD(b, a, dst)
	} else {
		v.VPOR(b, a, dst)
	}
}

func (v *vec) xor(b Op, a, dst reg.Register) {
	if v.wide {
		v.VPXORD(b, a, dst)
	} else {
		v.VPXOR(b, a, dst)
	}
}

func (v *vec) zero() reg.Register {
	return v.constant(0)
}

// Predicates of VCMPPS.
const (
	eq = 0x00
	ne = 0x04
	lt = 0x11
	le = 0x12
	ge = 0x1d
	gt = 0x1e
)

// selected is x where a rel b, else y.
func (v *vec) selected(rel uint8, a reg.Register, b Op, x, y reg.Register) reg.Register {
	r := v.new()
	if v.wide {
		k := reg.K2
		v.VCMPPS(Imm(uint64(rel)), b, a, k)
		v.VBLENDMPS(x, y, k, r)
		return r
	}
	m := v.new()
	v.VCMPPS(Imm(uint64(rel)), b, a, m)
	v.VBLENDVPS(m, x, y, r)
	return r
}

// tailMask sets the mask to the first rest lanes.
func (v *vec) tailMask(rest reg.Register) {
	if v.wide {
		ones, bits := v.GP32(), v.GP32()
		v.MOVL(I32(-1), ones)
		v.BZHIL(rest.(reg.GPVirtual).As32(), ones, bits)
		v.mask = reg.K1
		v.KMOVW(bits, v.mask)
		return
	}
	if v.lanes.Symbol.Name == "" {
		v.lanes = v.StaticGlobal("lanes")
		v.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			bits := uint32(0xffffffff)
			if i >= 8 {
				bits = 0
			}
			v.AddDatum(4*i, U32(bits))
		}
	}
	table, back := v.GP64(), v.GP64()
	v.LEAQ(v.lanes, table)
	v.MOVQ(rest, back)
	v.NEGQ(back)
	v.mask = v.new()
	v.VMOVUPS(Mem{Base: table, Index: back, Scale: 4, Disp: 32}, v.mask)
}

// stream writes loops over n floats: body runs for each vector, at(p) being its place in the array at p. Several vectors are done at a time while
// enough are left; the last, cut one is done with masked loads and stores.
func (v *vec) stream(n reg.Register, unroll int, body func(at func(p reg.Register) Mem, u int, masked bool)) {
	w := v.width()
	index := v.GP64()
	v.XORQ(index, index)
	place := func(u int) func(p reg.Register) Mem {
		return func(p reg.Register) Mem { return Mem{Base: p, Index: index, Scale: 1, Disp: 4 * w * u} }
	}
	many, one, tail, done := v.label("many"), v.label("one"), v.label("tail"), v.label("done")
	if unroll > 1 {
		v.CMPQ(n, U32(unroll*w))
		v.JL(LabelRef(one))
		v.Label(many)
		for u := range unroll {
			body(place(u), u, false)
		}
		v.ADDQ(U32(4*unroll*w), index)
		v.SUBQ(U32(unroll*w), n)
		v.CMPQ(n, U32(unroll*w))
		v.JGE(LabelRef(many))
	}
	v.Label(one)
	v.CMPQ(n, U32(w))
	v.JL(LabelRef(tail))
	body(place(0), 0, false)
	v.ADDQ(U32(4*w), index)
	v.SUBQ(U32(w), n)
	v.JMP(LabelRef(one))
	v.Label(tail)
	v.TESTQ(n, n)
	v.JZ(LabelRef(done))
	v.tailMask(n)
	body(place(0), 0, true)
	v.Label(done)
}
