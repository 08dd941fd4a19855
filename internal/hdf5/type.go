package hdf5

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// Class is the kind of a [Type]; the values are HDF5's own.
type Class uint8

// The classes that are read; others are refused.
const (
	Integer   Class = 0
	Float     Class = 1
	String    Class = 3 // of fixed length
	Compound  Class = 6
	Reference Class = 7 // to an object, by address
	Enum      Class = 8 // h5py's bool is the enumeration FALSE, TRUE of int8
	Variable  Class = 9 // a string or sequence of variable length, kept in a global heap
)

func (c Class) String() string {
	switch c {
	case Integer:
		return "integer"
	case Float:
		return "float"
	case String:
		return "string"
	case Compound:
		return "compound"
	case Reference:
		return "reference"
	case Enum:
		return "enumeration"
	case Variable:
		return "variable length"
	}
	return fmt.Sprintf("class %d", uint8(c))
}

// Type is a data type.
type Type struct {
	Class     Class
	Size      int      // bytes of one element
	Signed    bool     // integers
	BigEndian bool     // integers and floats
	Text      bool     // Variable: a string rather than a sequence
	Spaces    bool     // String: filled up with spaces, not zeros
	Members   []Member // Compound
	Base      *Type    // Enum, Variable
}

// Member is a field of a Compound.
type Member struct {
	Name   string
	Offset int
	Type   Type
}

// Types that files of images are made of.
var (
	Uint8   = Type{Class: Integer, Size: 1}
	Int32   = Type{Class: Integer, Size: 4, Signed: true}
	Int64   = Type{Class: Integer, Size: 8, Signed: true}
	Float32 = Type{Class: Float, Size: 4}
	Float16 = Type{Class: Float, Size: 2}
	Bool    = Type{Class: Enum, Size: 1, Base: &Type{Class: Integer, Size: 1, Signed: true}}
	Object  = Type{Class: Reference, Size: 8}
)

// Text returns the type of a UTF-8 string of at most n bytes, filled up with zeros.
func Text(n int) Type { return Type{Class: String, Size: max(1, n)} }

// Record returns the Compound of members laid one after another; their offsets are set.
func Record(members ...Member) Type {
	t := Type{Class: Compound, Members: members}
	for i := range t.Members {
		t.Members[i].Offset = t.Size
		t.Size += t.Members[i].Type.Size
	}
	return t
}

// Field returns the member of a Compound by name.
func (t Type) Field(name string) (Member, bool) {
	for _, m := range t.Members {
		if m.Name == name {
			return m, true
		}
	}
	return Member{}, false
}

// Int returns the integer (or number of an enumeration, or address of a reference) that b holds.
func (t Type) Int(b []byte) (int64, error) {
	if t.Class == Enum {
		return t.Base.Int(b)
	}
	if t.Class != Integer && t.Class != Reference {
		return 0, fmt.Errorf("hdf5: %v where an integer belongs", t.Class)
	}
	if len(b) < t.Size || t.Size > 8 || t.Size < 1 {
		return 0, fmt.Errorf("hdf5: an integer of %d bytes in %d", t.Size, len(b))
	}
	var v uint64
	for i := range t.Size {
		at := t.Size - 1 - i
		if t.BigEndian {
			at = i
		}
		v = v<<8 | uint64(b[at])
	}
	if t.Signed {
		shift := 64 - 8*t.Size
		return int64(v<<shift) >> shift, nil
	}
	if v > math.MaxInt64 && t.Class == Integer {
		return 0, fmt.Errorf("hdf5: %d is larger than 63 bits hold", v)
	}
	return int64(v), nil
}

// Trim returns the text of a String without what fills it up: up to the first zero, and without trailing spaces where it is filled up with those.
func (t Type) Trim(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if t.Spaces {
		b = bytes.TrimRight(b, " ")
	}
	return string(b)
}

// encode returns the data type message.
func (t Type) encode() []byte {
	le := binary.LittleEndian
	head := func(version int, bits uint32) []byte {
		b := le.AppendUint32(nil, uint32(version)<<4|uint32(t.Class)|bits<<8)
		return le.AppendUint32(b, uint32(t.Size))
	}
	switch t.Class {
	case Integer:
		var bits uint32
		if t.Signed {
			bits = 8
		}
		b := head(1, bits)
		b = le.AppendUint16(b, 0)
		return le.AppendUint16(b, uint16(8*t.Size))
	case Float: // IEEE 754: half or single precision
		if t.Size == 2 {
			b := head(1, 0x0f20)
			return append(b, 0, 0, 16, 0, 10, 5, 0, 10, 15, 0, 0, 0)
		}
		b := head(1, 0x1f20)
		return append(b, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0)
	case String:
		return head(1, 0x11) // filled with zeros, UTF-8
	case Reference:
		return head(1, 0)
	case Enum: // only Bool is written
		b := append(head(3, 2), t.Base.encode()...)
		b = append(b, "FALSE\x00TRUE\x00"...)
		return append(b, 0, 1)
	case Compound:
		b := head(3, uint32(len(t.Members)))
		width := 1
		for n := t.Size; n > 255; n >>= 8 {
			width++
		}
		for _, m := range t.Members {
			b = append(append(b, m.Name...), 0)
			b = append(b, le.AppendUint64(nil, uint64(m.Offset))[:width]...)
			b = append(b, m.Type.encode()...)
		}
		return b
	}
	panic(fmt.Sprintf("hdf5: a %v is not written", t.Class))
}
