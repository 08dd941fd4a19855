package onnxfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"

	"github.com/gomlx/compute/dtypes/float16"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/dvml/dvml/internal/half"
)

// DataType is TensorProto.DataType.
type DataType int

// The types of values that are read.
const (
	Float    DataType = 1
	Uint8    DataType = 2
	Int8     DataType = 3
	Uint16   DataType = 4
	Int16    DataType = 5
	Int32    DataType = 6
	Int64    DataType = 7
	String   DataType = 8
	Bool     DataType = 9
	Float16  DataType = 10
	Double   DataType = 11
	Uint32   DataType = 12
	Uint64   DataType = 13
	BFloat16 DataType = 16
)

// widths are the bytes of a value.
var widths = map[DataType]int{Float: 4, Uint8: 1, Int8: 1, Uint16: 2, Int16: 2, Int32: 4, Int64: 8, Bool: 1, Float16: 2, Double: 8, Uint32: 4, Uint64: 8, BFloat16: 2}

var typeNames = map[DataType]string{Float: "float32", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16", Int32: "int32", Int64: "int64", String: "string",
	Bool: "bool", Float16: "float16", Double: "float64", Uint32: "uint32", Uint64: "uint64", BFloat16: "bfloat16"}

// String returns the type's name.
func (d DataType) String() string {
	if name, ok := typeNames[d]; ok {
		return name
	}
	return "type " + strconv.Itoa(int(d))
}

// IsFloat reports whether values of the type are floating point.
func (d DataType) IsFloat() bool { return d == Float || d == Float16 || d == Double || d == BFloat16 }

// Tensor is a named constant. Its values are decoded when they are asked for.
type Tensor struct {
	Name string
	Type DataType
	Dims []int
	// Stripped is set where the values are kept elsewhere: see [Tensor.Strip].
	Stripped bool

	raw      []byte    // little endian
	numbers  []int64   // int32_data, int64_data, uint64_data
	floats   []float32 // float_data
	doubles  []float64 // double_data
	external map[string]string
	folder   string // where external data lies; "": nowhere
}

// strippedKey marks, in a model that this project wrote, a tensor whose values are kept elsewhere.
const strippedKey = "dvml.stripped"

// Strip drops the values; name, type and shape stay.
func (t *Tensor) Strip() {
	*t = Tensor{Name: t.Name, Type: t.Type, Dims: t.Dims, Stripped: true}
}

// Size returns the number of values.
func (t *Tensor) Size() int {
	n := 1
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// maxValues bounds a tensor; what a file may hold bounds it further.
const maxValues = 1 << 31

// tensor reads a TensorProto.
func (p *parser) tensor(t *Tensor, message []byte) error {
	var dims []int64
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			err = p.ints(&dims, v)
		case 2:
			t.Type = DataType(min(v.number, 1<<20))
		case 4:
			err = v.fixed(4, func(b []byte) { t.floats = append(t.floats, float32At(b)) })
		case 5, 7, 11:
			err = v.varints(func(x uint64) { t.numbers = append(t.numbers, int64(x)) })
		case 8:
			t.Name, err = p.text(v)
		case 9:
			t.raw = v.bytes
			if t.raw == nil {
				t.raw = []byte{}
			}
		case 10:
			err = v.fixed(8, func(b []byte) { t.doubles = append(t.doubles, float64At(b)) })
		case 13:
			var key, value string
			key, value, err = p.pair(v.bytes)
			if t.external == nil {
				t.external = map[string]string{}
			}
			t.external[key] = value
		case 14:
			if v.number == 1 && t.external == nil {
				t.external = map[string]string{}
			}
		}
		return err
	})
	if err == nil {
		err = t.setDims(dims)
	}
	if err != nil {
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	if t.external[strippedKey] != "" {
		t.external, t.Stripped = nil, true
	}
	return nil
}

// setDims checks the shape, also against what values the message holds.
func (t *Tensor) setDims(dims []int64) error {
	n := int64(1)
	t.Dims = make([]int, len(dims))
	for i, d := range dims {
		switch {
		case d < 0:
			return fmt.Errorf("shape %v has a negative dimension", dims)
		case d > 0 && n > maxValues/d:
			return fmt.Errorf("shape %v has more values than the file has room for", dims)
		}
		n *= d
		t.Dims[i] = int(d)
	}
	held := int64(len(t.numbers)) // integers, booleans and halves
	switch t.Type {
	case Float:
		held = int64(len(t.floats))
	case Double:
		held = int64(len(t.doubles))
	}
	if w := widths[t.Type]; w > 0 && t.raw != nil {
		held = int64(len(t.raw) / w)
	}
	if _, known := widths[t.Type]; known && t.external == nil && held != n {
		return fmt.Errorf("shape %v does not fit its %d values", dims, held)
	}
	return nil
}

// bytes returns the raw values, from the external file where they lie there.
func (t *Tensor) bytes() ([]byte, error) {
	if t.external == nil {
		return t.raw, nil
	}
	if t.folder == "" {
		return nil, errors.New("its values lie in another file, which is not read; save the model with its weights inside")
	}
	name := t.external["location"]
	number := func(key string, otherwise int64) int64 {
		n, err := strconv.ParseInt(t.external[key], 10, 64)
		if err != nil || n < 0 {
			return otherwise
		}
		return n
	}
	size := int64(t.Size()) * int64(widths[t.Type])
	root, err := os.OpenRoot(t.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name) // before it is opened: a pipe would wait
	if err != nil {
		return nil, fmt.Errorf("its values lie in %q, which belongs beside the model: %w", name, err)
	}
	offset := number("offset", 0)
	if length := number("length", size); length != size || !info.Mode().IsRegular() || offset > info.Size() || size > info.Size()-offset {
		return nil, fmt.Errorf("%w: %q does not hold %d bytes from %d on", ErrTorn, name, max(size, length), offset)
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, size)
	_, err = io.ReadFull(io.NewSectionReader(f, offset, size), b)
	return b, err
}

// Float32s returns the values of a tensor of floating point, rounded to float32.
func (t *Tensor) Float32s() ([]float32, error) {
	if !t.Type.IsFloat() || t.Stripped {
		return nil, fmt.Errorf("tensor %q holds no values of floating point but %s", t.Name, t.Type)
	}
	raw, err := t.bytes()
	if err != nil {
		return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
	}
	values := make([]float32, t.Size())
	w := widths[t.Type]
	for i := range values {
		switch {
		case raw != nil:
			values[i] = floatOf(t.Type, raw[i*w:])
		case t.floats != nil:
			values[i] = t.floats[i]
		case t.doubles != nil:
			values[i] = float32(t.doubles[i])
		default:
			values[i] = floatOf(t.Type, binary.LittleEndian.AppendUint64(nil, uint64(t.numbers[i])))
		}
	}
	return values, nil
}

func floatOf(d DataType, b []byte) float32 {
	switch d {
	case Float16:
		return half.Float32(binary.LittleEndian.Uint16(b))
	case BFloat16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	case Double:
		return float32(float64At(b))
	}
	return float32At(b)
}

// Int64s returns the values of a tensor of integers or booleans.
func (t *Tensor) Int64s() ([]int64, error) {
	w, known := widths[t.Type]
	if !known || t.Type.IsFloat() || t.Stripped {
		return nil, fmt.Errorf("tensor %q holds no integers but %s", t.Name, t.Type)
	}
	raw, err := t.bytes()
	if err != nil || raw == nil {
		return t.numbers, err
	}
	values := make([]int64, t.Size())
	for i := range values {
		values[i] = intOf(t.Type, raw[i*w:])
	}
	return values, nil
}

func intOf(d DataType, b []byte) int64 {
	switch d {
	case Uint8, Bool:
		return int64(b[0])
	case Int8:
		return int64(int8(b[0]))
	case Uint16:
		return int64(binary.LittleEndian.Uint16(b))
	case Int16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case Int32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case Uint32:
		return int64(binary.LittleEndian.Uint32(b))
	}
	return int64(binary.LittleEndian.Uint64(b))
}

// External returns the names of the files, relative to the model's, that hold values of its tensors.
func (m *Model) External() []string {
	var names []string
	seen := map[string]bool{}
	m.Graph.tensors(func(t *Tensor) {
		if name := t.external["location"]; name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	})
	return names
}

// tensors calls f for all tensors of the graph and of those within it.
func (g *Graph) tensors(f func(*Tensor)) {
	for _, t := range g.Initializers {
		f(t)
	}
	for _, n := range g.Nodes {
		for _, a := range n.Attributes {
			if a.Tensor != nil {
				f(a.Tensor)
			}
			if a.Graph != nil {
				a.Graph.tensors(f)
			}
		}
	}
}

// setFolder tells all tensors where external data lies.
func (g *Graph) setFolder(folder string) { g.tensors(func(t *Tensor) { t.folder = folder }) }

// NewFloats makes a tensor of float32.
func NewFloats(name string, dims []int, values []float32) *Tensor {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return &Tensor{Name: name, Type: Float, Dims: dims, raw: raw}
}

// NewInts makes a tensor of int64.
func NewInts(name string, dims []int, values ...int64) *Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return &Tensor{Name: name, Type: Int64, Dims: dims, raw: raw}
}

// Inside returns the tensor with its external values, if they can be read, in it.
func (t *Tensor) Inside() *Tensor {
	if t.external == nil {
		return t
	}
	raw, err := t.bytes()
	if err != nil {
		return t
	}
	return &Tensor{Name: t.Name, Type: t.Type, Dims: t.Dims, raw: raw}
}

// NewDoubles makes a tensor of float64.
func NewDoubles(name string, dims []int, values ...float64) *Tensor {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
	}
	return &Tensor{Name: name, Type: Double, Dims: dims, raw: raw}
}

// NewHalves makes a tensor of float16, to which the values are rounded.
func NewHalves(name string, dims []int, values []float32) *Tensor {
	raw := make([]byte, 0, 2*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint16(raw, uint16(float16.FromFloat32(v)))
	}
	return &Tensor{Name: name, Type: Float16, Dims: dims, raw: raw}
}
