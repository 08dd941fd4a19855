package matfile

import (
	"fmt"
	"math"
	"unicode/utf16"
)

// matrix reads the data of an array element.
func (d *decoder) matrix(data []byte, nesting int) (*Array, error) {
	if nesting > maxNesting {
		return nil, fmt.Errorf("cells and structs are nested deeper than %d", maxNesting)
	}
	if len(data) == 0 { // how cells hold []
		return &Array{Class: Double, Dims: []int{0, 0}}, nil
	}
	flags, data, err := d.element(data)
	if err != nil {
		return nil, fmt.Errorf("flags: %w", err)
	}
	if len(flags.data) < 4 {
		return nil, fmt.Errorf("flags of %d bytes", len(flags.data))
	}
	a := &Array{Class: Class(d.order.Uint32(flags.data))}
	if a.Class > Uint64 || a.Class == 0 { // function handles and newer objects have another layout
		return a, nil
	}
	dims, data, err := d.element(data)
	if err != nil {
		return nil, fmt.Errorf("dims: %w", err)
	}
	n, err := a.setDims(d, dims)
	if err != nil {
		return nil, err
	}
	name, data, err := d.element(data)
	if err != nil {
		return nil, fmt.Errorf("name: %w", err)
	}
	a.Name = string(name.data)
	switch {
	case a.Class.numeric():
		err = d.numbers(a, n, data)
	case a.Class == Char:
		err = d.text(a, n, data)
	case a.Class == Cell:
		err = d.cells(a, n, data, nesting)
	case a.Class == Struct:
		err = d.structs(a, n, data, nesting)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.describe(), err)
	}
	return a, nil
}

// setDims returns the number of elements.
func (a *Array) setDims(d *decoder, e element) (int, error) {
	if e.kind != typeInt32 || len(e.data)%4 != 0 || len(e.data) < 8 || len(e.data) > 4*maxDims {
		return 0, fmt.Errorf("dims of %d bytes and type %d, expected 2 to %d int32", len(e.data), e.kind, maxDims)
	}
	n := uint64(1)
	for i := 0; i < len(e.data); i += 4 {
		v := int32(d.order.Uint32(e.data[i:]))
		a.Dims = append(a.Dims, int(v))
		if v < 0 {
			return 0, fmt.Errorf("dims %v", a.Dims)
		}
		if n *= uint64(v); n > MaxBytes {
			return 0, fmt.Errorf("dims %v: more than %d elements", a.Dims, MaxBytes)
		}
	}
	return int(n), nil
}

func (d *decoder) numbers(a *Array, n int, data []byte) error {
	e, _, err := d.element(data)
	if err != nil {
		return err
	}
	a.Numbers, err = d.values(e)
	if err == nil && len(a.Numbers) != n {
		err = fmt.Errorf("%d numbers", len(a.Numbers))
	}
	return err
}

// values widens numbers of any type.
func (d *decoder) values(e element) ([]float64, error) {
	width, ok := map[uint32]int{typeInt8: 1, typeUint8: 1, typeUTF8: 1, typeInt16: 2, typeUint16: 2, typeUTF16: 2, typeInt32: 4, typeUint32: 4,
		typeUTF32: 4, typeSingle: 4, typeDouble: 8, typeInt64: 8, typeUint64: 8}[e.kind]
	if !ok {
		return nil, fmt.Errorf("numbers of unknown type %d", e.kind)
	}
	if len(e.data)%width != 0 {
		return nil, fmt.Errorf("%d bytes of numbers of %d bytes", len(e.data), width)
	}
	out := make([]float64, len(e.data)/width)
	for i := range out {
		b := e.data[i*width:]
		switch e.kind {
		case typeInt8:
			out[i] = float64(int8(b[0]))
		case typeUint8, typeUTF8:
			out[i] = float64(b[0])
		case typeInt16:
			out[i] = float64(int16(d.order.Uint16(b)))
		case typeUint16, typeUTF16:
			out[i] = float64(d.order.Uint16(b))
		case typeInt32:
			out[i] = float64(int32(d.order.Uint32(b)))
		case typeUint32, typeUTF32:
			out[i] = float64(d.order.Uint32(b))
		case typeSingle:
			out[i] = float64(math.Float32frombits(d.order.Uint32(b)))
		case typeDouble:
			out[i] = math.Float64frombits(d.order.Uint64(b))
		case typeInt64:
			out[i] = float64(int64(d.order.Uint64(b)))
		case typeUint64:
			out[i] = float64(d.order.Uint64(b))
		}
	}
	return out, nil
}

func (d *decoder) text(a *Array, n int, data []byte) error {
	if n == 0 && len(data) == 0 {
		return nil
	}
	e, _, err := d.element(data)
	if err != nil {
		return err
	}
	if e.kind == typeUTF8 {
		a.Text = string(e.data)
		return nil
	}
	codes, err := d.values(e)
	if err != nil {
		return err
	}
	if e.kind == typeUint16 || e.kind == typeUTF16 {
		units := make([]uint16, len(codes))
		for i, c := range codes {
			units[i] = uint16(c)
		}
		a.Text = string(utf16.Decode(units))
		return nil
	}
	runes := make([]rune, len(codes))
	for i, c := range codes {
		runes[i] = rune(min(max(c, 0), math.MaxInt32)) // what is not a code point becomes U+FFFD
	}
	a.Text = string(runes)
	return nil
}

// list reads n arrays that follow each other.
func (d *decoder) list(n int, data []byte, nesting int) ([]*Array, error) {
	if n > len(data)/8 {
		return nil, fmt.Errorf("%d arrays in %d bytes: %w", n, len(data), errCut)
	}
	if d.arrays += n; d.arrays > maxArrays {
		return nil, fmt.Errorf("more than %d cells and fields", maxArrays)
	}
	out := make([]*Array, n)
	for i := range out {
		e, rest, err := d.element(data)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		if e.kind != typeMatrix {
			return nil, fmt.Errorf("element %d: type %d, expected an array", i, e.kind)
		}
		if out[i], err = d.matrix(e.data, nesting+1); err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		data = rest
	}
	return out, nil
}

func (d *decoder) cells(a *Array, n int, data []byte, nesting int) (err error) {
	a.Cells, err = d.list(n, data, nesting)
	return err
}

func (d *decoder) structs(a *Array, n int, data []byte, nesting int) error {
	e, data, err := d.element(data)
	if err != nil {
		return fmt.Errorf("length of names: %w", err)
	}
	if len(e.data) < 4 {
		return fmt.Errorf("length of names in %d bytes", len(e.data))
	}
	width := int(int32(d.order.Uint32(e.data)))
	names, data, err := d.element(data)
	if err != nil {
		return fmt.Errorf("names: %w", err)
	}
	if width < 1 || len(names.data)%width != 0 {
		return fmt.Errorf("%d bytes of names of %d bytes", len(names.data), width)
	}
	for i := 0; i < len(names.data); i += width {
		a.Fields = append(a.Fields, text(names.data[i:i+width]))
	}
	a.Cells, err = d.list(n*len(a.Fields), data, nesting)
	return err
}

// text cuts a name at its first zero byte.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
