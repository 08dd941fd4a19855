package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

// levels runs f at every level that this processor has.
func levels(t *testing.T, f func(t *testing.T)) {
	for l := Generic; l <= Features(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			defer SetActive(SetActive(l))
			f(t)
		})
	}
}

// random returns n normal numbers that depend on seed alone.
func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// distance returns the largest difference over the root mean square of want.
func distance(got []float32, want []float64) float64 {
	var worst, square float64
	for i, w := range want {
		d := math.Abs(float64(got[i]) - w)
		if !(d <= worst) { // NaN counts
			worst = d
		}
		square += w * w
	}
	if worst == 0 {
		return 0
	}
	return worst / math.Sqrt(square/float64(len(want))+1e-30)
}

// close fails the test if got differs from want by more than tolerance, relative to want's root mean square.
func closeTo(t *testing.T, what string, got []float32, want []float64, tolerance float64) {
	t.Helper()
	if d := distance(got, want); !(d <= tolerance) {
		t.Errorf("%s: largest error %.3g of the values' root mean square, want at most %.3g", what, d, tolerance)
	}
}

func widen(a []float32) []float64 {
	w := make([]float64, len(a))
	for i, v := range a {
		w[i] = float64(v)
	}
	return w
}

// productOracle computes the product in float64 over the slice c's present content.
func productOracle(g Product, c, a, b []float32, e Epilogue) []float64 {
	g = g.normal()
	out := widen(c)
	for n := range g.Batch {
		for i := range g.M {
			for j := range g.N {
				var sum float64
				for k := range g.K {
					ia, ib := i*g.LdA+k, k*g.LdB+j
					if g.TransA {
						ia = k*g.LdA + i
					}
					if g.TransB {
						ib = j*g.LdB + k
					}
					sum += float64(a[n*g.StrideA+ia]) * float64(b[n*g.StrideB+ib])
				}
				at := n*g.StrideC + i*g.LdC + j
				out[at] = finishOracle(out[at], sum, j, e)
			}
		}
	}
	return out
}

func finishOracle(before, sum float64, column int, e Epilogue) float64 {
	if e.Accumulate {
		sum += before
	}
	if e.Scale != nil {
		sum *= float64(e.Scale[column])
	}
	if e.Bias != nil {
		sum += float64(e.Bias[column])
	}
	if e.ReLU {
		sum = max(sum, 0)
	}
	if e.Limit > 0 {
		sum = min(sum, float64(e.Limit))
	}
	return sum
}

// convOracle holds the three results of a convolution in float64, each over a tensor's present content.
type convOracle struct{ y, dx, dw []float64 }

// newConvOracle follows the definition in ConvShape, term by term. dy is also where y's shape comes from.
func newConvOracle(s ConvShape, x []float32, ldx int, dy []float32, ldy int, w []float32) convOracle {
	s = s.Normal()
	ho, wo := s.Output()
	o := convOracle{make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))}
	cin, cout := s.Cin/s.Groups, s.Cout/s.Groups
	for n := range s.N {
		for oh := range ho {
			for ow := range wo {
				for kh := range s.KH {
					for kw := range s.KW {
						ih, iw := oh*s.StrideH-s.PadTop+kh*s.DilationH, ow*s.StrideW-s.PadLeft+kw*s.DilationW
						if ih < 0 || iw < 0 || ih%s.InputDilationH != 0 || iw%s.InputDilationW != 0 {
							continue
						}
						ih, iw = ih/s.InputDilationH, iw/s.InputDilationW
						if ih >= s.H || iw >= s.W {
							continue
						}
						for co := range s.Cout {
							iy := ((n*ho+oh)*wo+ow)*ldy + co
							for ci := range cin {
								ix := ((n*s.H+ih)*s.W+iw)*ldx + co/cout*cin + ci
								iw := ((kh*s.KW+kw)*cin+ci)*s.Cout + co
								o.y[iy] += float64(w[iw]) * float64(x[ix])
								o.dx[ix] += float64(w[iw]) * float64(dy[iy])
								o.dw[iw] += float64(x[ix]) * float64(dy[iy])
							}
						}
					}
				}
			}
		}
	}
	return o
}
