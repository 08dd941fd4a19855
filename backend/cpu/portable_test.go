package cpu

import (
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestIslands runs what has no kernel here between what has: neighbours run as one computation of the portable backend.
func TestIslands(t *testing.T) {
	r := random(50)
	in := []tensor{normal(r, 30, 20), normal(r, 30, 20)}
	e := compare(t, 2e-6, in, func(f compute.Function, in []compute.Value) []compute.Value {
		x := must(f.Tanh(must(f.Add(in[0], in[1]))))
		a := must(f.Sin(x)) // an island reads x and in[0], through a reshape too
		b := must(f.Cos(must(f.Reshape(a, 20, 30))))
		c := must(f.ArgMinMax(b, 1, dtypes.Int32, false))
		d := must(f.Add(must(f.Reshape(b, 30, 20)), x)) // read here
		s := must(f.Sin(d))                             // the next one
		return []compute.Value{c, s, must(f.ReduceSum(must(f.Mul(s, d)), 0)), a}
	})
	portable := 0
	for _, s := range e.stepNames() {
		if strings.HasSuffix(s, portableMark) {
			portable++
		}
	}
	if portable != 2 {
		t.Errorf("%d steps on the portable backend, expected 2: %v", portable, e.stepNames())
	}
}

// TestOnlyPortable gives a computation without kernels to the portable backend as a whole.
func TestOnlyPortable(t *testing.T) {
	if e := compare(t, 0, []tensor{normal(random(51), 5, 4)}, func(f compute.Function, in []compute.Value) []compute.Value {
		x := must(f.Transpose(must(f.ConvertDType(in[0], dtypes.Float64)), 1, 0))
		return []compute.Value{must(f.ReduceSum(must(f.Mul(x, x)), 1))}
	}); e != nil {
		t.Errorf("a computation of float64 is planned: %v", e.stepNames())
	}
}

// TestEmptyShapes asks of tensors without elements that they give a result or an error, never a panic.
func TestEmptyShapes(t *testing.T) {
	empty, some := tensor{shapes.Make(dtypes.Float32, 0, 3), []float32{}}, normal(random(52), 2, 3)
	graphs := map[string]func(f compute.Function, x, y compute.Value) (compute.Value, error){
		"sum":     func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.ReduceSum(x, 0) },
		"maximum": func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.ReduceMax(x, 0) },
		"product": func(f compute.Function, x, _ compute.Value) (compute.Value, error) {
			return f.DotGeneral(x, []int{0}, nil, x, []int{0}, nil, compute.DotGeneralConfig{})
		},
		"square":      func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.Mul(x, x) },
		"transpose":   func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.Transpose(x, 1, 0) },
		"concatenate": func(f compute.Function, x, y compute.Value) (compute.Value, error) { return f.Concatenate(0, x, y) },
		"slice": func(f compute.Function, _, y compute.Value) (compute.Value, error) {
			return f.Slice(y, []int{1, 0}, []int{1, 3}, nil)
		},
		"pad": func(f compute.Function, x, _ compute.Value) (compute.Value, error) {
			fill, err := f.Constant([]float32{1})
			if err != nil {
				return nil, err
			}
			return f.Pad(x, fill, compute.PadAxis{Start: 2})
		},
		"softmax": func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.FusedSoftmax(x, 0) },
		"argmax": func(f compute.Function, x, _ compute.Value) (compute.Value, error) {
			return f.ArgMinMax(x, 0, dtypes.Int32, false)
		},
		"reverse": func(f compute.Function, x, _ compute.Value) (compute.Value, error) { return f.Reverse(x, 0) },
	}
	for name, g := range graphs {
		t.Run(name, func(t *testing.T) {
			e, err := build(tested(), []tensor{empty, some}, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{must(g(f, in[0], in[1]))}
			})
			if err != nil {
				t.Logf("building: %v", err)
				return
			}
			out, err := execute(tested(), e, []tensor{empty, some}, nil)
			if err != nil {
				t.Logf("running: %v", err)
				return
			}
			t.Logf("gives %v", out[0].flat)
		})
	}
}
