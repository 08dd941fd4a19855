package kernel

import "fmt"

// Unary is an operation on one vector.
type Unary uint8

const (
	Neg        Unary = iota
	Abs              // |a|
	Sqrt             // correctly rounded
	Rsqrt            // 1/sqrt(a), two roundings
	Sign             // -1, 0 or 1; NaN stays
	Exp              // within 2 ulp; +Inf above 88.73, 0 below -103.97
	Log              // within 2 ulp; NaN below 0, -Inf at 0
	Tanh             // within 4 ulp
	Logistic         // 1/(1+exp(-a)), within 4 ulp; below -87, where results leave the normal range, perhaps 0
	Erf              // within 5 ulp
	Square           // a*a
	Reciprocal       // 1/a
	unaryCount
)

// Binary is an operation on two vectors.
type Binary uint8

const (
	Add Binary = iota
	Sub
	Mul
	Div
	Max // b if b > a, else a: a NaN in a stays, one in b is passed over
	Min // b if b < a, else a
	binaryCount
)

// Compare is a relation of two vectors. Relations with NaN are false, NotEqual is true.
type Compare uint8

const (
	Equal Compare = iota
	NotEqual
	Less
	LessEqual
	Greater
	GreaterEqual
	compareCount
)

// same panics unless all lengths equal the first.
func same(n int, others ...int) {
	for _, m := range others {
		if m < n {
			panic(fmt.Sprintf("kernel: vectors of %d and %d", n, m))
		}
	}
}

// Apply writes op(a) to dst; both have dst's length and may be the same slice.
func (op Unary) Apply(dst, a []float32) {
	same(len(dst), len(a))
	if active == Generic || len(dst) == 0 {
		op.generic(dst, a)
		return
	}
	op.fast(dst, a)
}

// Apply writes a op b to dst, elementwise; dst may be a or b.
func (op Binary) Apply(dst, a, b []float32) {
	same(len(dst), len(a), len(b))
	if active == Generic || len(dst) == 0 {
		op.generic(dst, a, b)
		return
	}
	op.fast(dst, a, b)
}

// Scalar writes a op s to dst.
func (op Binary) Scalar(dst, a []float32, s float32) {
	same(len(dst), len(a))
	if active == Generic || len(dst) == 0 {
		op.genericScalar(dst, a, s)
		return
	}
	op.fastScalar(dst, a, s)
}

// ScalarLeft writes s op a to dst.
func (op Binary) ScalarLeft(dst []float32, s float32, a []float32) {
	same(len(dst), len(a))
	if active == Generic || len(dst) == 0 {
		op.genericScalarLeft(dst, s, a)
		return
	}
	op.fastScalarLeft(dst, s, a)
}

// AddScaled adds s*x to y.
func AddScaled(y, x []float32, s float32) {
	same(len(y), len(x))
	if active == Generic || len(y) == 0 {
		axpyGeneric(y, x, s)
		return
	}
	addScaledFast(y, x, s)
}

// Fill sets every element to v.
func Fill(dst []float32, v float32) {
	n := min(len(dst), 32)
	for i := range dst[:n] {
		dst[i] = v
	}
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}

// Apply writes whether a op b to dst.
func (op Compare) Apply(dst []bool, a, b []float32) {
	same(len(dst), len(a), len(b))
	if active == Generic || len(dst) == 0 {
		op.generic(dst, a, b)
		return
	}
	op.fast(dst, a, b)
}

// Scalar writes whether a op s to dst.
func (op Compare) Scalar(dst []bool, a []float32, s float32) {
	same(len(dst), len(a))
	var right [256]float32
	Fill(right[:min(len(dst), len(right))], s)
	for len(dst) > 0 {
		n := min(len(dst), len(right))
		op.Apply(dst[:n], a, right[:n])
		dst, a = dst[n:], a[n:]
	}
}

func (op Compare) holds(a, b float32) bool {
	switch op {
	case Equal:
		return a == b
	case NotEqual:
		return a != b
	case Less:
		return a < b
	case LessEqual:
		return a <= b
	case Greater:
		return a > b
	}
	return a >= b
}

// Select writes x where a op b, else y, without a mask in memory.
func (op Compare) Select(dst, a, b, x, y []float32) {
	same(len(dst), len(a), len(b), len(x), len(y))
	if active == Generic || len(dst) == 0 {
		op.genericSelect(dst, a, b, x, y)
		return
	}
	op.fastSelect(dst, a, b, x, y)
}
