package cpu

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/kernel"
)

// TestPrecision holds products of bfloat16 to where there are instructions for them, and their results near those of float32.
func TestPrecision(t *testing.T) {
	half, err := New("bfloat16")
	if missing := kernel.CheckPrecision(kernel.BFloat16); missing != nil {
		if err == nil || !strings.Contains(err.Error(), missing.Error()) {
			t.Errorf("option bfloat16: %v, want %v", err, missing)
		}
		t.Skip(missing)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer half.Finalize()
	if d := half.Description(); !strings.Contains(d, "products of bfloat16") {
		t.Errorf("description %q does not name the precision", d)
	}
	got, want := convolved(t, half), convolved(t, newTest(t))
	for i := range want {
		var errors, values float64
		for j, w := range want[i] {
			errors += math.Pow(float64(got[i][j]-w), 2)
			values += math.Pow(float64(w), 2)
		}
		if e := math.Sqrt(errors / values); e == 0 || e > .03 {
			t.Errorf("result %d: an error of %.3g, want some below .03", i, e)
		}
	}
}

// TestPrecisionBelowItsLevel is refused with the reason.
func TestPrecisionBelowItsLevel(t *testing.T) {
	defer kernel.SetActive(kernel.SetActive(kernel.Generic))
	if _, err := New("bfloat16"); err == nil {
		t.Error("option bfloat16 is taken where kernels are plain Go")
	}
}

func TestUnknownOption(t *testing.T) {
	if _, err := New("float16"); err == nil || !strings.Contains(err.Error(), "bfloat16") {
		t.Errorf("option float16: %v", err)
	}
}

// convolved returns a 1x1 and a 3x3 convolution's result with its gradients.
func convolved(t *testing.T, b compute.Backend) [][]float32 {
	t.Helper()
	x, w1, w3 := wave(2, 20, 20, 24), wave(1, 1, 24, 32), wave(3, 3, 32, 20)
	out, err := CallOnceN(b, func(x, w1, w3 *Node) []*Node {
		y := Convolve(Convolve(x, w1).PadSame().Done(), w3).PadSame().Done()
		return append(Gradient(ReduceAllSum(Mul(y, y)), x, w1, w3), y)
	}, x, w1, w3)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, o := range out {
		flat = append(flat, tensors.MustCopyFlatData[float32](o))
	}
	return flat
}

// wave is a tensor of values without a pattern of its own.
func wave(dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.Sin(float64(i * i % 7919)))
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}
