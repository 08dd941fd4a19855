package matfile

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// MaxBytes bounds a file, and what its compressed variables unpack to in all; Cars196's annotations take 12 MiB.
const MaxBytes = 64 << 20

const (
	headerBytes = 128
	maxNesting  = 16 // cells and structs within each other
	maxDims     = 32
	maxArrays   = 2 << 20 // an empty one takes 8 bytes in the file and 150 in memory
)

// Types of data elements.
const (
	typeInt8       = 1
	typeUint8      = 2
	typeInt16      = 3
	typeUint16     = 4
	typeInt32      = 5
	typeUint32     = 6
	typeSingle     = 7
	typeDouble     = 9
	typeInt64      = 12
	typeUint64     = 13
	typeMatrix     = 14
	typeCompressed = 15
	typeUTF8       = 16
	typeUTF16      = 17
	typeUTF32      = 18
)

var errCut = errors.New("the file ends early: it is truncated, fetch it again")

// File is what a MAT-file holds.
type File struct {
	Names []string // of the variables, in the order of the file
	vars  map[string]*Array
}

// Var returns a variable.
func (f *File) Var(name string) (*Array, error) {
	if a, ok := f.vars[name]; ok {
		return a, nil
	}
	return nil, fmt.Errorf("matfile: no variable %q, the file holds %q", name, f.Names)
}

// Read reads a whole file. It takes memory of a few times the file's unpacked size.
func Read(r io.Reader) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("matfile: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("matfile: the file is larger than %d MiB", MaxBytes>>20)
	}
	f, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("matfile: %w", err)
	}
	return f, nil
}

// decoder holds what is the same for a whole file.
type decoder struct {
	order  binary.ByteOrder
	left   int64 // bytes that compressed variables may still unpack to
	arrays int   // so far
}

func parse(data []byte) (*File, error) {
	d := &decoder{left: MaxBytes}
	if err := d.header(data); err != nil {
		return nil, err
	}
	f := &File{vars: map[string]*Array{}}
	for rest := data[headerBytes:]; len(rest) > 0; {
		e, next, err := d.element(rest)
		if err != nil {
			return nil, fmt.Errorf("variable %d: %w", len(f.Names), err)
		}
		rest = next
		a, err := d.variable(e)
		if err != nil {
			return nil, fmt.Errorf("variable %d: %w", len(f.Names), err)
		}
		if a == nil {
			continue
		}
		f.Names = append(f.Names, a.Name)
		f.vars[a.Name] = a
	}
	return f, nil
}

// header reads the byte order and refuses other formats.
func (d *decoder) header(data []byte) error {
	switch {
	case bytes.HasPrefix(data, []byte("\x89HDF")) || bytes.HasPrefix(data, []byte("MATLAB 7.3")):
		return errors.New("a MATLAB 7.3 file (HDF5), expected level 5: save it with -v7")
	case len(data) < headerBytes:
		return fmt.Errorf("%d bytes: %w", len(data), errCut)
	}
	switch string(data[126:128]) {
	case "IM":
		d.order = binary.LittleEndian
	case "MI":
		d.order = binary.BigEndian
	default:
		return errors.New("not a level 5 MAT-file: its header has no byte order mark")
	}
	if v := d.order.Uint16(data[124:]); v != 0x0100 {
		return fmt.Errorf("version %#04x of the format, expected 0x0100 (level 5): save it with -v7", v)
	}
	return nil
}

// element is a tagged piece of data.
type element struct {
	kind uint32
	data []byte
}

// element splits the first element off data.
func (d *decoder) element(data []byte) (e element, rest []byte, err error) {
	if len(data) < 8 {
		return e, nil, errCut
	}
	tag := d.order.Uint32(data)
	if size := tag >> 16; size != 0 { // up to four bytes inside the tag
		if size > 4 {
			return e, nil, fmt.Errorf("a small element of %d bytes, at most 4 fit", size)
		}
		return element{tag & 0xffff, data[4 : 4+size]}, data[8:], nil
	}
	size := uint64(d.order.Uint32(data[4:]))
	data = data[8:]
	if size > uint64(len(data)) {
		return e, nil, fmt.Errorf("an element of %d bytes, %d are left: %w", size, len(data), errCut)
	}
	e = element{tag, data[:size]}
	if tag != typeCompressed { // those follow each other closely, all others start at multiples of 8
		size = min((size+7)&^7, uint64(len(data)))
	}
	return e, data[size:], nil
}

// variable reads an element at the top of the file; nil for one that is not an array.
func (d *decoder) variable(e element) (*Array, error) {
	if e.kind == typeCompressed {
		data, err := d.inflate(e.data)
		if err != nil {
			return nil, err
		}
		if e, _, err = d.element(data); err != nil {
			return nil, fmt.Errorf("unpacked: %w", err)
		}
	}
	if e.kind != typeMatrix {
		return nil, nil
	}
	return d.matrix(e.data, 0)
}

func (d *decoder) inflate(data []byte) ([]byte, error) {
	z, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, d.left+1))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if d.left -= int64(len(out)); d.left < 0 {
		return nil, fmt.Errorf("the variables unpack to more than %d MiB", MaxBytes>>20)
	}
	return out, nil
}
