package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A group is 16 rows: words of 64 bytes, each of four codes a row; then 16 scales and 16 slacks (float32).
const groupRows = 16

// greaterOrEqual compares the operand before the last with the one before it, without a signal.
const greaterOrEqual = 0x1d

// kind is a variant of the kernel: the number of queries that a row is held against while it is in registers, and whether a pair also counts that
// reaches the row's own threshold.
type kind struct {
	name    string
	queries int
	both    bool
}

// bounds writes the kernel that computes upper bounds of the products of groups of rows with queries, and a mask of the rows whose bound reaches the
// query's threshold.
func bounds(c *build.Context, k kind, wide bool) {
	signature := "func(group *byte, groups, words int, query *uint32, start *int32, params *float32, masks *uint16)"
	if k.both {
		signature = "func(group *byte, groups, words int, query *uint32, start *int32, params, bars *float32, masks *uint16)"
	}
	function(c, k.name+suffix(wide), signature)
	load := func(name string) reg.Register { return c.Load(c.Param(name), c.GP64()) }
	group, groups, words, query := load("group"), load("groups"), load("words"), load("query")
	start, params, masks := load("start"), load("params"), load("masks")
	var bars reg.Register
	if k.both {
		bars = load("bars")
	}
	halves, width := 2, 32
	if wide {
		halves, width = 1, 64
	}
	// Words of 1 turn sums of two products into sums of four.
	one, ones := c.GP32(), vector(c, wide)
	c.MOVL(U32(0x00010001), one)
	if wide {
		c.VPBROADCASTD(one, ones)
	} else {
		x := c.XMM()
		c.VMOVD(one, x)
		c.VPBROADCASTD(x, ones)
	}
	sums := make([][]reg.VecVirtual, k.queries)
	for q := range sums {
		for range halves {
			sums[q] = append(sums[q], vector(c, wide))
		}
	}
	left, at := c.GP64(), c.GP64()
	c.Label("group")
	for q := range sums {
		for _, s := range sums[q] {
			c.VPBROADCASTD(Mem{Base: start, Disp: 4 * q}, s)
		}
	}
	c.MOVQ(words, left)
	c.MOVQ(query, at)
	c.Label("word")
	rows := make([]reg.VecVirtual, halves)
	for h := range rows {
		rows[h] = vector(c, wide)
		if wide {
			c.VMOVDQU32(Mem{Base: group, Disp: width * h}, rows[h])
		} else {
			c.VMOVDQU(Mem{Base: group, Disp: width * h}, rows[h])
		}
	}
	for q := range sums {
		four := vector(c, wide)
		c.VPBROADCASTD(Mem{Base: at, Disp: 4 * q}, four)
		for h, s := range sums[q] {
			t := vector(c, wide)
			c.VPMADDUBSW(four, rows[h], t)
			c.VPMADDWD(ones, t, t)
			c.VPADDD(t, s, s)
		}
	}
	c.ADDQ(U32(64), group)
	c.ADDQ(U32(uint32(4*k.queries)), at)
	c.SUBQ(Imm(1), left)
	c.JNZ(LabelRef("word"))
	for q := range sums {
		bits := c.GP32()
		for h, s := range sums[q] {
			param := func(i int) Mem { return Mem{Base: params, Disp: 4 * (i*k.queries + q)} }
			p := vector(c, wide)
			c.VCVTDQ2PS(s, s)
			c.VMULPS(Mem{Base: group, Disp: width * h}, s, s) // the row's scale
			c.VBROADCASTSS(param(0), p)
			c.VMULPS(p, s, s) // the query's
			c.VBROADCASTSS(param(1), p)
			c.VFMADD231PS(Mem{Base: group, Disp: 64 + width*h}, p, s) // the row's slack times the query's length
			c.VBROADCASTSS(param(2), p)
			c.VADDPS(p, s, s)
			c.VBROADCASTSS(param(3), p)
			if wide {
				m := c.K()
				c.VCMPPS(Imm(greaterOrEqual), p, s, m)
				if k.both {
					n := c.K()
					c.VCMPPS(Imm(greaterOrEqual), Mem{Base: bars}, s, n)
					c.KORW(n, m, m)
				}
				c.KMOVW(m, bits)
				continue
			}
			c.VCMPPS(Imm(greaterOrEqual), p, s, p)
			if k.both {
				c.VCMPPS(Imm(greaterOrEqual), Mem{Base: bars, Disp: width * h}, s, s)
				c.VORPS(s, p, p)
			}
			if h == 0 {
				c.VMOVMSKPS(p, bits)
				continue
			}
			high := c.GP32()
			c.VMOVMSKPS(p, high)
			c.SHLL(Imm(8), high)
			c.ORL(high, bits)
		}
		c.MOVW(bits.As16(), Mem{Base: masks, Disp: 2 * q})
	}
	c.ADDQ(U32(128), group)
	c.ADDQ(U32(uint32(2*k.queries)), masks)
	if k.both {
		c.ADDQ(U32(4*groupRows), bars)
	}
	c.SUBQ(Imm(1), groups)
	c.JNZ(LabelRef("group"))
	c.VZEROUPPER()
	c.RET()
}
