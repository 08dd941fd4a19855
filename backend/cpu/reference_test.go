package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Every test here builds one computation on this backend and on the reference, and compares the results.

// tensor is an input or a result.
type tensor struct {
	shape shapes.Shape
	flat  any
}

// graphOf builds a computation of its parameters. The reference fails on parameters that are made after its last operation, so they come first.
type graphOf func(f compute.Function, in []compute.Value) []compute.Value

var (
	tested    = sync.OnceValue(func() compute.Backend { return must(New("")) })
	reference = sync.OnceValue(func() compute.Backend { return must(compute.NewWithConfig("go:parallelism=1,ops_sequential")) })
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// normal returns a tensor of normally distributed values.
func normal(r *rand.Rand, dims ...int) tensor {
	s := shapes.Make(dtypes.Float32, dims...)
	v := make([]float32, s.Size())
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return tensor{s, v}
}

// few returns a tensor of few different values, so that many are equal.
func few(r *rand.Rand, dims ...int) tensor {
	t := normal(r, dims...)
	v := t.flat.([]float32)
	for i := range v {
		v[i] = float32(r.IntN(4) - 1)
	}
	return t
}

var odd = []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -2, 3, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1e-40, math.MaxFloat32}

// special returns a tensor of zeros of both signs, infinities, NaNs and plain numbers.
func special(r *rand.Rand, dims ...int) tensor {
	t := normal(r, dims...)
	v := t.flat.([]float32)
	for i := range v {
		if r.IntN(2) == 0 {
			v[i] = odd[r.IntN(len(odd))]
		}
	}
	return t
}

func booleans(r *rand.Rand, dims ...int) tensor {
	s := shapes.Make(dtypes.Bool, dims...)
	v := make([]bool, s.Size())
	for i := range v {
		v[i] = r.IntN(2) == 0
	}
	return tensor{s, v}
}

func floats(flat []float32, dims ...int) tensor {
	return tensor{shapes.Make(dtypes.Float32, dims...), flat}
}

// build compiles g; an error is one of building.
func build(b compute.Backend, in []tensor, g graphOf) (e compute.Executable, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	builder := b.Builder("test")
	f := builder.Main()
	var values []compute.Value
	for i, x := range in {
		values = append(values, must(f.Parameter(fmt.Sprintf("x%d", i), x.shape, nil)))
	}
	if err := f.Return(g(f, values), nil); err != nil {
		return nil, err
	}
	return builder.Compile()
}

// execute runs e on copies of in.
func execute(b compute.Backend, e compute.Executable, in []tensor, donate []bool) ([]tensor, error) {
	var buffers []compute.Buffer
	for i, x := range in {
		buffer, err := b.BufferFromFlatData(0, x.flat, x.shape)
		if err != nil {
			return nil, err
		}
		if i >= len(donate) || !donate[i] {
			defer buffer.Finalize() //nolint:errcheck // of a test
		}
		buffers = append(buffers, buffer)
	}
	out, err := e.Execute(buffers, donate, 0)
	if err != nil {
		return nil, err
	}
	var results []tensor
	for _, o := range out {
		s, err := o.Shape()
		if err != nil {
			return nil, err
		}
		flat := dtypes.MakeAnySlice(s.DType, s.Size())
		if err := o.ToFlatData(flat); err != nil {
			return nil, err
		}
		if err := o.Finalize(); err != nil {
			return nil, err
		}
		results = append(results, tensor{s, flat})
	}
	return results, nil
}

// compare fails where the backends differ by more than tolerance, relative to the larger of 1 and the value. It returns the plan, or nil if the whole
// computation ran on the portable backend. It runs twice, so that what an execution leaves in its workspace shows.
func compare(t *testing.T, tolerance float64, in []tensor, g graphOf, donate ...bool) *executable {
	t.Helper()
	e, err := build(tested(), in, g)
	re, rerr := build(reference(), in, g)
	if (err == nil) != (rerr == nil) {
		t.Fatalf("building: %v, the reference: %v", err, rerr)
	}
	if err != nil {
		t.Fatalf("building: %v", err)
	}
	defer e.Finalize()
	defer re.Finalize()
	want, err := execute(reference(), re, in, nil)
	if err != nil {
		t.Fatalf("the reference: %v", err)
	}
	for range 2 {
		got, err := execute(tested(), e, in, donate)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) {
			t.Fatalf("%d results, want %d", len(got), len(want))
		}
		for i := range want {
			if err := agree(got[i], want[i], tolerance); err != nil {
				t.Fatalf("result %d: %v", i, err)
			}
		}
	}
	plan, _ := e.(*executable)
	return plan
}

// agree tells where got and want differ.
func agree(got, want tensor, tolerance float64) error {
	if !got.shape.Equal(want.shape) {
		return fmt.Errorf("shape %s, want %s", got.shape, want.shape)
	}
	g, ok := got.flat.([]float32)
	if !ok {
		if !reflect.DeepEqual(got.flat, want.flat) {
			return fmt.Errorf("%v\nwant %v", got.flat, want.flat)
		}
		return nil
	}
	for i, w := range want.flat.([]float32) {
		if !near(g[i], w, tolerance) {
			return fmt.Errorf("%s at %d: %g, want %g", got.shape, i, g[i], w)
		}
	}
	return nil
}

func near(got, want float32, tolerance float64) bool {
	g, w := float64(got), float64(want)
	if math.IsNaN(w) || math.IsInf(w, 0) {
		return math.IsNaN(w) && math.IsNaN(g) || g == w
	}
	return math.Abs(g-w) <= tolerance*max(1, math.Abs(w))
}

// stepNames lists what the plan runs; nothing where the portable backend runs all of it.
func (e *executable) stepNames() []string {
	var names []string
	if e == nil {
		return nil
	}
	for _, s := range e.steps {
		names = append(names, s.name)
	}
	return names
}

// native fails if the plan is nil or has a step on the portable backend.
func native(t *testing.T, e *executable, steps ...string) {
	t.Helper()
	if e == nil {
		t.Fatal("the whole computation runs on the portable backend")
	}
	names := e.stepNames()
	for _, n := range names {
		if strings.HasSuffix(n, "(portable)") {
			t.Fatalf("%s: all steps are %v", n, names)
		}
	}
	for _, s := range steps {
		if !slices.Contains(names, s) {
			t.Fatalf("no %q among the steps %v", s, names)
		}
	}
}

// one wraps a function of one result.
func one(g func(f compute.Function, in []compute.Value) (compute.Value, error)) graphOf {
	return func(f compute.Function, in []compute.Value) []compute.Value { return []compute.Value{must(g(f, in))} }
}
