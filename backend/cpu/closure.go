package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
)

// aside runs an operation in the portable backend alone, which will then run the whole computation.
func (f *function) aside(name string, inputs []compute.Value, do func(in []compute.Value) ([]compute.Value, error)) ([]compute.Value, error) {
	f.builder.portable = true
	in, err := unwrapAll(name, inputs)
	if err != nil {
		return nil, err
	}
	made, err := do(in)
	if err != nil {
		return nil, err
	}
	op := &operation{name: name}
	out := make([]compute.Value, len(made))
	for i, m := range made {
		shape, err := f.builder.inner.OpShape(m)
		if err != nil {
			return nil, err
		}
		v := &value{fn: f, op: op, index: i, inner: m, shape: shape}
		f.known[m] = v
		out[i] = v
	}
	return out, nil
}

// one is aside for an operation with one result.
func (f *function) one(name string, inputs []compute.Value, do func(in []compute.Value) (compute.Value, error)) (compute.Value, error) {
	out, err := f.aside(name, inputs, func(in []compute.Value) ([]compute.Value, error) {
		v, err := do(in)
		return []compute.Value{v}, err
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func innerFunction(name string, g compute.Function) (compute.Function, error) {
	f, ok := g.(*function)
	if !ok || f == nil {
		return nil, fmt.Errorf("cpu: %s of a %T, which is no function of this backend", name, g)
	}
	return f.inner, nil
}

// Call calls g.
func (f *function) Call(g compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	inner, err := innerFunction("Call", g)
	if err != nil {
		return nil, err
	}
	return f.aside("Call", inputs, func(in []compute.Value) ([]compute.Value, error) { return f.inner.Call(inner, in...) })
}

// Sort sorts by a comparator.
func (f *function) Sort(comparator compute.Function, axis int, stable bool, inputs ...compute.Value) ([]compute.Value, error) {
	inner, err := innerFunction("Sort", comparator)
	if err != nil {
		return nil, err
	}
	return f.aside("Sort", inputs, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.Sort(inner, axis, stable, in...)
	})
}

// While repeats body as long as cond holds.
func (f *function) While(cond, body compute.Function, state ...compute.Value) ([]compute.Value, error) {
	innerCond, err := innerFunction("While", cond)
	if err != nil {
		return nil, err
	}
	innerBody, err := innerFunction("While", body)
	if err != nil {
		return nil, err
	}
	return f.aside("While", state, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.While(innerCond, innerBody, in...)
	})
}

// If runs one of two branches.
func (f *function) If(pred compute.Value, yes, no compute.Function) ([]compute.Value, error) {
	innerYes, err := innerFunction("If", yes)
	if err != nil {
		return nil, err
	}
	innerNo, err := innerFunction("If", no)
	if err != nil {
		return nil, err
	}
	return f.aside("If", []compute.Value{pred}, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.If(in[0], innerYes, innerNo)
	})
}
