package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// needBFloat16 skips a test where there are no products of bfloat16.
func needBFloat16(t *testing.T) {
	t.Helper()
	if err := CheckPrecision(BFloat16); err != nil {
		t.Skip(err)
	}
}

// roundedBits is x rounded to bfloat16, to nearest even, as the instructions of AVX512_BF16 do it: denormals become zeros.
func roundedBits(x float32) uint16 {
	bits := math.Float32bits(x)
	switch exponent := bits >> 23 & 0xff; {
	case exponent == 0:
		return uint16(bits>>16) & 0x8000
	case x != x:
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// rounded returns x with each value rounded to bfloat16.
func rounded(x []float32) []float32 {
	r := make([]float32, len(x))
	for i, v := range x {
		r[i] = math.Float32frombits(uint32(roundedBits(v)) << 16)
	}
	return r
}

// TestPointwiseOfBFloat16 compares 1x1 convolutions and their gradients with sums of products of rounded values.
func TestPointwiseOfBFloat16(t *testing.T) {
	needBFloat16(t)
	pool := NewPool(2)
	defer pool.Close()
	r := rand.New(rand.NewPCG(25, 6))
	for trial := range 24 {
		groups := 1 + r.IntN(4)/3
		s := ConvShape{N: 1 + r.IntN(5), H: 17 + r.IntN(9), W: 17, Cin: groups * (16 + r.IntN(60)), Cout: groups * (16 + r.IntN(110)), KH: 1, KW: 1, Groups: groups}
		checkConv(t, pool, s, ConvOptions{Precision: BFloat16}, r.IntN(2)*5, r.IntN(2)*7, uint64(trial), 2e-5)
	}
	// Few outputs and a large kernel: its gradient is shared out by its tiles.
	checkConv(t, pool, ConvShape{N: 3, H: 10, W: 10, Cin: 211, Cout: 97, KH: 1, KW: 1}, ConvOptions{Precision: BFloat16}, 3, 0, 5, 2e-5)
}

// TestFewChannelsOfBFloat16 is the same for kernels that are read row by row.
func TestFewChannelsOfBFloat16(t *testing.T) {
	needBFloat16(t)
	pool := NewPool(2)
	defer pool.Close()
	r := rand.New(rand.NewPCG(35, 6))
	for trial := range 24 {
		s := ConvShape{N: 1 + r.IntN(3), H: 16 + r.IntN(20), W: 16 + r.IntN(20), Cin: 1 + r.IntN(8), Cout: 16 + r.IntN(60), KH: 1 + r.IntN(7), KW: 3 + r.IntN(5),
			StrideH: 1 + r.IntN(2), StrideW: 1 + r.IntN(2), PadTop: r.IntN(4), PadBottom: r.IntN(4), PadLeft: r.IntN(4), PadRight: r.IntN(4), DilationH: 1 + r.IntN(2)}
		if trial%4 == 3 { // few channels of the gradient by the input
			s.Cin, s.Cout, s.StrideH, s.StrideW = s.Cout, s.Cin, 1, 1
		}
		if s.Check() != nil {
			continue
		}
		checkConv(t, pool, s, ConvOptions{Precision: BFloat16}, r.IntN(2)*5, r.IntN(2)*7, uint64(trial), 2e-5)
	}
}

// TestWinogradOfBFloat16 compares with the definition over random geometries: transformed values are what is rounded, so that errors are larger than those of
// rounded inputs, but a value out of its place would be larger still.
func TestWinogradOfBFloat16(t *testing.T) {
	needBFloat16(t)
	pool := NewPool(2)
	defer pool.Close()
	r := rand.New(rand.NewPCG(15, 6))
	for trial := range 40 {
		s := ConvShape{N: 1 + r.IntN(4), H: 1 + r.IntN(11), W: 1 + r.IntN(11), Cin: 1 + r.IntN(100), Cout: 1 + r.IntN(70), KH: 3, KW: 3,
			PadTop: r.IntN(3), PadBottom: r.IntN(3), PadLeft: r.IntN(3), PadRight: r.IntN(3)}
		if trial%3 == 0 {
			s.KH, s.KW = 5, 5
		}
		if s.Check() != nil {
			continue
		}
		c, err := NewConv(s, ConvOptions{Algorithm: WinogradF43, Precision: BFloat16})
		if err != nil {
			t.Fatal(err)
		}
		x, dy, w := random(s.N*s.H*s.W*s.Cin, 1), random(s.N*c.ho*c.wo*s.Cout, 2), random(c.weights(), 3)
		o := newConvOracle(s, x, s.Cin, dy, s.Cout, w)
		y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
		c.Forward(pool, y, 0, x, 0, w, Epilogue{})
		c.BackwardInput(pool, dx, 0, dy, 0, w, Epilogue{})
		c.BackwardKernel(pool, dw, x, 0, dy, 0, false)
		for name, e := range map[string]float64{"forward": rootMeanError(y, o.y), "by input": rootMeanError(dx, o.dx), "by kernel": rootMeanError(dw, o.dw)} {
			if !(e < .05) {
				t.Errorf("%s %+v: root mean square error %.2g of the values'", name, s, e)
			}
		}
	}
}
