package main

import (
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// elementwise generates the operations on vectors of any length.
func elementwise(c *build.Context) {
	bothWidths(c, func(v *vec) {
		v.binaries()
		v.unaries()
		v.mixed()
		v.selects()
	})
}

// Operands are in Go's order: the last is the destination, the one before it the left operand.
func (v *vec) binaries() {
	ops := []struct {
		name string
		op   func(ops ...Op) // right, left, destination
		flip bool            // of equal or unordered operands the instruction returns its right one; the left is wanted
	}{
		{"add", v.VADDPS, false}, {"sub", v.VSUBPS, false}, {"mul", v.VMULPS, false}, {"div", v.VDIVPS, false}, {"max", v.VMAXPS, true}, {"min", v.VMINPS, true},
	}
	for _, o := range ops {
		apply := func(left, right, dst reg.Register) {
			if o.flip {
				left, right = right, left
			}
			o.op(right, left, dst)
		}
		v.function(o.name, "func(dst, a, b *float32, n int)")
		dst, a, b, n := v.pointer("dst"), v.pointer("a"), v.pointer("b"), v.pointer("n")
		v.stream(n, 4, func(at func(reg.Register) Mem, _ int, masked bool) {
			x, y := v.load(at(a), masked), v.load(at(b), masked)
			apply(x, y, x)
			v.store(x, at(dst), masked)
		})
		v.end()
		for _, left := range []bool{false, true} {
			name := o.name + "Scalar"
			if left {
				name += "Left"
			}
			v.function(name, "func(dst, a *float32, s float32, n int)")
			dst, a, s, n := v.pointer("dst"), v.pointer("a"), v.scalar("s"), v.pointer("n")
			v.stream(n, 4, func(at func(reg.Register) Mem, _ int, masked bool) {
				x := v.load(at(a), masked)
				if left {
					apply(s, x, x)
				} else {
					apply(x, s, x)
				}
				v.store(x, at(dst), masked)
			})
			v.end()
		}
	}
}

// unaries generates one function per operation on a single vector.
func (v *vec) unaries() {
	for _, o := range []struct {
		name   string
		unroll int
		f      func(a reg.Register) reg.Register
	}{
		{"neg", 4, func(a reg.Register) reg.Register { v.xor(v.word(1<<31), a, a); return a }},
		{"abs", 4, func(a reg.Register) reg.Register { v.and(v.word(1<<31-1), a, a); return a }},
		{"sqrt", 4, func(a reg.Register) reg.Register { v.VSQRTPS(a, a); return a }},
		{"rsqrt", 2, func(a reg.Register) reg.Register { v.VSQRTPS(a, a); return v.reciprocal(a) }},
		{"sign", 4, v.sign},
		{"exp", 2, v.exp},
		{"log", 2, v.log},
		{"tanh", 1, v.tanh},
		{"logistic", 1, v.logistic},
		{"erf", 1, v.erf},
		{"square", 4, func(a reg.Register) reg.Register { v.VMULPS(a, a, a); return a }},
		{"reciprocal", 2, v.reciprocal},
	} {
		v.function(o.name, "func(dst, a *float32, n int)")
		dst, a, n := v.pointer("dst"), v.pointer("a"), v.pointer("n")
		v.stream(n, o.unroll, func(at func(reg.Register) Mem, _ int, masked bool) {
			v.store(o.f(v.load(at(a), masked)), at(dst), masked)
		})
		v.end()
	}
}

func (v *vec) reciprocal(a reg.Register) reg.Register {
	one := v.constant(1)
	v.VDIVPS(a, one, a)
	return a
}

// sign gives 1 with a's sign, or a itself where it is zero or NaN.
func (v *vec) sign(a reg.Register) reg.Register {
	one := v.new()
	v.and(v.word(1<<31), a, one)
	v.or(v.float(1), one, one)
	zero := v.zero()
	r := v.selected(gt, a, zero, one, a)
	return v.selected(lt, a, zero, one, r)
}

// mixed generates the operations that multiply and add.
func (v *vec) mixed() {
	v.function("addScaled", "func(y, x *float32, s float32, n int)")
	y, x, s, n := v.pointer("y"), v.pointer("x"), v.scalar("s"), v.pointer("n")
	v.stream(n, 4, func(at func(reg.Register) Mem, _ int, masked bool) {
		p, q := v.load(at(y), masked), v.load(at(x), masked)
		v.VFMADD231PS(q, s, p)
		v.store(p, at(y), masked)
	})
	v.end()
}

// selects generates, for each relation, dst = x where a rel b, else y; and the relation as bytes.
func (v *vec) selects() {
	for _, r := range []struct {
		name string
		rel  uint8
	}{{"Equal", eq}, {"NotEqual", ne}, {"Less", lt}, {"LessEqual", le}, {"Greater", gt}, {"GreaterEqual", ge}} {
		v.function("select"+r.name, "func(dst, a, b, x, y *float32, n int)")
		dst, a, b, x, y, n := v.pointer("dst"), v.pointer("a"), v.pointer("b"), v.pointer("x"), v.pointer("y"), v.pointer("n")
		v.stream(n, 2, func(at func(reg.Register) Mem, _ int, masked bool) {
			s := v.selected(r.rel, v.load(at(a), masked), v.load(at(b), masked), v.load(at(x), masked), v.load(at(y), masked))
			v.store(s, at(dst), masked)
		})
		v.end()

		// Whole vectors only: dst[i] = 1 where a rel b, else 0, as bytes.
		v.function("compare"+r.name, "func(dst *bool, a, b *float32, n int)")
		dstBytes, a, b, n := v.pointer("dst"), v.pointer("a"), v.pointer("b"), v.pointer("n")
		v.wholeVectors(n, func() {
			one, zero := v.new(), v.zero()
			v.VMOVUPS(v.word(1), one)
			v.storeBytes(v.selected(r.rel, v.load(Mem{Base: a}, false), Mem{Base: b}, one, zero), dstBytes)
		}, []reg.Register{a, b}, []reg.Register{dstBytes})
		v.end()
	}
}

// wholeVectors repeats body for n floats, n a multiple of the width, moving the pointers on.
func (v *vec) wholeVectors(n reg.Register, body func(), floats, bytes []reg.Register) {
	loop, done := v.label("loop"), v.label("done")
	v.Label(loop)
	v.CMPQ(n, U32(v.width()))
	v.JL(LabelRef(done))
	body()
	for _, p := range floats {
		v.ADDQ(U32(4*v.width()), p)
	}
	for _, p := range bytes {
		v.ADDQ(U32(v.width()), p)
	}
	v.SUBQ(U32(v.width()), n)
	v.JMP(LabelRef(loop))
	v.Label(done)
}

// loadBytes widens bytes to words.
func (v *vec) loadBytes(m Mem) reg.Register {
	r := v.new()
	v.VPMOVZXBD(m, r)
	return r
}

// storeBytes writes words below 256 as bytes to where p points.
func (v *vec) storeBytes(words reg.Register, p reg.Register) {
	if v.wide {
		v.VPMOVDB(words, Mem{Base: p})
		return
	}
	low, high := words.(reg.VecVirtual).AsX(), v.XMM()
	v.VEXTRACTI128(Imm(1), words, high)
	v.VPACKUSDW(high, low, low)
	v.VPACKUSWB(low, low, low)
	v.VMOVQ(low, Mem{Base: p})
}
