package kernel

import "unsafe"

// pick holds the two forms of a kernel.
type pick[F any] struct{ avx2, avx512 F }

func (p *pick[F]) get() F {
	if active == AVX512 {
		return p.avx512
	}
	return p.avx2
}

// data is where a slice's elements lie; the assembly is never called with none.
func data[T any](s []T) *T { return unsafe.SliceData(s) }

var unaryFast = [unaryCount]pick[func(dst, a *float32, n int)]{
	Neg: {negAVX2, negAVX512}, Abs: {absAVX2, absAVX512}, Sqrt: {sqrtAVX2, sqrtAVX512}, Rsqrt: {rsqrtAVX2, rsqrtAVX512}, Sign: {signAVX2, signAVX512},
	Exp: {expAVX2, expAVX512}, Log: {logAVX2, logAVX512}, Tanh: {tanhAVX2, tanhAVX512}, Logistic: {logisticAVX2, logisticAVX512},
	Erf: {erfAVX2, erfAVX512}, Square: {squareAVX2, squareAVX512}, Reciprocal: {reciprocalAVX2, reciprocalAVX512},
}

func (op Unary) fast(dst, a []float32) { unaryFast[op].get()(data(dst), data(a), len(dst)) }

// binaryForms are the kernels of one operation: two vectors, a scalar on the right, a scalar on the left.
type binaryForms struct {
	vectors     pick[func(dst, a, b *float32, n int)]
	right, left pick[func(dst, a *float32, s float32, n int)]
}

type scalarPick = pick[func(dst, a *float32, s float32, n int)]

var binaryFast = [binaryCount]binaryForms{
	Add: {pick[func(dst, a, b *float32, n int)]{addAVX2, addAVX512}, scalarPick{addScalarAVX2, addScalarAVX512}, scalarPick{addScalarLeftAVX2, addScalarLeftAVX512}},
	Sub: {pick[func(dst, a, b *float32, n int)]{subAVX2, subAVX512}, scalarPick{subScalarAVX2, subScalarAVX512}, scalarPick{subScalarLeftAVX2, subScalarLeftAVX512}},
	Mul: {pick[func(dst, a, b *float32, n int)]{mulAVX2, mulAVX512}, scalarPick{mulScalarAVX2, mulScalarAVX512}, scalarPick{mulScalarLeftAVX2, mulScalarLeftAVX512}},
	Div: {pick[func(dst, a, b *float32, n int)]{divAVX2, divAVX512}, scalarPick{divScalarAVX2, divScalarAVX512}, scalarPick{divScalarLeftAVX2, divScalarLeftAVX512}},
	Max: {pick[func(dst, a, b *float32, n int)]{maxAVX2, maxAVX512}, scalarPick{maxScalarAVX2, maxScalarAVX512}, scalarPick{maxScalarLeftAVX2, maxScalarLeftAVX512}},
	Min: {pick[func(dst, a, b *float32, n int)]{minAVX2, minAVX512}, scalarPick{minScalarAVX2, minScalarAVX512}, scalarPick{minScalarLeftAVX2, minScalarLeftAVX512}},
}

func (op Binary) fast(dst, a, b []float32) {
	binaryFast[op].vectors.get()(data(dst), data(a), data(b), len(dst))
}

func (op Binary) fastScalar(dst, a []float32, s float32) {
	binaryFast[op].right.get()(data(dst), data(a), s, len(dst))
}

func (op Binary) fastScalarLeft(dst []float32, s float32, a []float32) {
	binaryFast[op].left.get()(data(dst), data(a), s, len(dst))
}

func addScaledFast(y, x []float32, s float32) {
	if active == AVX512 {
		addScaledAVX512(data(y), data(x), s, len(y))
	} else {
		addScaledAVX2(data(y), data(x), s, len(y))
	}
}

var selectFast = [compareCount]pick[func(dst, a, b, x, y *float32, n int)]{
	Equal: {selectEqualAVX2, selectEqualAVX512}, NotEqual: {selectNotEqualAVX2, selectNotEqualAVX512}, Less: {selectLessAVX2, selectLessAVX512},
	LessEqual: {selectLessEqualAVX2, selectLessEqualAVX512}, Greater: {selectGreaterAVX2, selectGreaterAVX512},
	GreaterEqual: {selectGreaterEqualAVX2, selectGreaterEqualAVX512},
}

func (op Compare) fastSelect(dst, a, b, x, y []float32) {
	selectFast[op].get()(data(dst), data(a), data(b), data(x), data(y), len(dst))
}

var compareFast = [compareCount]pick[func(dst *bool, a, b *float32, n int)]{
	Equal: {compareEqualAVX2, compareEqualAVX512}, NotEqual: {compareNotEqualAVX2, compareNotEqualAVX512}, Less: {compareLessAVX2, compareLessAVX512},
	LessEqual: {compareLessEqualAVX2, compareLessEqualAVX512}, Greater: {compareGreaterAVX2, compareGreaterAVX512},
	GreaterEqual: {compareGreaterEqualAVX2, compareGreaterEqualAVX512},
}

// wholeVectors is the part of n that kernels without a last, cut vector do; plain Go does the rest.
func wholeVectors(n int) int {
	if active == AVX512 {
		return n &^ 15
	}
	return n &^ 7
}

func (op Compare) fast(dst []bool, a, b []float32) {
	n := wholeVectors(len(dst))
	compareFast[op].get()(data(dst), data(a), data(b), n)
	op.generic(dst[n:], a[n:], b[n:])
}
