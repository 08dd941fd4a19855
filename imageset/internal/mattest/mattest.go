// Package mattest writes level 5 MAT-files for tests: as much of the format as annotations use.
package mattest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
)

// Value is an array without its name.
type Value struct {
	class  byte
	dims   []int
	pieces [][]byte // data elements after the name
}

// Text is a row of characters.
func Text(s string) Value {
	var b []byte
	for _, r := range s {
		b = binary.LittleEndian.AppendUint16(b, uint16(r))
	}
	return Value{4, []int{1, len(b) / 2}, [][]byte{element(4, b)}}
}

// Byte is a uint8, as annotations hold small numbers.
func Byte(v byte) Value { return Value{9, []int{1, 1}, [][]byte{element(2, []byte{v})}} }

// Number is a double.
func Number(v float64) Value {
	return Value{6, []int{1, 1}, [][]byte{element(9, binary.LittleEndian.AppendUint64(nil, math.Float64bits(v)))}}
}

// Cell is a row of arrays.
func Cell(vs ...Value) Value {
	c := Value{1, []int{1, len(vs)}, nil}
	for _, v := range vs {
		c.pieces = append(c.pieces, v.matrix(""))
	}
	return c
}

// Struct is a row of structs: each of rows has a value for each field.
func Struct(fields []string, rows ...[]Value) Value {
	const width = 32
	names := make([]byte, width*len(fields))
	for i, f := range fields {
		copy(names[i*width:], f)
	}
	s := Value{2, []int{1, len(rows)}, [][]byte{element(5, binary.LittleEndian.AppendUint32(nil, width)), element(1, names)}}
	for _, row := range rows {
		for _, v := range row {
			s.pieces = append(s.pieces, v.matrix(""))
		}
	}
	return s
}

// Variable is a named array.
type Variable struct {
	Name  string
	Value Value
}

// File lays variables out as a file, compressed or not.
func File(compressed bool, vars ...Variable) []byte {
	out := make([]byte, 128)
	copy(out, "MATLAB 5.0 MAT-file, made by a test")
	out[124], out[125], out[126], out[127] = 0, 1, 'I', 'M'
	for _, v := range vars {
		m := v.Value.matrix(v.Name)
		if compressed {
			var b bytes.Buffer
			z := zlib.NewWriter(&b)
			z.Write(m)
			z.Close()
			m = append(tag(15, b.Len()), b.Bytes()...)
		}
		out = append(out, m...)
	}
	return out
}

func (v Value) matrix(name string) []byte {
	body := element(6, []byte{v.class, 0, 0, 0, 0, 0, 0, 0})
	var dims []byte
	for _, d := range v.dims {
		dims = binary.LittleEndian.AppendUint32(dims, uint32(d))
	}
	body = append(body, element(5, dims)...)
	body = append(body, element(1, []byte(name))...)
	for _, p := range v.pieces {
		body = append(body, p...)
	}
	return element(14, body)
}

func tag(kind uint32, size int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, kind)
	return binary.LittleEndian.AppendUint32(b, uint32(size))
}

// element is a tag with data, padded to a multiple of 8; up to 4 bytes go inside the tag.
func element(kind uint32, data []byte) []byte {
	if n := len(data); n > 0 && n <= 4 {
		b := binary.LittleEndian.AppendUint32(nil, kind|uint32(n)<<16)
		return append(b, append(bytes.Clone(data), make([]byte, 4-n)...)...)
	}
	b := append(tag(kind, len(data)), data...)
	return append(b, make([]byte, (8-len(b)%8)%8)...)
}
