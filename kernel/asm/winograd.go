package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// winograd generates the transforms of Winograd's algorithm on six points, F(4x4,3x3) and F(2x2,5x5), and on four, F(2x2,3x3), with those of their
// gradients by the kernel, where the tile of outputs takes the kernel's part: F(3x3,4x4), F(5x5,2x2), F(3x3,2x2). They follow Toom and Cook's
// construction on the points 0, a, -a, b, -b, infinity (or 0, 1, -1, infinity). Each transform takes a square of vectors over channels, transforms its
// columns and then its rows, and writes a square of vectors. Squares are lists of places: address = list[i] + base.
//
// In one direction, with the matrices of the usual notation y = A^T [(G g) . (B^T d)]:
//
//	A^T[k][i] = p_i^k,   G[i][j] = p_i^j / N_i with N_i = product of (p_i - p_l) over l != i,   B^T[i] = coefficients of product of (x - p_l) over l != i
//
// and for infinity the highest power's coefficient alone.
func winograd(c *build.Context) {
	bothWidths(c, func(v *vec) {
		v.transform(transform{name: "winograd6Input", in: 6, out: 6, line: v.input6, ahead: true})
		v.transform(transform{name: "winograd4Input", in: 4, out: 4, line: v.input4, ahead: true})
		for _, n := range []int{2, 3, 4, 5} { // values of a kernel, or of a tile of gradients
			v.transform(transform{name: fmt.Sprint("winograd6From", n), in: n, out: 6, line: v.kernel6, ahead: n == 2 || n == 4})
		}
		for _, n := range []int{2, 3, 4, 5} { // a tile of outputs, or a kernel's gradient
			v.transform(transform{name: fmt.Sprint("winograd6To", n), in: 6, out: n, line: v.output6, output: n == 2 || n == 4})
		}
		for _, n := range []int{2, 3} {
			v.transform(transform{name: fmt.Sprint("winograd4From", n), in: n, out: 4, line: v.kernel4, ahead: n == 2})
			v.transform(transform{name: fmt.Sprint("winograd4To", n), in: 4, out: n, line: v.output4, output: n == 2})
		}
	})
}

// The six points: of the pairs tried, one with the least error (the usual 1 and 2 have twice as much).
const (
	pointA = 0.625
	pointB = 1.5
)

// transform is a one-dimensional transform of in vectors to out, applied in both directions.
type transform struct {
	name    string
	in, out int
	line    func(x []reg.Register, out int) []reg.Register
	output  bool // writes a convolution's outputs: with bias, accumulation and ReLU
	narrow  bool // writes bfloat16
	ahead   bool // reads images: asks for what a later tile reads, for the processor does not foresee it
}

// Offsets into type transformArgs of the kernel package.
const (
	transformFrom     = 0  // list of places to read
	transformFromBase = 8  // added to each
	transformTo       = 16 // list of places to write
	transformToBase   = 24
	transformN        = 32 // floats
	transformWork     = 40 // memory for in*out vectors
	transformBias     = 48 // bias of the n floats, or 0; outputs only
	transformFlags    = 56
	transformScale    = 64 // factors of the n floats, or 0; outputs only
	transformAhead    = 72 // bytes from what is read to what a later tile reads; of images only
)

func (v *vec) transform(t transform) {
	v.function(t.name, "func(args *byte)")
	args := v.pointer("args")
	at := func(offset int) Mem { return Mem{Base: args, Disp: offset} }
	load := func(offset int) reg.Register {
		r := v.GP64()
		v.MOVQ(at(offset), r)
		return r
	}
	from, fromBase, to, toBase, n, work := load(transformFrom), load(transformFromBase), load(transformTo), load(transformToBase), load(transformN),
		load(transformWork)
	var scale, bias, ahead reg.Register
	if t.ahead {
		ahead = load(transformAhead)
		v.ADDQ(fromBase, ahead)
	}
	if t.output {
		scale, bias = load(transformScale), load(transformBias)
	}
	place := v.GP64()
	size := 4 * v.width()
	body := func(masked bool) {
		for column := range t.in {
			var x []reg.Register
			for row := range t.in {
				v.MOVQ(Mem{Base: from, Disp: 8 * (row*t.in + column)}, place)
				x = append(x, v.load(Mem{Base: place, Index: fromBase, Scale: 1}, masked))
				if t.ahead && !masked {
					v.PREFETCHT0(Mem{Base: place, Index: ahead, Scale: 1})
				}
			}
			for row, y := range t.line(x, t.out) {
				v.VMOVUPS(y, Mem{Base: work, Disp: size * (row*t.in + column)})
			}
		}
		var factor, add reg.Register
		if t.output {
			factor, add = v.optional(scale, 1, masked), v.optional(bias, 0, masked)
		}
		for row := range t.out {
			var x []reg.Register
			for column := range t.in {
				x = append(x, v.load(Mem{Base: work, Disp: size * (row*t.in + column)}, false))
			}
			for column, y := range t.line(x, t.out) {
				v.MOVQ(Mem{Base: to, Disp: 8 * (row*t.out + column)}, place)
				m := Mem{Base: place, Index: toBase, Scale: 1}
				if t.output {
					v.finish(y, factor, add, m, at(transformFlags), masked)
				}
				if t.narrow {
					v.storeNarrow(y, m, masked)
				} else {
					v.store(y, m, masked)
				}
			}
		}
	}
	loop, tail, done := v.label("loop"), v.label("tail"), v.label("done")
	v.Label(loop)
	v.CMPQ(n, U32(v.width()))
	v.JL(LabelRef(tail))
	body(false)
	v.ADDQ(U32(size), fromBase)
	if t.ahead {
		v.ADDQ(U32(size), ahead)
	}
	if t.narrow {
		v.ADDQ(U32(size/2), toBase)
	} else {
		v.ADDQ(U32(size), toBase)
	}
	if t.output {
		for _, list := range []reg.Register{scale, bias} {
			skip := v.label("none")
			v.TESTQ(list, list)
			v.JZ(LabelRef(skip))
			v.ADDQ(U32(size), list)
			v.Label(skip)
		}
	}
	v.SUBQ(U32(v.width()), n)
	v.JMP(LabelRef(loop))
	v.Label(tail)
	v.TESTQ(n, n)
	v.JZ(LabelRef(done))
	v.tailMask(n)
	if t.narrow {
		v.pairMask(n)
	}
	body(true)
	v.Label(done)
	v.end()
}

// optional loads the vector at list, or fills one with missing where list is 0.
func (v *vec) optional(list reg.Register, missing float64, masked bool) reg.Register {
	r := v.constant(missing)
	none := v.label("none")
	v.TESTQ(list, list)
	v.JZ(LabelRef(none))
	v.VMOVUPS(v.load(Mem{Base: list}, masked), r)
	v.Label(none)
	return r
}

// finish adds to what is there, scales, adds the bias and clamps.
func (v *vec) finish(y, scale, bias reg.Register, m, flags Mem, masked bool) {
	keep, relu := v.label("overwrite"), v.label("signed")
	v.TESTQ(U32(flagAcc), flags)
	v.JZ(LabelRef(keep))
	v.VADDPS(v.load(m, masked), y, y)
	v.Label(keep)
	v.VFMADD213PS(bias, scale, y)
	v.TESTQ(U32(flagReLU), flags)
	v.JZ(LabelRef(relu))
	zero := v.zero()
	v.VMAXPS(y, zero, y)
	v.Label(relu)
}

// plus is x + f*y in a new register, minus is x - f*y.
func (v *vec) plus(x reg.Register, f float64, y reg.Register) reg.Register {
	r := v.new()
	v.VMOVAPS(x, r)
	v.VFMADD231PS(v.float(f), y, r)
	return r
}

func (v *vec) minus(x reg.Register, f float64, y reg.Register) reg.Register { return v.plus(x, -f, y) }

func (v *vec) times(f float64, y reg.Register) reg.Register {
	r := v.new()
	v.VMULPS(v.float(f), y, r)
	return r
}

func (v *vec) sum(x, y reg.Register) reg.Register {
	r := v.new()
	v.VADDPS(y, x, r)
	return r
}

func (v *vec) difference(x, y reg.Register) reg.Register {
	r := v.new()
	v.VSUBPS(y, x, r)
	return r
}

// input6 is B^T on six points: x [6] -> [6].
func (v *vec) input6(d []reg.Register, _ int) []reg.Register {
	const a, b = pointA, pointB
	even0 := v.plus(v.minus(d[4], a*a+b*b, d[2]), a*a*b*b, d[0])
	evenA, oddA := v.minus(d[4], b*b, d[2]), v.minus(d[3], b*b, d[1])
	evenB, oddB := v.minus(d[4], a*a, d[2]), v.minus(d[3], a*a, d[1])
	last := v.plus(v.minus(d[5], a*a+b*b, d[3]), a*a*b*b, d[1])
	return []reg.Register{even0, v.plus(evenA, a, oddA), v.minus(evenA, a, oddA), v.plus(evenB, b, oddB), v.minus(evenB, b, oddB), last}
}

// kernel6 is G on six points, of two to five values.
func (v *vec) kernel6(g []reg.Register, _ int) []reg.Register {
	const a, b = pointA, pointB
	pair := func(p, n float64) (reg.Register, reg.Register) {
		even, odd := v.times(1/n, g[0]), v.times(p/n, g[1])
		power := p * p
		for j := 2; j < len(g); j++ {
			if j%2 == 0 {
				even = v.plus(even, power/n, g[j])
			} else {
				odd = v.plus(odd, power/n, g[j])
			}
			power *= p
		}
		return v.sum(even, odd), v.difference(even, odd)
	}
	plusA, minusA := pair(a, 2*a*a*(a*a-b*b))
	plusB, minusB := pair(b, 2*b*b*(b*b-a*a))
	return []reg.Register{v.times(1/(a*a*b*b), g[0]), plusA, minusA, plusB, minusB, g[len(g)-1]}
}

// output6 is A^T on six points: m [6] -> [out], out from 2 to 5.
func (v *vec) output6(m []reg.Register, out int) []reg.Register {
	const a, b = pointA, pointB
	sumA, difA, sumB, difB := v.sum(m[1], m[2]), v.difference(m[1], m[2]), v.sum(m[3], m[4]), v.difference(m[3], m[4])
	y := []reg.Register{v.sum(v.sum(m[0], sumA), sumB)}
	powerA, powerB := a, b
	for k := 1; k < out; k++ {
		atA, atB := difA, difB
		if k%2 == 0 {
			atA, atB = sumA, sumB
		}
		r := v.times(powerA, atA)
		if k == out-1 {
			r = v.plus(m[5], powerA, atA)
		}
		y = append(y, v.plus(r, powerB, atB))
		powerA, powerB = powerA*a, powerB*b
	}
	return y
}

// input4 is B^T on 0, 1, -1, infinity.
func (v *vec) input4(d []reg.Register, _ int) []reg.Register {
	return []reg.Register{v.difference(d[2], d[0]), v.sum(d[2], d[1]), v.difference(d[2], d[1]), v.difference(d[3], d[1])}
}

// kernel4 is G on 0, 1, -1, infinity, of three or two values.
func (v *vec) kernel4(g []reg.Register, _ int) []reg.Register {
	first := v.times(-1, g[0])
	if len(g) == 2 {
		even, odd := v.times(.5, g[0]), v.times(.5, g[1])
		return []reg.Register{first, v.sum(even, odd), v.difference(even, odd), g[1]}
	}
	even := v.times(.5, v.sum(g[0], g[2]))
	odd := v.times(.5, g[1])
	return []reg.Register{first, v.sum(even, odd), v.difference(even, odd), g[2]}
}

// output4 is A^T on 0, 1, -1, infinity: m [4] -> [out].
func (v *vec) output4(m []reg.Register, out int) []reg.Register {
	total, dif := v.sum(m[1], m[2]), v.difference(m[1], m[2])
	if out == 2 {
		return []reg.Register{v.sum(m[0], total), v.sum(dif, m[3])}
	}
	return []reg.Register{v.sum(m[0], total), dif, v.sum(total, m[3])}
}
