package matfile

import (
	"fmt"
	"math"
)

// Class is MATLAB's class of an array; the values are those of the format.
type Class uint8

// The classes. Values that are not listed are kept as they are.
const (
	Cell   Class = 1
	Struct Class = 2
	Object Class = 3
	Char   Class = 4
	Sparse Class = 5
	Double Class = 6
	Single Class = 7
	Int8   Class = 8
	Uint8  Class = 9
	Int16  Class = 10
	Uint16 Class = 11
	Int32  Class = 12
	Uint32 Class = 13
	Int64  Class = 14
	Uint64 Class = 15
)

var classNames = map[Class]string{
	Cell: "cell", Struct: "struct", Object: "object", Char: "char", Sparse: "sparse", Double: "double", Single: "single", Int8: "int8",
	Uint8: "uint8", Int16: "int16", Uint16: "uint16", Int32: "int32", Uint32: "uint32", Int64: "int64", Uint64: "uint64",
}

// String returns MATLAB's name of the class.
func (c Class) String() string {
	if s, ok := classNames[c]; ok {
		return s
	}
	return fmt.Sprintf("class %d", uint8(c))
}

func (c Class) numeric() bool { return c >= Double && c <= Uint64 }

// Array is a variable, or an element of a cell or struct array. Elements are in MATLAB's order, the first dimension fastest.
type Array struct {
	Name    string
	Class   Class
	Dims    []int     // two at least
	Numbers []float64 // numeric classes and logical; 64-bit integers beyond 2^53 are rounded
	Text    string    // Char
	Fields  []string  // Struct: names
	Cells   []*Array  // Cell: the elements. Struct: field f of element i is Cells[i*len(Fields)+f]
}

// Len is the number of elements, the product of Dims.
func (a *Array) Len() int {
	n := 1
	for _, d := range a.Dims {
		n *= d
	}
	return n
}

// Field returns a field of element i of a struct array.
func (a *Array) Field(i int, name string) (*Array, error) {
	if a.Class != Struct {
		return nil, fmt.Errorf("matfile: field %q of %s: expected a struct", name, a.describe())
	}
	if i < 0 || i >= a.Len() {
		return nil, fmt.Errorf("matfile: element %d of %s", i, a.describe())
	}
	for f, field := range a.Fields {
		if field == name {
			return a.Cells[i*len(a.Fields)+f], nil
		}
	}
	return nil, fmt.Errorf("matfile: %s has no field %q, its fields are %q", a.describe(), name, a.Fields)
}

// Int returns the whole number that the array holds.
func (a *Array) Int() (int, error) {
	if !a.Class.numeric() || len(a.Numbers) != 1 {
		return 0, fmt.Errorf("matfile: %s: expected one number", a.describe())
	}
	v := a.Numbers[0]
	if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, fmt.Errorf("matfile: %s holds %g: expected a whole number", a.describe(), v)
	}
	return int(v), nil
}

// String returns the text of a Char array, a description of any other.
func (a *Array) String() string {
	if a.Class == Char {
		return a.Text
	}
	return a.describe()
}

func (a *Array) describe() string {
	s := fmt.Sprintf("%v array of dims %v", a.Class, a.Dims)
	if a.Name != "" {
		s = fmt.Sprintf("%q, a %s", a.Name, s)
	}
	return s
}
