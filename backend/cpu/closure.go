package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
)

// innerFunction returns the portable backend's function that stands for g.
func innerFunction(kind compute.OpType, g compute.Function) (compute.Function, error) {
	f, ok := g.(*function)
	if !ok || f == nil {
		return nil, fmt.Errorf("cpu: %s of a %T, which is no function of this backend", kind, g)
	}
	return f.inner, nil
}

// Call calls g.
func (f *function) Call(g compute.Function, inputs ...compute.Value) ([]compute.Value, error) {
	inner, err := innerFunction(compute.OpTypeCall, g)
	if err != nil {
		return nil, err
	}
	return f.aside(compute.OpTypeCall, inputs, func(in []compute.Value) ([]compute.Value, error) { return f.inner.Call(inner, in...) })
}

// Sort sorts by a comparator.
func (f *function) Sort(comparator compute.Function, axis int, stable bool, inputs ...compute.Value) ([]compute.Value, error) {
	inner, err := innerFunction(compute.OpTypeSort, comparator)
	if err != nil {
		return nil, err
	}
	return f.aside(compute.OpTypeSort, inputs, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.Sort(inner, axis, stable, in...)
	})
}

// While repeats body as long as cond holds.
func (f *function) While(cond, body compute.Function, state ...compute.Value) ([]compute.Value, error) {
	innerCond, err := innerFunction(compute.OpTypeWhile, cond)
	if err != nil {
		return nil, err
	}
	innerBody, err := innerFunction(compute.OpTypeWhile, body)
	if err != nil {
		return nil, err
	}
	return f.aside(compute.OpTypeWhile, state, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.While(innerCond, innerBody, in...)
	})
}

// If runs one of two branches.
func (f *function) If(pred compute.Value, yes, no compute.Function) ([]compute.Value, error) {
	innerYes, err := innerFunction(compute.OpTypeIf, yes)
	if err != nil {
		return nil, err
	}
	innerNo, err := innerFunction(compute.OpTypeIf, no)
	if err != nil {
		return nil, err
	}
	return f.aside(compute.OpTypeIf, []compute.Value{pred}, func(in []compute.Value) ([]compute.Value, error) {
		return f.inner.If(in[0], innerYes, innerNo)
	})
}
