package cpu

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// call calls the method of f that an operation is named after.
func call(f compute.Function, name string, in ...compute.Value) compute.Value {
	var args []reflect.Value
	for _, v := range in {
		args = append(args, reflect.ValueOf(v))
	}
	out := reflect.ValueOf(f).MethodByName(name).Call(args)
	if err, _ := out[1].Interface().(error); err != nil {
		panic(err)
	}
	return out[0].Interface().(compute.Value)
}

func keys[V any](m map[compute.OpType]V) []string {
	var names []string
	for kind := range m {
		names = append(names, kind.String())
	}
	slices.Sort(names)
	return names
}

func TestUnaries(t *testing.T) {
	r := random(1)
	for _, name := range keys(unaries) {
		t.Run(name, func(t *testing.T) {
			for _, dims := range [][]int{{}, {1}, {7}, {3, 5, 70}, {2100}} {
				x := special(r, dims...)
				if name == "Sign" { // the reference gives 0 for NaN, where the interface (and XLA) asks for NaN
					for i, v := range x.flat.([]float32) {
						if v != v {
							x.flat.([]float32)[i] = 1
						}
					}
				}
				e := compare(t, 2e-6, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
					return []compute.Value{call(f, name, in[0])}
				})
				native(t, e)
			}
		})
	}
}

func TestSignOfNaN(t *testing.T) {
	in := []tensor{floats([]float32{float32(math.NaN()), -3, 0}, 3)}
	e := must(build(tested(), in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) { return f.Sign(in[0]) })))
	out := must(execute(tested(), e, in, nil))
	if v := out[0].flat.([]float32); v[0] == v[0] || v[1] != -1 || v[2] != 0 {
		t.Errorf("signs of NaN, -3 and 0 are %v", v)
	}
}

// broadcasts are shapes of two operands.
var broadcasts = [][2][]int{
	{{}, {}}, {{1}, {1}}, {{}, {5}}, {{5}, {}}, {{1}, {5}}, {{5}, {1}}, {{4, 6}, {4, 6}}, {{4, 6}, {1, 6}}, {{4, 6}, {4, 1}}, {{1, 6}, {4, 1}}, {{1, 1}, {4, 6}},
	{{2, 3, 5, 7}, {1, 1, 1, 7}}, {{2, 3, 5, 7}, {2, 1, 5, 1}}, {{2, 1, 5, 1}, {1, 3, 1, 7}}, {{2, 3, 5, 7}, {1, 3, 1, 7}}, {{2, 3, 5, 7}, {}}, {{2, 3, 50, 17}, {2, 3, 50, 17}},
	{{3, 1, 1500}, {1, 2, 1500}}, {{3, 2, 1}, {3, 2, 1500}}, {{1, 1, 1}, {1}},
}

func TestBinariesBroadcast(t *testing.T) {
	r := random(2)
	names := append(keys(binaries), keys(compares)...)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			for _, b := range broadcasts {
				if len(b[0]) > 0 && len(b[1]) > 0 && len(b[0]) != len(b[1]) {
					continue // the interface broadcasts equal ranks and scalars
				}
				in := []tensor{special(r, b[0]...), special(r, b[1]...)}
				e := compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
					return []compute.Value{call(f, name, in[0], in[1])}
				})
				native(t, e)
			}
		})
	}
}

// TestConstants puts every odd value on either side of every operation.
func TestConstants(t *testing.T) {
	x := floats(odd, len(odd))
	for _, name := range append(keys(binaries), keys(compares)...) {
		compare(t, 0, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
			var out []compute.Value
			for _, v := range odd {
				c := must(f.Constant([]float32{v}))
				out = append(out, call(f, name, in[0], c), call(f, name, c, in[0]))
			}
			return out
		})
	}
}

// TestSignsOfZero takes zeros' signs through broadcasts, constants and copies: their inverses show them.
func TestSignsOfZero(t *testing.T) {
	minus := float32(math.Copysign(0, -1))
	in := []tensor{floats([]float32{minus, 0, minus}, 3)}
	compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
		s := shapes.Make(dtypes.Float32, 2, 3)
		wide := must(f.BroadcastInDim(in[0], s, []int{1}))
		one := must(f.Constant([]float32{1}))
		plus, minus := must(f.Constant([]float32{0})), must(f.Constant([]float32{minus}))
		x := must(f.Neg(in[0]))
		up := must(f.Div(one, must(f.Mul(plus, must(f.Mul(x, x))))))
		inverse := must(f.Div(x, minus))
		return []compute.Value{wide, must(f.Div(one, wide)), up, inverse, must(f.Div(one, must(f.BroadcastInDim(minus, s, nil)))),
			must(f.Div(must(f.Add(must(f.Mul(x, x)), one)), plus)), must(f.Div(must(f.Add(must(f.Mul(x, x)), one)), minus))}
	})
}

func TestWhere(t *testing.T) {
	r := random(3)
	for _, d := range [][3][]int{{{}, {}, {}}, {{4, 5}, {4, 5}, {4, 5}}, {{4, 5}, {}, {4, 5}}, {{4, 5}, {4, 5}, {}}, {{4, 5}, {}, {}}, {{}, {4, 5}, {4, 5}}, {{1500, 3}, {1500, 3}, {}}} {
		in := []tensor{booleans(r, d[0]...), special(r, d[1]...), special(r, d[2]...)}
		e := compare(t, 0, in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
			return f.Where(in[0], in[1], in[2])
		}))
		native(t, e)
	}
}

func TestLogic(t *testing.T) {
	r := random(4)
	for _, dims := range [][]int{{}, {9}, {3, 700}} {
		in := []tensor{booleans(r, dims...), booleans(r, dims...), special(r, dims...), normal(r, dims...)}
		compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
			a, b := in[0], in[1]
			c := must(f.GreaterThan(in[2], in[3]))
			both := must(f.LogicalAnd(a, must(f.LogicalNot(c))))
			either := must(f.LogicalOr(both, b))
			number := must(f.ConvertDType(either, dtypes.Float32))
			wide := must(f.BroadcastInDim(b, shapes.Make(dtypes.Bool, append([]int{2}, dims...)...), axesFrom(1, len(dims))))
			return []compute.Value{both, either, number, must(f.LogicalXor(a, b)), must(f.Where(either, must(f.Mul(number, in[2])), in[3])), wide,
				must(f.ConvertDType(wide, dtypes.Float32)), must(f.ConvertDType(a, dtypes.Int32))}
		})
	}
}

func axesFrom(first, n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = first + i
	}
	return axes
}

func TestBroadcastInDim(t *testing.T) {
	r := random(5)
	for _, c := range []struct {
		from, to, axes []int
	}{
		{nil, nil, nil}, {nil, []int{3, 4}, nil}, {[]int{4}, []int{4}, []int{0}}, {[]int{4}, []int{3, 4}, []int{1}}, {[]int{3}, []int{3, 4}, []int{0}}, {[]int{1}, []int{3, 4}, []int{1}},
		{[]int{3, 1}, []int{3, 4}, []int{0, 1}}, {[]int{2, 5}, []int{2, 3, 5, 4}, []int{0, 2}}, {[]int{2, 1, 5}, []int{2, 3, 5}, []int{0, 1, 2}}, {[]int{2, 3}, []int{2, 3}, []int{0, 1}}, {[]int{700}, []int{5, 700, 3}, []int{1}},
	} {
		to := shapes.Make(dtypes.Float32, c.to...)
		e := compare(t, 0, []tensor{special(r, c.from...)}, func(f compute.Function, in []compute.Value) []compute.Value {
			x := must(f.Neg(in[0])) // alone, of a computed value, and as a member of a group
			y := must(f.BroadcastInDim(x, to, c.axes))
			return []compute.Value{must(f.BroadcastInDim(in[0], to, c.axes)), must(f.Abs(y)), must(f.Add(must(f.BroadcastInDim(in[0], to, c.axes)), y))}
		})
		native(t, e)
	}
}

// TestChains compares random computations of element-wise operations, in which values of all shapes that broadcast to one are used several times.
func TestChains(t *testing.T) {
	steps := 40
	rounds := 60
	if testing.Short() {
		rounds = 15
	}
	for seed := range rounds {
		r := random(uint64(100 + seed))
		full := []int{1 + r.IntN(3), 1 + r.IntN(40), 1 + r.IntN(40)}
		var in []tensor
		for i := range 5 {
			dims := slices.Clone(full)
			for a := range dims {
				if i > 1 && r.IntN(2) == 0 {
					dims[a] = 1
				}
			}
			in = append(in, normal(r, dims...))
		}
		in = append(in, normal(r))
		e := compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
			return chain(random(uint64(seed)), f, in, steps) // the same one for both backends
		}, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0, r.IntN(2) == 0)
		native(t, e)
	}
}

// chain makes random operations of values and of their results, and returns some of them. Values stay in [-3,3] or so.
func chain(r *rand.Rand, f compute.Function, in []compute.Value, steps int) []compute.Value {
	values := slices.Clone(in)
	pick := func() compute.Value { return values[len(values)-1-min(r.IntN(len(values)), r.IntN(len(values)))] }
	constant := func(v float32) compute.Value { return must(f.Constant([]float32{v})) }
	for range steps {
		x, y := pick(), pick()
		var v compute.Value
		switch r.IntN(14) {
		case 0:
			v = must(f.Add(x, y))
		case 1:
			v = must(f.Sub(x, y))
		case 2:
			v = must(f.Max(x, y))
		case 3:
			v = must(f.Min(x, y))
		case 4:
			v = must(f.Mul(must(f.Tanh(x)), y))
		case 5:
			v = must(f.Exp(must(f.Min(x, constant(1)))))
		case 6:
			v = must(f.Sqrt(must(f.Add(must(f.Mul(x, x)), constant(0.1)))))
		case 7:
			v = must(f.Div(x, must(f.Add(must(f.Abs(y)), constant(1)))))
		case 8:
			v = must(f.Logistic(x))
		case 9:
			v = must(f.Where(must(f.LessOrEqual(x, constant(0))), constant(0), x)) // ReLU
		case 10:
			v = must(f.Sub(constant(1), x))
		case 11:
			v = must(f.Neg(x))
		case 12:
			v = must(f.Log(must(f.Max(x, constant(0.5)))))
		case 13:
			s := must(f.Shape(x))
			v = must(f.BroadcastInDim(x, s, axesFrom(0, s.Rank())))
		}
		v = must(f.Max(must(f.Min(v, constant(3))), constant(-3)))
		values = append(values, v)
	}
	var out []compute.Value
	for range 1 + r.IntN(4) {
		out = append(out, pick())
	}
	return append(out, values[len(values)-1])
}

// TestReLUAndGradient has the pattern that the planner recognises, with NaN and infinities.
func TestReLUAndGradient(t *testing.T) {
	r := random(6)
	for _, dims := range [][]int{{}, {5}, {3, 800}} {
		in := []tensor{special(r, dims...), special(r, dims...)}
		e := compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
			zero := must(f.Constant([]float32{0}))
			x := must(f.Add(in[0], in[0]))
			under := must(f.LessOrEqual(x, zero))
			y := must(f.Where(under, zero, x))
			dx := must(f.Where(under, zero, in[1]))
			return []compute.Value{must(f.Mul(y, y)), must(f.Add(dx, dx))}
		})
		native(t, e)
	}
}
