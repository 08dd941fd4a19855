package engine

import (
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

func TestNames(t *testing.T) {
	for _, want := range []string{"cpu", "go"} {
		if !slices.Contains(Names(), want) {
			t.Errorf("%s is not among %v", want, Names())
		}
	}
}

func TestNewTakesTheVariable(t *testing.T) {
	for variable, want := range map[string]string{"": "cpu", "go": "Go Backend", "cpu": "cpu"} {
		t.Setenv(Variable, variable)
		b, err := New("")
		if err != nil {
			t.Fatal(err)
		}
		if b.Name() != want {
			t.Errorf("%s=%q gives backend %s, want %s", Variable, variable, b.Name(), want)
		}
	}
}

func TestNewRefusesAnUnknownName(t *testing.T) {
	if _, err := New("tpu9"); err == nil || !strings.Contains(err.Error(), "cpu, go") {
		t.Errorf("%v", err)
	}
}

// convolve returns a convolution and its gradients on the named backend.
func convolve(t *testing.T, name string) [][]float32 {
	t.Helper()
	b, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	ramp := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(i%17)/17 - 0.4
		}
		return v
	}
	x, w := tensors.FromFlatDataAndDimensions(ramp(2*9*9*3), 2, 9, 9, 3), tensors.FromFlatDataAndDimensions(ramp(3*3*3*8), 3, 3, 3, 8)
	out, err := CallOnceN(b, func(x, w *Node) []*Node {
		y := MaxScalar(Convolve(x, w).PadSame().Strides(2).Done(), 0)
		pooled := MaxPool(y).Window(3).Strides(2).Done()
		return append(Gradient(ReduceAllSum(Mul(pooled, pooled)), x, w), pooled)
	}, x, w)
	if err != nil {
		t.Fatal(err)
	}
	var flat [][]float32
	for _, o := range out {
		flat = append(flat, tensors.MustCopyFlatData[float32](o))
	}
	return flat
}

// agree compares two backends' values.
func agree(t *testing.T, a, b string) {
	t.Helper()
	got, want := convolve(t, a), convolve(t, b)
	for i := range want {
		for j := range want[i] {
			if d := got[i][j] - want[i][j]; d > 1e-4 || d < -1e-4 {
				t.Fatalf("result %d, value %d: %g on %s, %g on %s", i, j, got[i][j], a, want[i][j], b)
			}
		}
	}
}

func TestCPUAgreesWithGo(t *testing.T) { agree(t, "cpu", "go") }
