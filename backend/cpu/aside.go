package cpu

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// What has values inside its options, or shapes that are known at run time alone, runs on the portable backend with the computation around it.

// aside runs an operation in the portable backend alone, which will then run the whole computation.
func (f *function) aside(kind compute.OpType, inputs []compute.Value, do func(in []compute.Value) ([]compute.Value, error)) ([]compute.Value, error) {
	f.builder.portable = true
	in, err := unwrapAll(kind.String(), inputs)
	if err != nil {
		return nil, err
	}
	made, err := do(in)
	if err != nil {
		return nil, err
	}
	op := &operation{kind: kind}
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
func (f *function) one(kind compute.OpType, inputs []compute.Value, do func(in []compute.Value) (compute.Value, error)) (compute.Value, error) {
	out, err := f.aside(kind, inputs, func(in []compute.Value) ([]compute.Value, error) {
		v, err := do(in)
		return []compute.Value{v}, err
	})
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// DynamicShape returns the shape as a value.
func (f *function) DynamicShape(x compute.Value) (compute.Value, error) {
	return f.one(compute.OpTypeDynamicShape, []compute.Value{x}, func(in []compute.Value) (compute.Value, error) { return f.inner.DynamicShape(in[0]) })
}

// DynamicDimensionSize returns one axis's size as a value.
func (f *function) DynamicDimensionSize(x compute.Value, axis int) (compute.Value, error) {
	return f.one(compute.OpTypeDynamicDimensionSize, []compute.Value{x}, func(in []compute.Value) (compute.Value, error) {
		return f.inner.DynamicDimensionSize(in[0], axis)
	})
}

// DynamicReshape reshapes to sizes that may be values.
func (f *function) DynamicReshape(x compute.Value, dims ...compute.DynamicDimensionSpec) (compute.Value, error) {
	specs, err := innerSpecs(compute.OpTypeDynamicReshape, dims)
	if err != nil {
		return nil, err
	}
	return f.one(compute.OpTypeDynamicReshape, []compute.Value{x}, func(in []compute.Value) (compute.Value, error) { return f.inner.DynamicReshape(in[0], specs...) })
}

// DynamicBroadcastInDim broadcasts to sizes that may be values.
func (f *function) DynamicBroadcastInDim(x compute.Value, axes []int, dims ...compute.DynamicDimensionSpec) (compute.Value, error) {
	specs, err := innerSpecs(compute.OpTypeDynamicBroadcastInDim, dims)
	if err != nil {
		return nil, err
	}
	return f.one(compute.OpTypeDynamicBroadcastInDim, []compute.Value{x}, func(in []compute.Value) (compute.Value, error) {
		return f.inner.DynamicBroadcastInDim(in[0], axes, specs...)
	})
}

// DynamicIota counts along an axis, with sizes that may be values.
func (f *function) DynamicIota(dtype dtypes.DType, axis int, dims ...compute.DynamicDimensionSpec) (compute.Value, error) {
	specs, err := innerSpecs(compute.OpTypeDynamicIota, dims)
	if err != nil {
		return nil, err
	}
	return f.one(compute.OpTypeDynamicIota, nil, func([]compute.Value) (compute.Value, error) { return f.inner.DynamicIota(dtype, axis, specs...) })
}

// DynamicPad pads by amounts that may be values.
func (f *function) DynamicPad(x, fill compute.Value, axes ...compute.DynamicPadAxis) (compute.Value, error) {
	inner := make([]compute.DynamicPadAxis, len(axes))
	for i, a := range axes {
		values, err := unwrapAll(compute.OpTypeDynamicPad.String(), []compute.Value{a.StartValue, a.EndValue, a.InteriorValue})
		if err != nil {
			return nil, err
		}
		a.StartValue, a.EndValue, a.InteriorValue = values[0], values[1], values[2]
		inner[i] = a
	}
	return f.one(compute.OpTypeDynamicPad, []compute.Value{x, fill}, func(in []compute.Value) (compute.Value, error) {
		return f.inner.DynamicPad(in[0], in[1], inner...)
	})
}

func innerSpecs(kind compute.OpType, dims []compute.DynamicDimensionSpec) ([]compute.DynamicDimensionSpec, error) {
	specs := make([]compute.DynamicDimensionSpec, len(dims))
	for i, d := range dims {
		values, err := unwrapAll(kind.String(), []compute.Value{d.Value})
		if err != nil {
			return nil, err
		}
		d.Value = values[0]
		specs[i] = d
	}
	return specs, nil
}

// AllReduce joins the values of several devices.
func (f *function) AllReduce(operands []compute.Value, kind compute.ReduceOpType, groups [][]int) ([]compute.Value, error) {
	return f.aside(compute.OpTypeAllReduce, operands, func(in []compute.Value) ([]compute.Value, error) { return f.inner.AllReduce(in, kind, groups) })
}

// attention returns the options with the portable backend's values.
func attention(kind compute.OpType, o *compute.ScaledDotProductAttentionConfig) (*compute.ScaledDotProductAttentionConfig, error) {
	if o == nil {
		return nil, nil
	}
	inner := *o
	values, err := unwrapAll(kind.String(), []compute.Value{o.QuerySeqLen, o.KeyValueSeqLen, o.Bias, o.Mask})
	if err != nil {
		return nil, err
	}
	inner.QuerySeqLen, inner.KeyValueSeqLen, inner.Bias, inner.Mask = values[0], values[1], values[2], values[3]
	return &inner, nil
}

// FusedScaledDotProductAttention is attention as one operation.
func (f *function) FusedScaledDotProductAttention(query, key, val compute.Value, layout compute.AttentionAxesLayout, o *compute.ScaledDotProductAttentionConfig) (compute.Value, []compute.Value, error) {
	const kind = compute.OpTypeFusedScaledDotProductAttention
	options, err := attention(kind, o)
	if err != nil {
		return nil, nil, err
	}
	out, err := f.aside(kind, []compute.Value{query, key, val}, func(in []compute.Value) ([]compute.Value, error) {
		y, states, err := f.inner.FusedScaledDotProductAttention(in[0], in[1], in[2], layout, options)
		return append([]compute.Value{y}, states...), err
	})
	if err != nil {
		return nil, nil, err
	}
	return out[0], out[1:], nil
}

// FusedScaledDotProductAttentionVJP is its gradient.
func (f *function) FusedScaledDotProductAttentionVJP(query, key, val compute.Value, layout compute.AttentionAxesLayout, o *compute.ScaledDotProductAttentionConfig, output compute.Value, states []compute.Value, dOutput compute.Value) (compute.Value, compute.Value, compute.Value, error) {
	const kind = compute.OpTypeFusedScaledDotProductAttentionVJP
	options, err := attention(kind, o)
	if err != nil {
		return nil, nil, nil, err
	}
	inputs := append([]compute.Value{query, key, val, output, dOutput}, states...)
	out, err := f.aside(kind, inputs, func(in []compute.Value) ([]compute.Value, error) {
		q, k, v, err := f.inner.FusedScaledDotProductAttentionVJP(in[0], in[1], in[2], layout, options, in[3], in[5:], in[4])
		return []compute.Value{q, k, v}, err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return out[0], out[1], out[2], nil
}

// quantization returns the options with the portable backend's values.
func quantization(kind compute.OpType, q *compute.Quantization) (*compute.Quantization, error) {
	if q == nil {
		return nil, nil
	}
	inner := *q
	values, err := unwrapAll(kind.String(), []compute.Value{q.Scale, q.ZeroPoint})
	if err != nil {
		return nil, err
	}
	inner.Scale, inner.ZeroPoint = values[0], values[1]
	return &inner, nil
}

// QuantizedEmbeddingLookup reads rows of a quantised table.
func (f *function) QuantizedEmbeddingLookup(data, indices compute.Value, q *compute.Quantization) (compute.Value, error) {
	const kind = compute.OpTypeQuantizedEmbeddingLookup
	options, err := quantization(kind, q)
	if err != nil {
		return nil, err
	}
	return f.one(kind, []compute.Value{data, indices}, func(in []compute.Value) (compute.Value, error) {
		return f.inner.QuantizedEmbeddingLookup(in[0], in[1], options)
	})
}

// FusedQuantizedDense is a layer with quantised weights.
func (f *function) FusedQuantizedDense(x, weights, bias compute.Value, q *compute.Quantization, activation compute.ActivationType) (compute.Value, error) {
	const kind = compute.OpTypeFusedQuantizedDense
	options, err := quantization(kind, q)
	if err != nil {
		return nil, err
	}
	return f.one(kind, []compute.Value{x, weights, bias}, func(in []compute.Value) (compute.Value, error) {
		return f.inner.FusedQuantizedDense(in[0], in[1], in[2], options, activation)
	})
}
