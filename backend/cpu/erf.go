package cpu

import "github.com/dvml/dvml/kernel"

// erf adds the code of dst = erf(x): below 0.75 the first terms of x's series, above formula 7.1.26 of Abramowitz and Stegun, Handbook of Mathematical
// Functions. Both are within 3e-7 of the value; the series keeps the sign of zero and small values' digits.
func (b *programBuilder) erf(dst, x int) {
	series := []float32{1.1283792, -0.37612638, 0.11283792, -0.026866170, 0.0052239776, -8.5483270e-4, 1.2055333e-4, -1.4925651e-5}
	formula := []float32{0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429}
	emit := func(i instruction) int { b.p.code = append(b.p.code, i); return i.dst }
	scalar := func(op kernel.Binary, dst, a int, v float32) int {
		return emit(instruction{code: opBinaryScalar, binary: op, dst: dst, a: a, b: b.constant(v).scalar})
	}
	pair := func(op kernel.Binary, dst, a, c int) int {
		return emit(instruction{code: opBinary, binary: op, dst: dst, a: a, b: c})
	}
	unary := func(op kernel.Unary, dst, a int) int {
		return emit(instruction{code: opUnary, unary: op, dst: dst, a: a})
	}
	horner := func(dst, at int, c []float32) { // at * (c0 + at (c1 + ...)), without the first factor
		last := len(c) - 1
		scalar(kernel.Mul, dst, at, c[last])
		for i := last - 1; i >= 0; i-- {
			scalar(kernel.Add, dst, dst, c[i])
			if i > 0 {
				pair(kernel.Mul, dst, dst, at)
			}
		}
	}
	size, square, small, large, t := b.register(true), b.register(true), b.register(true), b.register(true), b.register(true)
	unary(kernel.Abs, size, x)
	pair(kernel.Mul, square, x, x)
	horner(small, square, series)
	pair(kernel.Mul, small, small, x)
	scalar(kernel.Mul, t, size, 0.3275911)
	scalar(kernel.Add, t, t, 1)
	emit(instruction{code: opScalarBinary, binary: kernel.Div, dst: t, a: b.constant(1).scalar, b: t})
	horner(large, t, formula)
	pair(kernel.Mul, large, large, t)
	scalar(kernel.Mul, square, square, -1)
	pair(kernel.Mul, large, large, unary(kernel.Exp, square, square))
	emit(instruction{code: opScalarBinary, binary: kernel.Sub, dst: large, a: b.constant(1).scalar, b: large})
	pair(kernel.Mul, large, large, unary(kernel.Sign, t, x))
	emit(instruction{code: opSelect, compare: kernel.Less, dst: dst, a: size, b: b.inRegister(b.constant(0.75)), x: small, y: large})
}
