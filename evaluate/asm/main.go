// Command asm writes the evaluate package's assembly: go generate in that package runs it.
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	to := flag.String("to", "scan_amd64.s", "file to write")
	flag.Parse()
	if err := write(*to); err != nil {
		fmt.Fprintf(os.Stderr, "asm: %v\n", err)
		os.Exit(1)
	}
}

func write(path string) error {
	c := build.NewContext()
	c.ConstraintExpr("amd64")
	countAVX512(c)
	countAVX2(c)
	twoAVX512(c)
	twoAVX2(c)
	file, err := c.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "avo, by the program in folder asm", Pkg: "evaluate"}).Print(file)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o644)
}

// Comparisons, of the operand before the last with the one before it.
const (
	lessOrEqual    = 0x12
	greaterOrEqual = 0x1d
	greater        = 0x1e
)

// function opens name(values *float32, vectors int, ...) and loads the arguments into registers.
func function(c *build.Context, name, signature string, params ...string) []reg.Register {
	c.Function(name)
	c.Attributes(attr.NOSPLIT)
	c.SignatureExpr(signature)
	var out []reg.Register
	for _, p := range params {
		out = append(out, c.Load(c.Param(p), c.GP64()))
	}
	return out
}

// countAVX512 adds to counts[j], for each of r thresholds, the number of the 16*vectors values that reach it.
func countAVX512(c *build.Context) {
	a := function(c, "countAVX512", "func(values *float32, vectors int, t *float32, r int, counts *int32)", "values", "vectors", "t", "r", "counts")
	values, vectors, t, r, counts := a[0], a[1], a[2], a[3], a[4]
	ones, bar := c.ZMM(), c.ZMM()
	sums := [4]reg.VecVirtual{c.ZMM(), c.ZMM(), c.ZMM(), c.ZMM()}
	one, at, left, total := c.GP32(), c.GP64(), c.GP64(), c.GP32()
	c.MOVL(U32(1), one)
	c.VPBROADCASTD(one, ones)
	step := func(u int) {
		k := c.K()
		c.VCMPPS(Imm(lessOrEqual), Mem{Base: at, Disp: 64 * u}, bar, k) // bar <= value
		c.VPADDD(ones, sums[u], k, sums[u])
	}
	c.Label("threshold")
	c.VBROADCASTSS(Mem{Base: t}, bar)
	for _, s := range sums {
		c.VPXORD(s, s, s)
	}
	c.MOVQ(values, at)
	c.MOVQ(vectors, left)
	c.SUBQ(Imm(4), left)
	c.JL(LabelRef("few"))
	c.Label("four")
	for u := range 4 {
		step(u)
	}
	c.ADDQ(U32(256), at)
	c.SUBQ(Imm(4), left)
	c.JGE(LabelRef("four"))
	c.Label("few")
	c.ADDQ(Imm(4), left)
	c.JZ(LabelRef("sum"))
	c.Label("one")
	step(0)
	c.ADDQ(Imm(64), at)
	c.SUBQ(Imm(1), left)
	c.JNZ(LabelRef("one"))
	c.Label("sum")
	c.VPADDD(sums[1], sums[0], sums[0])
	c.VPADDD(sums[3], sums[2], sums[2])
	c.VPADDD(sums[2], sums[0], sums[0])
	high := c.YMM()
	c.VEXTRACTI64X4(Imm(1), sums[0], high)
	low := sums[0].AsY()
	c.VPADDD(high, low, low)
	addAcross(c, low, total)
	c.ADDL(total, Mem{Base: counts})
	c.ADDQ(Imm(4), t)
	c.ADDQ(Imm(4), counts)
	c.SUBQ(Imm(1), r)
	c.JNZ(LabelRef("threshold"))
	c.VZEROUPPER()
	c.RET()
}

// addAcross sums the 8 integers of v.
func addAcross(c *build.Context, v reg.Register, total reg.Register) {
	x, y := c.XMM(), c.XMM()
	c.VEXTRACTI128(Imm(1), v, x)
	low := v.(reg.VecVirtual).AsX()
	c.VPADDD(low, x, x)
	c.VPSHUFD(Imm(0x4e), x, y)
	c.VPADDD(y, x, x)
	c.VPSHUFD(Imm(0xb1), x, y)
	c.VPADDD(y, x, x)
	c.VMOVD(x, total)
}

// countAVX2 is countAVX512 for 8*vectors values.
func countAVX2(c *build.Context) {
	a := function(c, "countAVX2", "func(values *float32, vectors int, t *float32, r int, counts *int32)", "values", "vectors", "t", "r", "counts")
	values, vectors, t, r, counts := a[0], a[1], a[2], a[3], a[4]
	bar := c.YMM()
	sums := [4]reg.VecVirtual{c.YMM(), c.YMM(), c.YMM(), c.YMM()}
	at, left, total := c.GP64(), c.GP64(), c.GP32()
	step := func(u int) { // a true comparison is -1
		v := c.YMM()
		c.VMOVUPS(Mem{Base: at, Disp: 32 * u}, v)
		c.VCMPPS(Imm(greaterOrEqual), bar, v, v)
		c.VPSUBD(v, sums[u], sums[u])
	}
	c.Label("threshold")
	c.VBROADCASTSS(Mem{Base: t}, bar)
	for _, s := range sums {
		c.VPXOR(s, s, s)
	}
	c.MOVQ(values, at)
	c.MOVQ(vectors, left)
	c.SUBQ(Imm(4), left)
	c.JL(LabelRef("few"))
	c.Label("four")
	for u := range 4 {
		step(u)
	}
	c.ADDQ(U32(128), at)
	c.SUBQ(Imm(4), left)
	c.JGE(LabelRef("four"))
	c.Label("few")
	c.ADDQ(Imm(4), left)
	c.JZ(LabelRef("sum"))
	c.Label("one")
	step(0)
	c.ADDQ(Imm(32), at)
	c.SUBQ(Imm(1), left)
	c.JNZ(LabelRef("one"))
	c.Label("sum")
	c.VPADDD(sums[1], sums[0], sums[0])
	c.VPADDD(sums[3], sums[2], sums[2])
	c.VPADDD(sums[2], sums[0], sums[0])
	addAcross(c, sums[0], total)
	c.ADDL(total, Mem{Base: counts})
	c.ADDQ(Imm(4), t)
	c.ADDQ(Imm(4), counts)
	c.SUBQ(Imm(1), r)
	c.JNZ(LabelRef("threshold"))
	c.VZEROUPPER()
	c.RET()
}

// twoAVX512 finds, in each of 16 lanes, the largest of products - half, its vector's number (the first of equal ones) and the second largest.
func twoAVX512(c *build.Context) {
	a := function(c, "twoAVX512", "func(products, half *float32, vectors int, lanes *byte)", "products", "half", "vectors", "lanes")
	products, half, vectors, lanes := a[0], a[1], a[2], a[3]
	first, second, at, number, ones, s, t := c.ZMM(), c.ZMM(), c.ZMM(), c.ZMM(), c.ZMM(), c.ZMM(), c.ZMM()
	word := c.GP32()
	c.MOVL(U32(0xff800000), word) // minus infinity
	c.VPBROADCASTD(word, first)
	c.VPBROADCASTD(word, second)
	c.MOVL(U32(1), word)
	c.VPBROADCASTD(word, ones)
	c.VPXORD(number, number, number)
	c.VPXORD(at, at, at)
	k := c.K()
	c.Label("next")
	c.VMOVUPS(Mem{Base: products}, s)
	c.VSUBPS(Mem{Base: half}, s, s)
	c.VCMPPS(Imm(greater), first, s, k)
	c.VMINPS(s, first, t)
	c.VMAXPS(t, second, second)
	c.VMAXPS(s, first, first)
	c.VMOVDQA32(number, k, at)
	c.VPADDD(ones, number, number)
	c.ADDQ(Imm(64), products)
	c.ADDQ(Imm(64), half)
	c.SUBQ(Imm(1), vectors)
	c.JNZ(LabelRef("next"))
	c.VMOVUPS(first, Mem{Base: lanes})
	c.VMOVUPS(second, Mem{Base: lanes, Disp: 64})
	c.VMOVDQU32(at, Mem{Base: lanes, Disp: 128})
	c.VZEROUPPER()
	c.RET()
}

// twoAVX2 is twoAVX512 in 8 lanes.
func twoAVX2(c *build.Context) {
	a := function(c, "twoAVX2", "func(products, half *float32, vectors int, lanes *byte)", "products", "half", "vectors", "lanes")
	products, half, vectors, lanes := a[0], a[1], a[2], a[3]
	first, second, at, number, ones, s, t, k := c.YMM(), c.YMM(), c.YMM(), c.YMM(), c.YMM(), c.YMM(), c.YMM(), c.YMM()
	word, x := c.GP32(), c.XMM()
	c.MOVL(U32(0xff800000), word)
	c.VMOVD(word, x)
	c.VPBROADCASTD(x, first)
	c.VPBROADCASTD(x, second)
	c.MOVL(U32(1), word)
	c.VMOVD(word, x)
	c.VPBROADCASTD(x, ones)
	c.VPXOR(number, number, number)
	c.VPXOR(at, at, at)
	c.Label("next")
	c.VMOVUPS(Mem{Base: products}, s)
	c.VSUBPS(Mem{Base: half}, s, s)
	c.VCMPPS(Imm(greater), first, s, k)
	c.VMINPS(s, first, t)
	c.VMAXPS(t, second, second)
	c.VMAXPS(s, first, first)
	c.VBLENDVPS(k, number, at, at)
	c.VPADDD(ones, number, number)
	c.ADDQ(Imm(32), products)
	c.ADDQ(Imm(32), half)
	c.SUBQ(Imm(1), vectors)
	c.JNZ(LabelRef("next"))
	c.VMOVUPS(first, Mem{Base: lanes})
	c.VMOVUPS(second, Mem{Base: lanes, Disp: 64})
	c.VMOVDQU(at, Mem{Base: lanes, Disp: 128})
	c.VZEROUPPER()
	c.RET()
}
