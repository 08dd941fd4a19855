package kernel

import (
	"math"
	"testing"
)

// TestWinogradError measures each algorithm's error against float64, over the results' root mean square, on a layer with the sums of GoogLeNet's
// (28x28, 96 channels in; 5x5: 32), inputs and gradients normal, weights of standard deviation 1/sqrt(taps*Cin).
func TestWinogradError(t *testing.T) {
	t.Run("1x1", func(t *testing.T) {
		testWinogradError(t, 1, 96, []errorBound{{"direct", Direct, Float32, 2e-5}, {"direct, bfloat16", Direct, BFloat16, .03}})
	})
	t.Run("3x3", func(t *testing.T) {
		testWinogradError(t, 3, 96, []errorBound{{"direct", Direct, Float32, 2e-5}, {"F(2x2,3x3)", WinogradF23, Float32, 2e-5}, {"F(4x4,3x3)", WinogradF43, Float32, 4e-5},
			{"F(4x4,3x3), bfloat16", WinogradF43, BFloat16, .2}})
	})
	t.Run("5x5", func(t *testing.T) {
		testWinogradError(t, 5, 32, []errorBound{{"direct", Direct, Float32, 2e-5}, {"F(2x2,5x5)", WinogradF43, Float32, 4e-5},
			{"F(2x2,5x5), bfloat16", WinogradF43, BFloat16, .2}})
	})
}

// errorBound is the largest error that an algorithm may have.
type errorBound struct {
	name    string
	a       Algorithm
	p       Precision
	largest float64
}

func testWinogradError(t *testing.T, side, cin int, bounds []errorBound) {
	s := ConvShape{N: 1, H: 28, W: 28, Cin: cin, Cout: 16, KH: side, KW: side, PadTop: side / 2, PadBottom: side / 2, PadLeft: side / 2, PadRight: side / 2}
	taps := side * side
	x, dy, w := random(s.N*s.H*s.W*s.Cin, 1), random(s.N*s.H*s.W*s.Cout, 2), random(taps*s.Cin*s.Cout, 3)
	Mul.Scalar(w, w, float32(1/math.Sqrt(float64(taps*s.Cin))))
	o := newConvOracle(s, x, s.Cin, dy, s.Cout, w)
	levels(t, func(t *testing.T) {
		for _, a := range bounds {
			if CheckPrecision(a.p) != nil {
				continue
			}
			c, err := NewConv(s, ConvOptions{Algorithm: a.a, Precision: a.p})
			if err != nil {
				t.Fatal(err)
			}
			y, dx, dw := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w))
			c.Forward(Default(), y, 0, x, 0, w, Epilogue{})
			c.BackwardInput(Default(), dx, 0, dy, 0, w, Epilogue{})
			c.BackwardKernel(Default(), dw, x, 0, dy, 0, false)
			for _, r := range []struct {
				name string
				got  []float32
				want []float64
			}{{"forward", y, o.y}, {"by input", dx, o.dx}, {"by kernel", dw, o.dw}} {
				worst, mean := distance(r.got, r.want), rootMeanError(r.got, r.want)
				t.Logf("%-20s %-9s root mean square %.2g, largest %.2g", a.name, r.name, mean, worst)
				if !(worst <= a.largest) {
					t.Errorf("%s %s: largest error %.2g, want at most %.2g", a.name, r.name, worst, a.largest)
				}
			}
		}
	})
}

// rootMeanError is the root mean square of the errors over that of want.
func rootMeanError(got []float32, want []float64) float64 {
	var e, w float64
	for i, v := range want {
		d := float64(got[i]) - v
		e += d * d
		w += v * v
	}
	return math.Sqrt(e / w)
}
