package weights

import (
	"errors"
	"fmt"
	"slices"
)

// ErrTorn is wrapped by the error of a file that is shorter than it says or whose bytes do not give the checksum it carries.
var ErrTorn = errors.New("file is torn or corrupted")

// Tensor is a dense tensor of float32 in row-major order. A scalar has an empty shape and one value.
type Tensor struct {
	Shape []int
	Data  []float32
}

// Size returns the number of values that the shape asks for.
func (t Tensor) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Transpose returns the tensor with its axes permuted: axis i of the result is axis axes[i] of t.
func (t Tensor) Transpose(axes ...int) Tensor {
	shape, stride := make([]int, len(axes)), make([]int, len(axes))
	for i, a := range axes {
		shape[i], stride[i] = t.Shape[a], 1
		for _, d := range t.Shape[a+1:] {
			stride[i] *= d
		}
	}
	out := Tensor{Shape: shape, Data: make([]float32, 0, len(t.Data))}
	return Tensor{Shape: shape, Data: gather(out.Data, t.Data, shape, stride, 0)}
}

// gather appends to dst, in row-major order of shape, the values of src that lie stride apart from offset on.
func gather(dst, src []float32, shape, stride []int, offset int) []float32 {
	if len(shape) == 0 {
		return append(dst, src[offset])
	}
	for i := range shape[0] {
		dst = gather(dst, src, shape[1:], stride[1:], offset+i*stride[0])
	}
	return dst
}

// File is what a file of weights holds: tensors by name and, in safetensors and ONNX, text by key.
type File struct {
	Tensors map[string]Tensor
	Meta    map[string]string
}

// Names returns the names of the tensors, sorted.
func (f *File) Names() []string {
	names := make([]string, 0, len(f.Tensors))
	for name := range f.Tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// sizeOf returns the number of values in a tensor of this shape, or an error where a dimension is negative or the product exceeds limit.
func sizeOf(shape []int, limit int64) (int, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v has a negative dimension", shape)
		}
		if d > 0 && n > limit/int64(d) {
			return 0, fmt.Errorf("shape %v has more values than the file has room for", shape)
		}
		n *= int64(d)
	}
	return int(n), nil
}
