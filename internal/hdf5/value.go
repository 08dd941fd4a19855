package hdf5

import (
	"fmt"
	"math"
)

// Len is the number of elements.
func (v Value) Len() int { return len(v.Data) / max(1, v.Type.Size) }

// At returns the bytes of element i.
func (v Value) At(i int) []byte { return v.Data[i*v.Type.Size : (i+1)*v.Type.Size] }

// Ints returns integers of any width.
func (v Value) Ints() ([]int64, error) {
	out := make([]int64, v.Len())
	for i := range out {
		var err error
		if out[i], err = v.Type.Int(v.At(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Field returns one member of an array of compounds.
func (v Value) Field(name string) (Value, error) {
	m, ok := v.Type.Field(name)
	if !ok {
		return Value{}, fmt.Errorf("hdf5: %v has no field %q", v.Type.Class, name)
	}
	out := Value{Type: m.Type, Dims: v.Dims}
	for i := range v.Len() {
		out.Data = append(out.Data, v.At(i)[m.Offset:m.Offset+m.Type.Size]...)
	}
	return out, nil
}

// Strings returns texts of fixed or variable length.
func (f *File) Strings(v Value) ([]string, error) {
	out := make([]string, v.Len())
	heaps := map[uint64]map[int][]byte{}
	for i := range out {
		b := v.At(i)
		switch {
		case v.Type.Class == String:
			out[i] = v.Type.Trim(b)
		case v.Type.Class == Variable && v.Type.Size == 16:
			text, err := f.variable(b, heaps)
			if err != nil {
				return nil, err
			}
			out[i] = v.Type.Trim(text)
		default:
			return nil, fmt.Errorf("hdf5: %v where text belongs", v.Type.Class)
		}
	}
	return out, nil
}

// variable returns what an element of variable length points to: its length, then the address of a global heap and an index in it.
func (f *File) variable(element []byte, heaps map[uint64]map[int][]byte) ([]byte, error) {
	c := &cursor{b: element}
	length, at, index := c.u32(), c.u64(), c.u32()
	if length == 0 {
		return nil, nil
	}
	heap, ok := heaps[at]
	if !ok {
		var err error
		if heap, err = f.globalHeap(at); err != nil {
			return nil, err
		}
		heaps[at] = heap
	}
	if index > math.MaxUint16 || uint64(length) > uint64(len(heap[int(index)])) {
		return nil, fmt.Errorf("hdf5: %w: a text is missing from its heap", ErrFormat)
	}
	return heap[int(index)][:length], nil
}

// globalHeap returns the objects of the heap at an address.
func (f *File) globalHeap(at uint64) (map[int][]byte, error) {
	head, err := f.bytes(at, 16)
	if err != nil {
		return nil, err
	}
	size := (&cursor{b: head[8:]}).u64()
	if string(head[:4]) != "GCOL" || size < 16 {
		return nil, fmt.Errorf("hdf5: %w: no global heap at %d", ErrFormat, at)
	}
	body, err := f.bytes(at, size)
	if err != nil {
		return nil, err
	}
	objects := map[int][]byte{}
	for c := (&cursor{b: body[16:]}); len(c.b) >= 16; {
		index := c.u16()
		c.take(6)
		n := c.u64()
		if index == 0 { // the free rest
			break
		}
		if n > uint64(len(c.b)) {
			return nil, fmt.Errorf("hdf5: %w: a global heap is cut short", ErrFormat)
		}
		objects[index] = c.take(int(n))
		c.take(min(len(c.b), int(-n&7)))
	}
	return objects, nil
}
