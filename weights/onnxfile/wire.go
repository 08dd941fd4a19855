package onnxfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// ErrTorn is wrapped by the error of a message that ends early or is not a protocol buffer.
var ErrTorn = errors.New("the ONNX file is torn or corrupted")

const (
	maxDepth = 16      // graphs within attributes within nodes within graphs
	maxParts = 1 << 19 // nodes, attributes, tensors, names and lists of numbers, eight to a part
)

// parser counts what it makes, so that a small file cannot ask for much memory.
type parser struct {
	depth, parts int
}

func (p *parser) count(n int) error {
	if p.parts += n; p.parts > maxParts {
		return fmt.Errorf("the ONNX file has more than %d parts; no network needs as many", maxParts)
	}
	return nil
}

// nest runs f one level down.
func (p *parser) nest(f func() error) error {
	if p.depth++; p.depth > maxDepth {
		return fmt.Errorf("the ONNX file nests graphs more than %d deep", maxDepth)
	}
	defer func() { p.depth-- }()
	return f()
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

// text counts and returns a string.
func (p *parser) text(v field) (string, error) {
	if v.kind != protowire.BytesType {
		return "", fmt.Errorf("%w: a number where a name belongs", ErrTorn)
	}
	return string(v.bytes), p.count(1)
}

// appendText appends a string to a list.
func (p *parser) appendText(list *[]string, v field) error {
	s, err := p.text(v)
	*list = append(*list, s)
	return err
}

// ints appends the integers of a repeated field, packed or not.
func (p *parser) ints(list *[]int64, v field) error {
	if v.kind != protowire.BytesType {
		*list = append(*list, int64(v.number))
		return p.count(1)
	}
	if err := p.count(1 + len(v.bytes)/8); err != nil {
		return err
	}
	return v.varints(func(x uint64) { *list = append(*list, int64(x)) })
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

func float32At(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }

func float64At(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }
