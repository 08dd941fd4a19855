package cpu

import (
	"fmt"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// columnSumOf is the sum over all axes but the last, as a row that broadcasts.
func columnSumOf(f compute.Function, x compute.Value) compute.Value {
	dims := must(f.Shape(x)).Dimensions
	last := len(dims) - 1
	row := make([]int, last+1)
	for i := range row {
		row[i] = 1
	}
	row[last] = dims[last]
	return must(f.Reshape(must(f.ReduceSum(x, axesFrom(0, last)...)), row...))
}

// rowSumOf is the sum over the last axis, as a column that broadcasts; spread, it is broadcast.
func rowSumOf(f compute.Function, x compute.Value, spread bool) compute.Value {
	s := must(f.Shape(x))
	last := s.Rank() - 1
	sum := must(f.ReduceSum(x, last))
	if spread {
		return must(f.BroadcastInDim(sum, s, axesFrom(0, last)))
	}
	dims := slices.Clone(s.Dimensions)
	dims[last] = 1
	return must(f.Reshape(sum, dims...))
}

// TestSumsInGroups has sums of what groups compute: batch norm's, and near misses. The number of groups says what was joined.
func TestSumsInGroups(t *testing.T) {
	r := random(61)
	dims := []int{3, 9, 11, 24}
	in := []tensor{normal(r, dims...), normal(r, dims...), normal(r, dims...), normal(r, 1, 1, 1, 24)}
	for name, c := range map[string]struct {
		steps []string
		make  graphOf
	}{
		"variance": {[]string{"group of 3"}, func(f compute.Function, in []compute.Value) []compute.Value {
			d := must(f.Sub(in[0], in[3]))
			return []compute.Value{columnSumOf(f, must(f.Mul(d, d)))}
		}},
		"a value and its sum": {[]string{"group of 2"}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			return []compute.Value{x, columnSumOf(f, x)}
		}},
		"gradients": {[]string{"group of 7", "group of 4"}, func(f compute.Function, in []compute.Value) []compute.Value {
			d := must(f.Sub(in[0], in[3]))
			g := must(f.Abs(in[1]))
			w := must(f.Mul(g, in[3]))
			along := columnSumOf(f, must(f.Mul(w, d)))
			return []compute.Value{columnSumOf(f, g), must(f.Sub(must(f.Sub(w, columnSumOf(f, w))), must(f.Mul(d, along))))}
		}},
		"a sum that a member needs": {[]string{"group of 2", "group of 2"}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			return []compute.Value{columnSumOf(f, must(f.Mul(x, columnSumOf(f, x))))}
		}},
		"sums of two widths": {nil, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			return []compute.Value{columnSumOf(f, x), must(f.ReduceSum(x, 0)), must(f.ReduceSum(x, 0, 1))}
		}},
		"all and along the last": {nil, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			return []compute.Value{must(f.ReduceSum(x)), must(f.ReduceSum(x, 3)), must(f.ReduceSum(x, 1, 2))}
		}},
		"of a broadcast": {nil, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.BroadcastInDim(in[3], shapes.Make(dtypes.Float32, dims...), axesFrom(0, 4)))
			return []compute.Value{columnSumOf(f, x), must(f.Add(x, in[0]))}
		}},
		"of a product that waits for another": {nil, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Exp(in[0]))
			late := must(f.ReduceMax(must(f.Neg(x)), 0, 1, 2))
			return []compute.Value{columnSumOf(f, must(f.Mul(x, must(f.Reshape(late, 1, 1, 1, 24))))), columnSumOf(f, must(f.Mul(x, in[2])))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			compare(t, 1e-3, in, c.make, true, true, true, true)
			e := compare(t, 1e-3, in, c.make)
			native(t, e)
			var groups []string
			for _, s := range e.stepNames() {
				if s != "copy" {
					groups = append(groups, s)
				}
			}
			if c.steps != nil && !slices.Equal(groups, c.steps) {
				t.Errorf("the steps are %q, not %q", groups, c.steps)
			}
		})
	}
}

// TestSumsOfConvolutions has sums of a convolution's last pass, which stays one.
func TestSumsOfConvolutions(t *testing.T) {
	g := geometry{layout: forwardLayout, batch: 2, in: 5, out: 9, size: [2]int{6, 7}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{1, 1}, {1, 1}}}
	a, xd, wd := g.axes()
	r := random(62)
	in := []tensor{normal(r, xd...), normal(r, wd...), normal(r, 1, 1, 1, 9)}
	native(t, compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
		y := must(f.Add(must(f.ConvGeneral(in[0], in[1], a, nil, g.pads, nil, nil, 1, 1)), in[2]))
		return []compute.Value{columnSumOf(f, y), columnSumOf(f, must(f.Mul(y, y)))}
	}), "convolution, bias")
}

// TestRandomSums compares random computations of element-wise operations and sums, whose rows come back into later operations.
func TestRandomSums(t *testing.T) {
	for seed := range 60 {
		r := random(uint64(700 + seed))
		dims := []int{1 + r.IntN(4), 1 + r.IntN(30), 1 + r.IntN(70)}
		in := []tensor{normal(r, dims...), normal(r, dims...), normal(r, 1, 1, dims[2]), normal(r, dims...)}
		scale := float32(1) / float32(dims[0]*dims[1])
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			compare(t, 1e-3, in, func(f compute.Function, in []compute.Value) []compute.Value {
				r := random(uint64(seed))
				values := slices.Clone(in)
				var out []compute.Value
				for range 14 {
					x, y := values[r.IntN(len(values))], values[r.IntN(len(values))]
					switch r.IntN(8) {
					case 6, 7:
						x = must(f.Mul(rowSumOf(f, must(f.Mul(x, y)), r.IntN(2) == 0), must(f.Constant([]float32{1 / float32(dims[2])}))))
					case 0:
						x = must(f.Sub(x, y))
					case 1:
						x = must(f.Tanh(must(f.Mul(x, y))))
					case 2:
						x = must(f.Tanh(must(f.Add(x, y))))
					case 3:
						x = must(f.Where(must(f.LessOrEqual(x, must(f.Constant([]float32{0})))), must(f.Constant([]float32{0})), x))
					default:
						x = must(f.Mul(columnSumOf(f, must(f.Mul(x, y))), must(f.Constant([]float32{scale}))))
					}
					values = append(values, x)
					if r.IntN(4) == 0 {
						out = append(out, x)
					}
				}
				return append(out, values[len(values)-1], values[len(values)-2])
			})
		})
	}
}
