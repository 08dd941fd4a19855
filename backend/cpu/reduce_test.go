package cpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// TestReductions takes every subset of the axes.
func TestReductions(t *testing.T) {
	r := random(11)
	for _, dims := range [][]int{{}, {1}, {9}, {40000}, {3, 4}, {300, 200}, {1, 7, 1}, {3, 5, 7}, {2, 3, 4, 5}, {2, 1, 3, 1, 5}, {2, 3, 2, 3, 2}} {
		for set := range 1 << len(dims) {
			var axes []int
			for a := range dims {
				if set>>a&1 == 1 {
					axes = append(axes, len(dims)-1-a) // not in their order
				}
			}
			for _, name := range []string{"ReduceSum", "ReduceMax", "ReduceMin", "ReduceProduct"} {
				t.Run(fmt.Sprintf("%s %v %v", name, dims, axes), func(t *testing.T) {
					x := normal(r, dims...)
					tolerance := 0.0
					if name == "ReduceSum" {
						tolerance = 1e-5 * math.Sqrt(float64(1+x.shape.Size()))
					}
					if name == "ReduceProduct" {
						tolerance = 1e-5
					}
					compare(t, tolerance, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
						return []compute.Value{reduceBy(f, name, in[0], axes), must(f.Neg(reduceBy(f, name, must(f.Neg(in[0])), axes)))}
					})
				})
			}
		}
	}
}

func reduceBy(f compute.Function, name string, x compute.Value, axes []int) compute.Value {
	switch name {
	case "ReduceSum":
		return must(f.ReduceSum(x, axes...))
	case "ReduceMax":
		return must(f.ReduceMax(x, axes...))
	case "ReduceMin":
		return must(f.ReduceMin(x, axes...))
	}
	return must(f.ReduceProduct(x, axes...))
}

// TestReductionsOfSpecials have NaN and infinities in some places: a maximum with a NaN is NaN, wherever it stands.
func TestReductionsOfSpecials(t *testing.T) {
	for place := range 60 {
		for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
			for _, axes := range [][]int{{0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}} {
				x := normal(random(uint64(place)), 3, 4, 5)
				x.flat.([]float32)[place] = v
				compare(t, 1e-5, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
					return []compute.Value{must(f.ReduceMax(in[0], axes...)), must(f.ReduceSum(in[0], axes...))}
				})
			}
		}
	}
	x := normal(random(12), 100, 500)
	x.flat.([]float32)[49998] = float32(math.NaN())
	compare(t, 1e-3, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
		return []compute.Value{must(f.ReduceMax(in[0])), must(f.ReduceMax(in[0], 0)), must(f.ReduceMax(in[0], 1))}
	})
}

// TestReductionsOfOtherTypes have no kernel here.
func TestReductionsOfOtherTypes(t *testing.T) {
	r := random(13)
	compare(t, 1e-5, []tensor{normal(r, 4, 6)}, func(f compute.Function, in []compute.Value) []compute.Value {
		whole := must(f.ConvertDType(in[0], dtypes.Int32))
		wide := must(f.ConvertDType(in[0], dtypes.Float64))
		half := must(f.ConvertDType(must(f.ConvertDType(in[0], dtypes.Float16)), dtypes.Float32))
		return []compute.Value{must(f.ReduceSum(whole, 0)), must(f.ReduceMax(whole, 1)), must(f.ReduceSum(wide, 1)), must(f.Add(wide, must(f.Mul(wide, wide)))), half,
			must(f.ReduceLogicalOr(must(f.GreaterThan(in[0], must(f.Constant([]float32{1})))), 1))}
	})
}
