package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/weights/onnxfile"
)

// constant is a tensor whose values are known while the graph is built: a setting, a shape, or what arithmetic makes of them. Numbers of floating point
// are kept rounded to float32.
type constant struct {
	kind   kind
	dims   []int
	floats []float64 // of kind isFloat
	ints   []int64   // of the other kinds
}

type kind int

const (
	isFloat kind = iota
	isInt
	isInt32 // as isInt, told apart for Cast and for the graph
	isBool
)

func (k kind) dtype() dtypes.DType {
	return [...]dtypes.DType{dtypes.Float32, dtypes.Int64, dtypes.Int32, dtypes.Bool}[k]
}

// maxConstant bounds the values of a constant that arithmetic on shapes makes.
const maxConstant = 1 << 22

func newConstant(k kind, dims []int) *constant {
	n := volume(dims)
	if n > maxConstant {
		panic(fmt.Errorf("a constant of shape %v is too large", dims))
	}
	c := &constant{kind: k, dims: slices.Clone(dims)}
	if k == isFloat {
		c.floats = make([]float64, n)
	} else {
		c.ints = make([]int64, n)
	}
	return c
}

// intsConstant is a list of integers.
func intsConstant(values ...int) *constant {
	c := newConstant(isInt, []int{len(values)})
	for i, v := range values {
		c.ints[i] = int64(v)
	}
	return c
}

// constantOf reads the values of a tensor of the file.
func constantOf(t *onnxfile.Tensor) (*constant, error) {
	if t.Type.IsFloat() {
		values, err := t.Float32s()
		if err != nil {
			return nil, err
		}
		c := &constant{kind: isFloat, dims: t.Dims, floats: make([]float64, len(values))}
		for i, v := range values {
			c.floats[i] = float64(v)
		}
		return c, nil
	}
	values, err := t.Int64s()
	if err != nil {
		return nil, err
	}
	return &constant{kind: kindOf(t.Type), dims: t.Dims, ints: slices.Clone(values)}, nil
}

// kindOf returns the kind that holds values of a type of the file.
func kindOf(t onnxfile.DataType) kind {
	switch {
	case t.IsFloat():
		return isFloat
	case t == onnxfile.Bool:
		return isBool
	case t == onnxfile.Int64 || t == onnxfile.Uint64 || t == onnxfile.Uint32:
		return isInt
	}
	return isInt32
}

func (c *constant) size() int { return volume(c.dims) }

// at returns a value as a number of floating point.
func (c *constant) at(i int) float64 {
	if c.kind == isFloat {
		return c.floats[i]
	}
	return float64(c.ints[i])
}

func (c *constant) set(i int, v float64) {
	switch {
	case c.kind == isFloat:
		c.floats[i] = float64(float32(v))
	case c.kind == isBool && v != 0:
		c.ints[i] = 1
	case c.kind == isInt && v >= math.MaxInt64:
		c.ints[i] = math.MaxInt64
	default:
		c.ints[i] = int64(v)
	}
}

// integers returns the values as ints.
func (c *constant) integers() []int {
	list := make([]int, c.size())
	for i := range list {
		if c.kind == isFloat {
			list[i] = int(c.floats[i])
		} else {
			list[i] = int(c.ints[i])
		}
	}
	return list
}

// pick makes a constant of shape dims whose value i is the value from(i) of c.
func (c *constant) pick(dims []int, from func(i int) int) *constant {
	out := newConstant(c.kind, dims)
	for i := range max(len(out.floats), len(out.ints)) {
		if c.kind == isFloat {
			out.floats[i] = c.floats[from(i)]
		} else {
			out.ints[i] = c.ints[from(i)]
		}
	}
	return out
}

// view is pick by strides: value (i0, i1, ...) of the result is value offset + sum of ik stride k.
func (c *constant) view(dims, strides []int, offset int) *constant {
	index := make([]int, len(dims))
	at := offset
	return c.pick(dims, func(int) int {
		now := at
		for axis := len(dims) - 1; axis >= 0; axis-- {
			index[axis]++
			at += strides[axis]
			if index[axis] < dims[axis] {
				break
			}
			at -= index[axis] * strides[axis]
			index[axis] = 0
		}
		return now
	})
}

// broadcast repeats c to shape dims by numpy's rule.
func (c *constant) broadcast(dims []int) *constant {
	if slices.Equal(dims, c.dims) {
		return c
	}
	own, strides := stridesOf(c.dims), make([]int, len(dims))
	for i := range c.dims {
		axis := len(dims) - len(c.dims) + i
		if c.dims[i] != 1 {
			strides[axis] = own[i]
		}
	}
	return c.view(dims, strides, 0)
}

func (c *constant) reshape(dims []int) *constant {
	out := *c
	out.dims = slices.Clone(dims)
	return &out
}

// cast converts to another kind: to integers by cutting off, to bool by comparing with zero.
func (c *constant) cast(k kind) *constant {
	if k == c.kind {
		return c
	}
	out := newConstant(k, c.dims)
	for i := range c.size() {
		if c.kind != isFloat && k != isFloat && k != isBool {
			out.ints[i] = c.ints[i]
			continue
		}
		out.set(i, c.at(i))
	}
	return out
}

// node puts the constant into the graph.
func (c *constant) node(g *Graph) *Node {
	if c.kind == isFloat && len(c.dims) == 0 {
		return Scalar(g, dtypes.Float32, c.floats[0])
	}
	return ConstTensor(g, c.tensor())
}

func (c *constant) tensor() *tensors.Tensor {
	switch c.kind {
	case isFloat:
		return tensors.FromFlatDataAndDimensions(converted(c.floats, func(v float64) float32 { return float32(v) }), c.dims...)
	case isInt:
		return tensors.FromFlatDataAndDimensions(c.ints, c.dims...)
	case isInt32:
		return tensors.FromFlatDataAndDimensions(converted(c.ints, func(v int64) int32 { return int32(v) }), c.dims...)
	}
	return tensors.FromFlatDataAndDimensions(converted(c.ints, func(v int64) bool { return v != 0 }), c.dims...)
}

func converted[From, To any](values []From, f func(From) To) []To {
	out := make([]To, len(values))
	for i, v := range values {
		out[i] = f(v)
	}
	return out
}

// volume is the number of values of a shape; it panics where it overflows.
func volume(dims []int) int {
	n := 1
	for _, d := range dims {
		if d < 0 || d > 0 && n > math.MaxInt32/d {
			panic(fmt.Errorf("a tensor of shape %v is too large", dims))
		}
		n *= d
	}
	return n
}

// stridesOf returns how far the values of neighbours along each axis lie apart in row-major order.
func stridesOf(dims []int) []int {
	strides, n := make([]int, len(dims)), 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = n
		n *= dims[i]
	}
	return strides
}
