package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// dot writes the kernel that adds the products of 16*blocks values into 16 sums of float64. A product of two float32 is exact in float64, so that a fused
// multiply-add rounds as a product and a sum do, and all processors give the same bits.
// Where long, a is float64 already: what is held against many rows is converted once.
func dot(c *build.Context, wide, long bool) {
	if long {
		function(c, "dotLong"+suffix(wide), "func(a *float64, b *float32, blocks int, sums *float64)")
	} else {
		function(c, "dot"+suffix(wide), "func(a, b *float32, blocks int, sums *float64)")
	}
	load := func(name string) reg.Register { return c.Load(c.Param(name), c.GP64()) }
	a, b, blocks, sums := load("a"), load("b"), load("blocks"), load("sums")
	n := 8
	if !wide {
		n = 4
	}
	acc := make([]reg.VecVirtual, 16/n)
	for i := range acc {
		acc[i] = vector(c, wide)
		if wide {
			c.VPXORQ(acc[i], acc[i], acc[i])
		} else {
			c.VXORPD(acc[i], acc[i], acc[i])
		}
	}
	c.Label("block")
	for i, s := range acc {
		y := vector(c, wide)
		c.VCVTPS2PD(Mem{Base: b, Disp: 4 * n * i}, y)
		if long {
			c.VFMADD231PD(Mem{Base: a, Disp: 8 * n * i}, y, s)
			continue
		}
		x := vector(c, wide)
		c.VCVTPS2PD(Mem{Base: a, Disp: 4 * n * i}, x)
		c.VFMADD231PD(x, y, s)
	}
	if long {
		c.ADDQ(U32(128), a)
	} else {
		c.ADDQ(Imm(64), a)
	}
	c.ADDQ(Imm(64), b)
	c.SUBQ(Imm(1), blocks)
	c.JNZ(LabelRef("block"))
	for i, s := range acc {
		c.VMOVUPD(s, Mem{Base: sums, Disp: 8 * n * i})
	}
	c.VZEROUPPER()
	c.RET()
}
