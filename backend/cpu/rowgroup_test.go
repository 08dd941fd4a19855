package cpu

import (
	"testing"

	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/core/graph"
)

// TestSumsOfRows has sums of rows that come back to what they sum: each is one group, and near misses agree.
func TestSumsOfRows(t *testing.T) {
	r := random(71)
	constant := func(f compute.Function, v float32) compute.Value { return must(f.Constant([]float32{v})) }
	for name, c := range map[string]struct {
		steps int // without copies
		dims  []int
		make  graphOf
	}{
		"centred": {1, []int{3, 7, 40}, func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{must(f.Sub(in[0], must(f.Mul(rowSumOf(f, in[0], false), constant(f, 1.0/40)))))}
		}},
		"softmax's gradient": {1, []int{5, 50}, func(f compute.Function, in []compute.Value) []compute.Value {
			y, dy := in[0], in[1]
			return []compute.Value{must(f.Mul(y, must(f.Sub(dy, rowSumOf(f, must(f.Mul(y, dy)), true)))))}
		}},
		"layer norm": {1, []int{4, 6, 24}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Add(in[0], in[1]))
			d := must(f.Sub(x, must(f.Mul(rowSumOf(f, x, false), constant(f, 1.0/24)))))
			v := must(f.Add(must(f.Mul(rowSumOf(f, must(f.Mul(d, d)), false), constant(f, 1.0/24))), constant(f, 1e-5)))
			inverse := must(f.Rsqrt(v))
			y := must(f.Add(must(f.Mul(must(f.Mul(d, inverse)), in[2])), in[2]))
			return []compute.Value{x, inverse, y}
		}},
		"rows and columns": {1, []int{9, 33}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			y := must(f.Div(x, rowSumOf(f, x, false)))
			return []compute.Value{y, columnSumOf(f, x), columnSumOf(f, must(f.Mul(x, in[1])))}
		}},
		"a square, whose columns are as many as its rows": {0, []int{24, 24}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Tanh(in[0]))
			rows, columns := must(f.ReduceSum(x, 1)), must(f.ReduceSum(x, 0))
			s := must(f.Shape(x))
			return []compute.Value{must(f.Mul(x, must(f.BroadcastInDim(rows, s, []int{1})))), must(f.Mul(x, must(f.BroadcastInDim(columns, s, []int{0})))),
				must(f.Add(rows, columns))}
		}},
		"maxima and choices per row": {0, []int{6, 30}, func(f compute.Function, in []compute.Value) []compute.Value {
			s := rowSumOf(f, in[0], false)
			positive := must(f.GreaterThan(s, constant(f, 0)))
			chosen := must(f.Where(positive, must(f.Max(s, must(f.Neg(rowSumOf(f, in[1], false))))), must(f.Mul(s, s))))
			return []compute.Value{must(f.Max(in[0], chosen)), must(f.Sub(chosen, in[1])), must(f.Div(in[1], s)), chosen}
		}},
		"scale and offset under other shapes": {1, []int{4, 6, 24}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Tanh(in[0]))
			y := must(f.Mul(x, rowSumOf(f, x, false)))
			shaped := must(f.Reshape(must(f.Reshape(in[2], 24, 1, 1)), 1, 1, 24))
			return []compute.Value{must(f.Add(y, shaped))}
		}},
		"rows too long": {0, []int{3, 1500}, func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{must(f.Sub(in[0], rowSumOf(f, in[0], false)))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			last := c.dims[len(c.dims)-1]
			row := make([]int, len(c.dims))
			for i := range row {
				row[i] = 1
			}
			row[len(row)-1] = last
			in := []tensor{normal(r, c.dims...), normal(r, c.dims...), normal(r, row...)}
			compare(t, 1e-4, in, c.make, true, true, true)
			e := compare(t, 1e-4, in, c.make)
			native(t, e)
			n := 0
			for _, s := range e.stepNames() {
				if s != "copy" {
					n++
				}
			}
			if c.steps > 0 && n != c.steps {
				t.Errorf("the steps are %q", e.stepNames())
			}
		})
	}
}

// TestLayerNormInTwoPasses trains a layer norm between products: its forward is one group, and so is its gradient, with those of scale and offset.
func TestLayerNormInTwoPasses(t *testing.T) {
	r := random(72)
	in := []tensor{normal(r, 3, 10, 16), normal(r, 16, 24), normal(r, 1, 1, 24), normal(r, 1, 1, 24), normal(r, 24, 8)}
	plan := agreeWithReference(t, "layer norm", 1e-4, func(in []*ml.Node) []*ml.Node {
		x := ml.Einsum("ijk,kl->ijl", in[0], in[1])
		mean := ml.StopGradient(ml.ReduceAndKeep(x, ml.ReduceMean, -1))
		d := ml.Sub(x, mean)
		inverse := ml.StopGradient(ml.Reciprocal(ml.Sqrt(ml.AddScalar(ml.ReduceAndKeep(ml.Mul(d, d), ml.ReduceMean, -1), 1e-5))))
		var y *ml.Node
		through := ml.IdentityWithCustomGradient(x, func(_, w *ml.Node) *ml.Node {
			along := ml.ReduceAndKeep(ml.Mul(w, y), ml.ReduceMean, -1)
			return ml.Sub(ml.Sub(w, ml.ReduceAndKeep(w, ml.ReduceMean, -1)), ml.Mul(y, along))
		})
		y = ml.Mul(ml.Sub(through, mean), inverse)
		z := ml.Einsum("ijk,kl->ijl", ml.Add(ml.Mul(y, in[2]), in[3]), in[4])
		return append(ml.Gradient(ml.ReduceAllSum(ml.Mul(z, z)), in...), z)
	}, in)
	native(t, plan)
	groups := 0
	for _, s := range plan.steps {
		if s.program != nil {
			groups++
		}
	}
	if groups > 4 { // the norm, the square of z, the gradients of scale and of what is normalised
		t.Errorf("%d groups among the steps %q", groups, plan.stepNames())
	}
}
