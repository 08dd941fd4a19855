package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transposition generates dst[j*ldDst+i] = src[i*ldSrc+j] for rows and columns in multiples of 8, a block of 8x8 in registers at a time.
func transposition(c *build.Context) {
	c.ConstraintExpr("amd64")
	v := &vec{Context: c}
	c.Function("transposeAVX2")
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr("func(dst *float32, ldDst int, src *float32, ldSrc, rows, cols int)")
	dst, ldDst, src, ldSrc, rows, cols := v.pointer("dst"), v.pointer("ldDst"), v.pointer("src"), v.pointer("ldSrc"), v.pointer("rows"), v.pointer("cols")
	c.SHLQ(Imm(2), ldDst)
	c.SHLQ(Imm(2), ldSrc)
	from, to, left := c.GP64(), c.GP64(), c.GP64()
	c.Label("nextRows")
	c.MOVQ(src, from)
	c.MOVQ(dst, to)
	c.MOVQ(cols, left)
	c.Label("nextColumns")
	p := c.GP64()
	c.MOVQ(from, p)
	var x [8]reg.Register
	for i := range x {
		x[i] = c.YMM()
		c.VMOVUPS(Mem{Base: p}, x[i])
		c.ADDQ(ldSrc, p)
	}
	pairs := [8]reg.Register{}
	for i := 0; i < 8; i += 2 { // interleave rows two by two
		pairs[i], pairs[i+1] = c.YMM(), c.YMM()
		c.VUNPCKLPS(x[i+1], x[i], pairs[i])
		c.VUNPCKHPS(x[i+1], x[i], pairs[i+1])
	}
	fours := [8]reg.Register{} // column k of four rows, and column k+4 in the upper half
	for i := 0; i < 8; i += 4 {
		for k := range 2 {
			low, high := c.YMM(), c.YMM()
			c.VUNPCKLPD(pairs[i+2+k], pairs[i+k], low)
			c.VUNPCKHPD(pairs[i+2+k], pairs[i+k], high)
			fours[i+2*k], fours[i+2*k+1] = low, high
		}
	}
	c.MOVQ(to, p)
	for half := range 2 {
		for k := range 4 {
			y := c.YMM()
			c.VPERM2F128(Imm(uint64(0x20+0x11*half)), fours[4+k], fours[k], y)
			c.VMOVUPS(y, Mem{Base: p})
			c.ADDQ(ldDst, p)
		}
	}
	c.ADDQ(Imm(32), from)
	c.MOVQ(p, to)
	c.SUBQ(Imm(8), left)
	c.JG(LabelRef("nextColumns"))
	for range 8 {
		c.ADDQ(ldSrc, src)
	}
	c.ADDQ(Imm(32), dst)
	c.SUBQ(Imm(8), rows)
	c.JG(LabelRef("nextRows"))
	v.end()
}
