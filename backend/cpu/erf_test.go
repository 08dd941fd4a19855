package cpu

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
)

// TestErf compares with the standard library's: 3e-7 of the value where it is large, 2e-6 of it where it is small.
func TestErf(t *testing.T) {
	var x []float32
	for v := -6.0; v <= 6; v += 1.0 / 256 {
		x = append(x, float32(v))
	}
	x = append(x, 1e-30, -1e-8, 1e-3, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()))
	in := []tensor{floats(x, len(x))}
	e := must(build(tested(), in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) { return f.Erf(in[0]) })))
	native(t, e.(*executable))
	for i, got := range must(execute(tested(), e, in, nil))[0].flat.([]float32) {
		want := math.Erf(float64(x[i]))
		if math.IsNaN(want) != math.IsNaN(float64(got)) || math.Abs(float64(got)-want) > min(3e-7, 2e-6*math.Abs(want)) || want == 0 && math.Signbit(want) != math.Signbit(float64(got)) {
			t.Errorf("erf(%g) = %g, expected %g", x[i], got, want)
		}
	}
}
