package kernel

import "math"

func (op Unary) generic(dst, a []float32) {
	a = a[:len(dst)]
	f := unaryGeneric[op]
	for i, v := range a {
		dst[i] = f(v)
	}
}

var unaryGeneric = [unaryCount]func(float32) float32{
	Neg:  func(a float32) float32 { return -a },
	Abs:  func(a float32) float32 { return math.Float32frombits(math.Float32bits(a) &^ (1 << 31)) },
	Sqrt: func(a float32) float32 { return float32(math.Sqrt(float64(a))) },
	Rsqrt: func(a float32) float32 {
		return 1 / float32(math.Sqrt(float64(a)))
	},
	Sign: func(a float32) float32 {
		switch {
		case a > 0:
			return 1
		case a < 0:
			return -1
		}
		return a // zero or NaN
	},
	Exp:        func(a float32) float32 { return float32(math.Exp(float64(a))) },
	Log:        func(a float32) float32 { return float32(math.Log(float64(a))) },
	Tanh:       func(a float32) float32 { return float32(math.Tanh(float64(a))) },
	Logistic:   func(a float32) float32 { return float32(1 / (1 + math.Exp(-float64(a)))) },
	Erf:        func(a float32) float32 { return float32(math.Erf(float64(a))) },
	Square:     func(a float32) float32 { return a * a },
	Reciprocal: func(a float32) float32 { return 1 / a },
}

// one computes a single element.
func (op Binary) one(a, b float32) float32 {
	switch op {
	case Add:
		return a + b
	case Sub:
		return a - b
	case Mul:
		return a * b
	case Div:
		return a / b
	case Max:
		if b > a {
			return b
		}
		return a
	}
	if b < a {
		return b
	}
	return a
}

func (op Binary) generic(dst, a, b []float32) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch op { // the common ones as loops that the compiler keeps free of calls
	case Add:
		for i, v := range a {
			dst[i] = v + b[i]
		}
	case Mul:
		for i, v := range a {
			dst[i] = v * b[i]
		}
	default:
		for i, v := range a {
			dst[i] = op.one(v, b[i])
		}
	}
}

func (op Binary) genericScalar(dst, a []float32, s float32) {
	for i, v := range a[:len(dst)] {
		dst[i] = op.one(v, s)
	}
}

func (op Binary) genericScalarLeft(dst []float32, s float32, a []float32) {
	for i, v := range a[:len(dst)] {
		dst[i] = op.one(s, v)
	}
}

func (op Compare) genericSelect(dst, a, b, x, y []float32) {
	for i := range dst {
		if op.holds(a[i], b[i]) {
			dst[i] = x[i]
		} else {
			dst[i] = y[i]
		}
	}
}

func (op Compare) generic(dst []bool, a, b []float32) {
	for i := range dst {
		dst[i] = op.holds(a[i], b[i])
	}
}
