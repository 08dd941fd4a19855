package cpu

import (
	"fmt"
	"reflect"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// function records the operations of one function. Most of its methods are generated: see gen_function.go.
type function struct {
	builder  *builder
	inner    compute.Function
	parent   *function
	ops      []*operation
	known    map[compute.Value]*value // by the portable backend's value: equal operations come back as one
	params   []*value
	names    []string
	outputs  []*value
	returned bool
}

// arguments are those of an operation that are not values: a struct of an operation's own, with the interface's names. They are never changed.
type arguments interface {
	// again repeats the operation in g, on other inputs.
	again(g compute.Function, in []compute.Value) ([]compute.Value, error)
}

// operation is a recorded one.
type operation struct {
	kind    compute.OpType
	inputs  []*value // nil where an optional input is left out
	args    arguments
	outputs []*value
}

// value is what an operation gives.
type value struct {
	fn    *function
	op    *operation
	index int // among op's outputs
	inner compute.Value
	shape shapes.Shape
}

func newFunction(b *builder, inner compute.Function, parent *function) *function {
	return &function{builder: b, inner: inner, parent: parent, known: map[compute.Value]*value{}}
}

// record builds the operation in the portable backend and keeps it.
func (f *function) record(kind compute.OpType, inputs []compute.Value, args arguments) ([]compute.Value, error) {
	op := &operation{kind: kind, inputs: make([]*value, len(inputs)), args: args}
	inner := make([]compute.Value, len(inputs))
	for i, in := range inputs {
		v, err := unwrap(kind.String(), in)
		if err != nil {
			return nil, err
		}
		if v != nil {
			op.inputs[i], inner[i] = v, v.inner
		}
	}
	made, err := args.again(f.inner, inner)
	if err != nil {
		return nil, err
	}
	out := make([]compute.Value, len(made))
	fresh := false
	for i, m := range made {
		v, ok := f.known[m]
		if !ok {
			shape, err := f.builder.inner.OpShape(m)
			if err != nil {
				return nil, err
			}
			v = &value{fn: f, op: op, index: i, inner: m, shape: shape}
			f.known[m] = v
			op.outputs = append(op.outputs, v)
			fresh = true
		}
		out[i] = v
	}
	if fresh {
		if len(op.outputs) != len(made) { // some outputs were known, others not: too odd to plan
			f.builder.portable = true
		}
		f.ops = append(f.ops, op)
	}
	return out, nil
}

// first returns the value of an operation that gives one.
func first(out []compute.Value, err error) (compute.Value, error) {
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// unwrap returns v as this backend's value; an input that is left out stays nil.
func unwrap(name string, v compute.Value) (*value, error) {
	if v == nil || reflect.ValueOf(v).Kind() == reflect.Pointer && reflect.ValueOf(v).IsNil() {
		return nil, nil
	}
	value, ok := v.(*value)
	if !ok {
		return nil, fmt.Errorf("cpu: %s: an input is a %T, which is no value of this backend", name, v)
	}
	return value, nil
}

// unwrapAll returns the portable backend's values.
func unwrapAll(name string, vs []compute.Value) ([]compute.Value, error) {
	out := make([]compute.Value, len(vs))
	for i, v := range vs {
		value, err := unwrap(name, v)
		if err != nil {
			return nil, err
		}
		if value != nil {
			out[i] = value.inner
		}
	}
	return out, nil
}

// Name of the function.
func (f *function) Name() string { return f.inner.Name() }

// Builder that the function belongs to.
func (f *function) Builder() compute.Builder { return f.builder }

// Parent of a closure, nil for others.
func (f *function) Parent() compute.Function {
	if f.parent == nil {
		return nil
	}
	return f.parent
}

// Closure starts a function that sees f's values.
func (f *function) Closure() (compute.Function, error) {
	inner, err := f.inner.Closure()
	if err != nil {
		return nil, err
	}
	f.builder.portable = true
	return newFunction(f.builder, inner, f), nil
}

// parameterArgs are Parameter's arguments.
type parameterArgs struct {
	name     string
	shape    shapes.Shape
	sharding *compute.ShardingSpec
}

func (a *parameterArgs) again(g compute.Function, _ []compute.Value) ([]compute.Value, error) {
	v, err := g.Parameter(a.name, a.shape, a.sharding)
	return []compute.Value{v}, err
}

// constantArgs are Constant's arguments.
type constantArgs struct {
	flat any // a slice
	dims []int
}

func (a *constantArgs) again(g compute.Function, _ []compute.Value) ([]compute.Value, error) {
	v, err := g.Constant(a.flat, a.dims...)
	return []compute.Value{v}, err
}

// Parameter adds an input.
func (f *function) Parameter(name string, shape shapes.Shape, sharding *compute.ShardingSpec) (compute.Value, error) {
	v, err := first(f.record(compute.OpTypeParameter, nil, &parameterArgs{name, shape, sharding}))
	if err != nil {
		return nil, err
	}
	f.params, f.names = append(f.params, v.(*value)), append(f.names, name)
	return v, nil
}

// Constant adds a value that is known when the computation is built.
func (f *function) Constant(flat any, dims ...int) (compute.Value, error) {
	kept := flat
	if v := reflect.ValueOf(flat); v.Kind() == reflect.Slice { // the caller may change its own
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		kept = c.Interface()
	}
	return first(f.record(compute.OpTypeConstant, nil, &constantArgs{kept, dims}))
}

// Shape of a value.
func (f *function) Shape(v compute.Value) (shapes.Shape, error) { return f.builder.OpShape(v) }

// Return ends the function.
func (f *function) Return(outputs []compute.Value, shardings []*compute.ShardingSpec) error {
	inner, err := unwrapAll("Return", outputs)
	if err != nil {
		return err
	}
	if err := f.inner.Return(inner, shardings); err != nil {
		return err
	}
	for _, o := range outputs {
		f.outputs = append(f.outputs, o.(*value))
	}
	f.returned = true
	return nil
}

// static reports whether all shapes are fixed, not empty, and of types that occupy whole bytes.
func (f *function) static() bool {
	for _, op := range f.ops {
		for _, v := range op.outputs {
			if v.shape.IsTuple() || v.shape.IsDynamic() || v.shape.DType == dtypes.InvalidDType || v.shape.IsZeroSize() || v.shape.DType.IsPacked() {
				return false
			}
		}
	}
	return true
}
