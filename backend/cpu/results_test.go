package cpu

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// TestResults returns parameters, constants, one value twice and values under two shapes: each result has memory of its own.
func TestResults(t *testing.T) {
	r := random(20)
	in := []tensor{normal(r, 3, 4), booleans(r, 5), normal(r)}
	g := func(f compute.Function, in []compute.Value) []compute.Value {
		c := must(f.Constant([]float32{1, 2, 3}, 3))
		y := must(f.Exp(in[0]))
		flat := must(f.Reshape(y, 12))
		scalar := must(f.Neg(in[2]))
		return []compute.Value{in[0], in[1], in[0], c, c, y, y, flat, must(f.Reshape(in[0], 2, 6)), must(f.Reshape(must(f.Reshape(flat, 6, 2)), 4, 3)), must(f.Identity(y)),
			must(f.Mul(must(f.Reshape(flat, 3, 4)), y)), scalar, must(f.Reshape(scalar, 1, 1)), must(f.LogicalNot(in[1])), must(f.Reshape(in[1], 5, 1))}
	}
	compare(t, 1e-6, in, g)
	compare(t, 1e-6, in, g, true, true, true)

	e := must(build(tested(), in, g))
	var buffers []compute.Buffer
	for _, x := range in {
		buffers = append(buffers, must(tested().BufferFromFlatData(0, x.flat, x.shape)))
	}
	out := must(e.Execute(buffers, nil, 0))
	first := must(out[0].Data()).([]float32)
	for _, o := range append(slices.Clone(out[1:]), buffers...) {
		if v, ok := must(o.Data()).([]float32); ok && &v[0] == &first[0] {
			t.Error("two buffers share their memory")
		}
	}
}

// TestOnlyConstants has no parameter.
func TestOnlyConstants(t *testing.T) {
	compare(t, 0, nil, func(f compute.Function, _ []compute.Value) []compute.Value {
		c := must(f.Constant([]float32{1, -2, 3}, 3))
		s := must(f.Constant([]float32{0.5}))
		return []compute.Value{c, s, must(f.Mul(c, s)), must(f.BroadcastInDim(s, shapes.Make(dtypes.Float32, 4, 2), nil)), must(f.Iota(shapes.Make(dtypes.Int32, 3, 2), 1)),
			must(f.Where(must(f.Constant([]bool{true, false, true}, 3)), c, s))}
	})
}

// TestDonation updates weights as Adam does, every input donated or some: results may take over inputs' memory, which others read later.
func TestDonation(t *testing.T) {
	r := random(21)
	for _, n := range []int{1, 5, 5000} {
		in := []tensor{normal(r, n), normal(r, n), normal(r, n), normal(r, n), normal(r)} // weights, gradient, both moments, rate
		for i, v := range in[3].flat.([]float32) {
			in[3].flat.([]float32)[i] = v * v
		}
		for set := range 1 << 5 {
			donate := make([]bool, 5)
			for i := range donate {
				donate[i] = set>>i&1 == 1
			}
			t.Run(fmt.Sprint(n, donate), func(t *testing.T) {
				compare(t, 1e-5, in, adam, donate...)
				compare(t, 1e-5, in, swapped, donate...)
				compare(t, 1e-5, in, readLater, donate...)
			})
		}
	}
}

// adam returns the new weights and both moments.
func adam(f compute.Function, in []compute.Value) []compute.Value {
	w, g, m, v, rate := in[0], in[1], in[2], in[3], in[4]
	c := func(x float32) compute.Value { return must(f.Constant([]float32{x})) }
	m = must(f.Add(must(f.Mul(m, c(0.9))), must(f.Mul(g, c(0.1)))))
	v = must(f.Add(must(f.Mul(v, c(0.99))), must(f.Mul(must(f.Mul(g, g)), c(0.01)))))
	step := must(f.Div(must(f.Mul(rate, m)), must(f.Add(must(f.Sqrt(v)), c(1e-3)))))
	return []compute.Value{must(f.Sub(w, step)), m, v, must(f.ReduceSum(must(f.Mul(w, w))))}
}

// swapped returns each input in the other's place, changed by both.
func swapped(f compute.Function, in []compute.Value) []compute.Value {
	a := must(f.Sub(must(f.Add(in[1], in[0])), must(f.Max(in[2], in[0]))))
	b := must(f.Mul(a, must(f.Sub(in[0], in[1]))))
	c := must(f.Add(must(f.Mul(b, in[0])), must(f.Mul(in[2], in[1]))))
	return []compute.Value{a, b, c, must(f.Add(must(f.Reverse(c, 0)), in[0])), must(f.Min(in[1], must(f.Abs(c))))}
}

// readLater makes results early in a group whose inputs are read late in it, under broadcasts and other shapes too.
func readLater(f compute.Function, in []compute.Value) []compute.Value {
	s := must(f.Shape(in[0]))
	early := must(f.Neg(in[0]))
	late := must(f.Add(must(f.Exp(must(f.Tanh(early)))), in[0]))
	square := shapes.Make(dtypes.Float32, 2, s.Size())
	wide := must(f.Mul(must(f.BroadcastInDim(in[1], square, []int{1})), must(f.BroadcastInDim(late, square, []int{1}))))
	twice := must(f.Add(in[1], in[1]))
	reshaped := must(f.Reshape(must(f.Add(must(f.Reshape(in[2], s.Size(), 1)), must(f.Reshape(in[3], s.Size(), 1)))), s.Size()))
	return []compute.Value{late, early, wide, twice, reshaped, must(f.Add(in[3], in[4]))}
}

// TestInPlace takes a donated input's memory for the result, without copying.
func TestInPlace(t *testing.T) {
	b := tested()
	in := []tensor{normal(random(22), 5000), normal(random(23), 5000)}
	e := must(build(b, in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) { return f.Add(in[0], in[1]) })))
	x, y := must(b.BufferFromFlatData(0, in[0].flat, in[0].shape)), must(b.BufferFromFlatData(0, in[1].flat, in[1].shape))
	before := must(x.Data()).([]float32)
	out := must(e.Execute([]compute.Buffer{x, y}, []bool{true, false}, 0))
	after := must(out[0].Data()).([]float32)
	if &before[0] != &after[0] {
		t.Error("the result of x + y does not lie where the donated x was")
	}
	if _, err := e.Execute([]compute.Buffer{x, y}, nil, 0); err == nil || !strings.Contains(err.Error(), "donated") {
		t.Errorf("executing with a buffer that was donated before: %v", err)
	}
	for name, read := range map[string]func() error{
		"ToFlatData": func() error { return x.ToFlatData(make([]float32, 5000)) },
		"Data":       func() error { _, err := x.Data(); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), "donated") {
			t.Errorf("%s of a donated buffer: %v", name, err)
		}
	}
	if err := x.Finalize(); err != nil {
		t.Errorf("finalising a donated buffer: %v", err)
	}
	if got := must(e.Execute([]compute.Buffer{out[0], y}, nil, 0)); agree(tensor{in[0].shape, after}, must(flatOf(out[0])), 0) != nil || len(got) != 1 {
		t.Error("the result is gone")
	}
}

func flatOf(b compute.Buffer) (tensor, error) {
	s, err := b.Shape()
	if err != nil {
		return tensor{}, err
	}
	flat := dtypes.MakeAnySlice(s.DType, s.Size())
	return tensor{s, flat}, b.ToFlatData(flat)
}

// TestEmptyTensors and other things run on the portable backend as a whole.
func TestEmptyTensors(t *testing.T) {
	in := []tensor{floats(nil, 0, 3), normal(random(24), 2, 3)}
	e := compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
		return []compute.Value{must(f.Concatenate(0, in[0], in[1])), must(f.Neg(in[0])), must(f.ReduceSum(in[0], 0))}
	})
	if e != nil {
		t.Error("empty tensors have a plan here")
	}
}

// TestOtherTypes have no kernels: single operations run on the portable backend, between others.
func TestOtherTypes(t *testing.T) {
	r := random(25)
	for _, kind := range []dtypes.DType{dtypes.Int8, dtypes.Int16, dtypes.Int32, dtypes.Int64, dtypes.Uint8, dtypes.Uint16, dtypes.Uint32, dtypes.Uint64, dtypes.Float64, dtypes.Float16, dtypes.BFloat16} {
		t.Run(kind.String(), func(t *testing.T) {
			compare(t, 1e-6, []tensor{few(r, 4, 5), few(r, 4, 1)}, func(f compute.Function, in []compute.Value) []compute.Value {
				x := must(f.ConvertDType(must(f.Abs(in[0])), kind))
				y := must(f.ConvertDType(must(f.Abs(in[1])), kind))
				sum := must(f.Add(x, y))
				back := must(f.ConvertDType(must(f.Mul(sum, x)), dtypes.Float32))
				return []compute.Value{back, must(f.Exp(back)), must(f.ConvertDType(must(f.ReduceMax(sum, 0)), dtypes.Float32)),
					must(f.Where(must(f.GreaterThan(x, y)), in[0], back)), must(f.ConvertDType(must(f.Transpose(sum, 1, 0)), dtypes.Float32))}
			})
		})
	}
}

// TestGathers and random bits run on the portable backend.
func TestGathers(t *testing.T) {
	in := []tensor{normal(random(26), 7, 4), {shapes.Make(dtypes.Int32, 3, 1), []int32{6, 0, 2}}, {shapes.Make(dtypes.Uint64, 3), []uint64{1, 2, 3}}}
	compare(t, 1e-6, in, func(f compute.Function, in []compute.Value) []compute.Value {
		rows := must(f.Gather(must(f.Exp(in[0])), in[1], 1, []int{1}, []int{0}, []int{0}, []int{1, 4}, false))
		state, bits, err := f.RNGBitGenerator(in[2], shapes.Make(dtypes.Uint32, 5))
		if err != nil {
			panic(err)
		}
		return []compute.Value{must(f.Neg(rows)), state, bits, must(f.ArgMinMax(in[0], 1, dtypes.Int32, false)), must(f.Pow(must(f.Abs(in[0])), must(f.Constant([]float32{2.5}))))}
	})
}

// TestErrors come when the graph is built, or when it is given what does not fit, and say what and where.
func TestErrors(t *testing.T) {
	b := tested()
	in := []tensor{normal(random(27), 3, 4), normal(random(28), 5)}
	if _, err := build(b, in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) { return f.Add(in[0], in[1]) })); err == nil {
		t.Error("adding [3,4] and [5] was built")
	}
	e := must(build(b, in[:1], one(func(f compute.Function, in []compute.Value) (compute.Value, error) { return f.Exp(in[0]) })))
	wrong := must(b.BufferFromFlatData(0, in[1].flat, in[1].shape))
	for want, buffers := range map[string][]compute.Buffer{"1 parameters, got 0": nil, "expected shape": {wrong}, "no buffer of this backend": {must(reference().BufferFromFlatData(0, in[0].flat, in[0].shape))}} {
		if _, err := e.Execute(buffers, nil, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	if _, err := New("fast"); err == nil || !strings.Contains(err.Error(), "fast") {
		t.Errorf("an unknown option: %v", err)
	}
}
