package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// polynomial evaluates c[0] x^(k) + ... + c[k] by Horner's rule.
func (v *vec) polynomial(x reg.Register, c ...float64) reg.Register {
	r := v.constant(c[0])
	for _, k := range c[1:] {
		v.VFMADD213PS(v.float(k), x, r)
	}
	return r
}

// exp: a = n ln 2 + r with |r| <= ln 2 / 2 (two-part ln 2), e^r by a polynomial of degree 6 (coefficients of Cephes' expf), scaled by 2^n in two halves
// so that results below the normal range come out right.
func (v *vec) exp(a reg.Register) reg.Register {
	x := v.new()
	// A NaN is the right operand of both, which is what comes out.
	v.VMOVUPS(v.float(89), x)
	v.VMINPS(a, x, x)
	low := v.constant(-104.5)
	v.VMAXPS(x, low, x)
	n := v.new()
	v.VMULPS(v.float(math.Log2E), x, n)
	if v.wide {
		v.VRNDSCALEPS(Imm(0), n, n)
	} else {
		v.VROUNDPS(Imm(0), n, n)
	}
	v.VFNMADD231PS(v.float(0.693359375), n, x)
	v.VFNMADD231PS(v.float(-2.12194440e-4), n, x)
	p := v.polynomial(x, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	square := v.new()
	v.VMULPS(x, x, square)
	v.VFMADD213PS(x, square, p) // p*x^2 + x
	v.VADDPS(v.float(1), p, p)
	if v.wide {
		v.VSCALEFPS(n, p, p)
		return p
	}
	v.VCVTPS2DQ(n, n)
	half := v.new()
	v.VPSRAD(Imm(1), n, half)
	v.VPSUBD(half, n, n)
	for _, e := range []reg.Register{half, n} {
		v.VPADDD(v.word(127), e, e)
		v.VPSLLD(Imm(23), e, e)
		v.VMULPS(e, p, p)
	}
	return p
}

// log: a = 2^e m with m in [sqrt(1/2), sqrt(2)), log m by a polynomial of degree 9 in m-1 (coefficients of Cephes' logf).
func (v *vec) log(a reg.Register) reg.Register {
	// Below the normal range: times 2^23, and 23 less in the exponent.
	scaled := v.new()
	v.VMULPS(v.float(1<<23), a, scaled)
	x := v.selected(lt, a, v.float(0x1p-126), scaled, a)
	less := v.selected(lt, a, v.float(0x1p-126), v.constant(-23), v.zero())
	e, m := v.new(), v.new()
	v.VMOVUPS(v.word(0x3f3504f3), m) // sqrt(1/2)
	v.VPSUBD(m, x, e)
	v.VPSRAD(Imm(23), e, e)
	v.VPSLLD(Imm(23), e, m)
	v.VPSUBD(m, x, m)
	v.VCVTDQ2PS(e, e)
	v.VADDPS(less, e, e)
	v.VSUBPS(v.float(1), m, m)
	p := v.polynomial(m, 7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1,
		-2.4999993993e-1, 3.3333331174e-1)
	square := v.new()
	v.VMULPS(m, m, square)
	v.VMULPS(m, p, p)
	v.VMULPS(square, p, p)
	v.VFMADD231PS(v.float(-2.12194440e-4), e, p)
	v.VFNMADD231PS(v.float(0.5), square, p)
	v.VADDPS(m, p, p)
	v.VFMADD231PS(v.float(0.693359375), e, p)
	// 0 gives -Inf, what is below 0 NaN; +Inf and NaN stay.
	p = v.selected(eq, a, v.zero(), v.constant(math.Inf(-1)), p)
	p = v.selected(lt, a, v.zero(), v.constant(math.NaN()), p)
	inf := v.constant(math.Inf(1))
	p = v.selected(eq, a, inf, inf, p)
	return v.selected(ne, a, a, a, p)
}

// tanh: an odd polynomial (Cephes' tanhf) up to 0.625, beyond it 1 - 2/(e^2|a| + 1) with a's sign.
func (v *vec) tanh(a reg.Register) reg.Register {
	size, sign := v.new(), v.new()
	v.and(v.word(1<<31-1), a, size)
	v.and(v.word(1<<31), a, sign)
	double := v.new()
	v.VADDPS(size, size, double)
	e := v.exp(double)
	v.VADDPS(v.float(1), e, e)
	two := v.constant(2)
	v.VDIVPS(e, two, two)
	far := v.constant(1)
	v.VSUBPS(two, far, far)
	v.or(sign, far, far)
	z := v.new()
	v.VMULPS(a, a, z)
	near := v.polynomial(z, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	v.VMULPS(z, near, near)
	v.VFMADD213PS(a, a, near)
	return v.selected(lt, size, v.float(0.625), near, far)
}

func (v *vec) logistic(a reg.Register) reg.Register {
	minus := v.new()
	v.xor(v.word(1<<31), a, minus)
	e := v.exp(minus)
	v.VADDPS(v.float(1), e, e)
	return v.reciprocal(e)
}

// erf: up to 0.75 the first terms of its series, beyond it formula 7.1.26 of Abramowitz and Stegun, Handbook of Mathematical Functions, with a's sign. The
// series keeps the sign of zero and small values' digits.
func (v *vec) erf(a reg.Register) reg.Register {
	size, sign, square := v.new(), v.new(), v.new()
	v.and(v.word(1<<31-1), a, size)
	v.and(v.word(1<<31), a, sign)
	v.VMULPS(a, a, square)
	minus := v.new()
	v.xor(v.word(1<<31), square, minus)
	e := v.exp(minus)
	t := v.constant(1)
	v.VFMADD231PS(v.float(0.3275911), size, t)
	one := v.constant(1)
	v.VDIVPS(t, one, t)
	far := v.polynomial(t, 1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
	v.VMULPS(t, far, far)
	v.VFNMADD213PS(v.float(1), e, far)
	v.or(sign, far, far)
	near := v.polynomial(square, -1.4925651e-5, 1.2055333e-4, -8.5483270e-4, 0.0052239776, -0.026866170, 0.11283792, -0.37612638, 1.1283792)
	v.VMULPS(a, near, near)
	return v.selected(lt, size, v.float(0.75), near, far)
}
