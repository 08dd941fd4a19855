package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields of ONNX that are read. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const (
	modelGraph       = 7 // ModelProto.graph
	graphInitializer = 5 // GraphProto.initializer

	tensorDims         = 1
	tensorDataType     = 2
	tensorFloatData    = 4
	tensorName         = 8
	tensorRawData      = 9
	tensorDoubleData   = 10
	tensorExternalData = 13
	tensorLocation     = 14
)

// onnxTypes gives the floating types of TensorProto.DataType by their safetensors names.
var onnxTypes = map[uint64]string{1: "F32", 10: "F16", 11: "F64", 16: "BF16"}

// readONNX reads the initialisers of an ONNX model.
func readONNX(r io.ReaderAt, size int64) (*File, error) {
	if size > 1<<31 {
		return nil, errors.New("an ONNX file of more than 2 GiB, which the format does not allow")
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), message); err != nil {
		return nil, err
	}
	file := &File{Tensors: map[string]Tensor{}, Meta: map[string]string{}}
	graphs := 0
	err := fields(message, func(number protowire.Number, value field) error {
		if number != modelGraph || value.kind != protowire.BytesType {
			return nil
		}
		graphs++
		return fields(value.bytes, func(number protowire.Number, value field) error {
			if number != graphInitializer || value.kind != protowire.BytesType {
				return nil
			}
			name, t, err := parseTensor(value.bytes)
			if err != nil {
				return fmt.Errorf("initialiser %q: %w", name, err)
			}
			if t.Data != nil {
				file.Tensors[name] = t
			}
			return nil
		})
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("ONNX: %w", err)
	case graphs == 0:
		return nil, errUnknown
	case len(file.Tensors) == 0:
		return nil, errors.New("ONNX: the model has no initialisers of floating point, so no weights")
	}
	return file, nil
}

// field is the value of one field of a message.
type field struct {
	kind   protowire.Type
	number uint64 // of a varint, fixed32 or fixed64
	bytes  []byte // of a message, string or packed list; part of the message
}

// fields calls f for each field of a message.
func fields(message []byte, f func(protowire.Number, field) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrTorn, protowire.ParseError(n))
		}
		message = message[n:]
		value := field{kind: kind}
		switch kind {
		case protowire.VarintType:
			value.number, n = protowire.ConsumeVarint(message)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(message)
			value.number = uint64(v)
		case protowire.Fixed64Type:
			value.number, n = protowire.ConsumeFixed64(message)
		case protowire.BytesType:
			value.bytes, n = protowire.ConsumeBytes(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrTorn, protowire.ParseError(n))
		}
		message = message[n:]
		if err := f(number, value); err != nil {
			return err
		}
	}
	return nil
}

// parseTensor reads a TensorProto. Data is nil where its type is none of floating point.
func parseTensor(message []byte) (name string, t Tensor, err error) {
	var raw []byte
	var values []float32
	dtype, external := uint64(0), false
	t.Shape = []int{}
	err = fields(message, func(number protowire.Number, v field) error {
		switch number {
		case tensorDims:
			return v.varints(func(d uint64) { t.Shape = append(t.Shape, int(d)) })
		case tensorDataType:
			dtype = v.number
		case tensorName:
			name = string(v.bytes)
		case tensorRawData:
			raw = v.bytes
		case tensorFloatData:
			return v.fixed(4, func(b []byte) { values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(b))) })
		case tensorDoubleData:
			return v.fixed(8, func(b []byte) { values = append(values, float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))) })
		case tensorExternalData:
			external = true
		case tensorLocation:
			external = external || v.number == 1
		}
		return nil
	})
	if err != nil {
		return name, t, err
	}
	kind, isFloat := onnxTypes[dtype]
	switch {
	case !isFloat:
		return name, Tensor{}, nil
	case external:
		return name, t, errors.New("its values lie in another file, which is not read; save the model with its weights inside")
	case raw != nil:
		values, err = readFloats(bytes.NewReader(raw), kind, int64(len(raw)))
	case values == nil && (kind == "F16" || kind == "BF16"):
		return name, t, errors.New("its halves are stored as int32_data, which is not read; save them as raw data")
	}
	if err != nil {
		return name, t, err
	}
	n, err := sizeOf(t.Shape, int64(len(values)))
	if err == nil && n != len(values) {
		err = fmt.Errorf("shape %v does not fit its %d values", t.Shape, len(values))
	}
	if values == nil {
		values = []float32{}
	}
	t.Data = values
	return name, t, err
}

// varints calls f for each integer of a repeated field, packed or not.
func (v field) varints(f func(uint64)) error {
	if v.kind != protowire.BytesType {
		f(v.number)
		return nil
	}
	for b := v.bytes; len(b) > 0; {
		x, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrTorn, protowire.ParseError(n))
		}
		f(x)
		b = b[n:]
	}
	return nil
}

// fixed calls f for each value of width bytes of a repeated field, packed or not.
func (v field) fixed(width int, f func([]byte)) error {
	b := v.bytes
	if v.kind != protowire.BytesType {
		b = binary.LittleEndian.AppendUint64(nil, v.number)[:width]
	}
	if len(b)%width != 0 {
		return fmt.Errorf("%w: %d bytes of values of %d bytes", ErrTorn, len(b), width)
	}
	for ; len(b) > 0; b = b[width:] {
		f(b[:width])
	}
	return nil
}
