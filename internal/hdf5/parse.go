package hdf5

import "fmt"

// maxNesting bounds types within types.
const maxNesting = 8

// parseType reads a data type message.
func parseType(c *cursor, depth int) (Type, error) {
	if depth > maxNesting {
		return Type{}, fmt.Errorf("hdf5: %w: data types nested %d deep", ErrFormat, depth)
	}
	head := c.u32()
	t := Type{Class: Class(head & 15), Size: int(c.u32() & 0x7fffffff)}
	version, bits := head>>4&15, head>>8
	if err := c.err("a data type"); err != nil {
		return Type{}, err
	}
	if t.Size == 0 {
		return Type{}, fmt.Errorf("hdf5: %w: a data type of no bytes", ErrFormat)
	}
	switch t.Class {
	case Integer:
		t.BigEndian, t.Signed = bits&1 != 0, bits&8 != 0
		c.take(4)
	case Float:
		t.BigEndian = bits&1 != 0
		c.take(12)
	case String:
		t.Spaces = bits&15 == 2
	case Reference:
		if bits&15 != 0 || t.Size != 8 {
			return Type{}, fmt.Errorf("hdf5: %w: a reference of another kind than to objects", ErrUnsupported)
		}
	case Enum:
		base, err := parseType(c, depth+1)
		if err != nil {
			return Type{}, err
		}
		if base.Class != Integer || base.Size != t.Size {
			return Type{}, fmt.Errorf("hdf5: %w: an enumeration of %v", ErrFormat, base.Class)
		}
		t.Base = &base
		for range bits & 0xffff {
			if c.name(version < 3); c.short {
				break
			}
		}
		c.take(int(bits&0xffff) * base.Size)
	case Variable:
		base, err := parseType(c, depth+1)
		if err != nil {
			return Type{}, err
		}
		t.Base, t.Text = &base, bits&15 == 1
	case Compound:
		if err := t.parseMembers(c, int(bits&0xffff), int(version), depth); err != nil {
			return Type{}, err
		}
	default:
		return Type{}, fmt.Errorf("hdf5: %w: data type %v", ErrUnsupported, t.Class)
	}
	return t, c.err("a data type")
}

func (t *Type) parseMembers(c *cursor, n, version, depth int) error {
	width := 1
	for s := t.Size; s > 255; s >>= 8 {
		width++
	}
	for range n {
		m := Member{Name: c.name(version < 3)}
		switch version {
		case 1:
			m.Offset = int(c.u32())
			if rank := c.u8(); rank != 0 {
				return fmt.Errorf("hdf5: %w: a compound with an array in it", ErrUnsupported)
			}
			c.take(3 + 4 + 4 + 16)
		case 2:
			m.Offset = int(c.u32())
		default:
			m.Offset = int(c.uint(width))
		}
		if err := c.err("a compound"); err != nil {
			return err
		}
		var err error
		if m.Type, err = parseType(c, depth+1); err != nil {
			return err
		}
		if m.Offset > t.Size || m.Type.Size > t.Size-m.Offset {
			return fmt.Errorf("hdf5: %w: field %q lies outside its compound", ErrFormat, m.Name)
		}
		t.Members = append(t.Members, m)
	}
	return nil
}

// parseSpace reads a dataspace message. A scalar has no dims, an empty space dims [0].
func parseSpace(c *cursor) (dims, most []uint64, err error) {
	version, rank, flags := c.u8(), c.u8(), c.u8()
	switch version {
	case 1:
		c.take(5)
	case 2:
		if kind := c.u8(); kind == 2 {
			return []uint64{0}, []uint64{0}, c.err("a dataspace")
		}
	default:
		return nil, nil, fmt.Errorf("hdf5: %w: dataspace version %d", ErrUnsupported, version)
	}
	for range rank {
		dims = append(dims, c.u64())
	}
	most = dims
	if flags&1 != 0 {
		most = nil
		for range rank {
			most = append(most, c.u64())
		}
	}
	return dims, most, c.err("a dataspace")
}

// bytesOf returns the bytes that dims of t take, false where that is more than limit.
func bytesOf(t Type, dims []uint64, limit uint64) (uint64, bool) {
	n := uint64(t.Size)
	for _, d := range dims {
		if d == 0 {
			return 0, true
		}
		if n > limit/d {
			return 0, false
		}
		n *= d
	}
	return n, n <= limit
}

// parseAttribute reads an attribute message.
func parseAttribute(b []byte) (Attribute, error) {
	c := &cursor{b: b}
	version, flags := c.u8(), c.u8()
	if version < 1 || version > 3 {
		return Attribute{}, fmt.Errorf("hdf5: %w: attribute version %d", ErrUnsupported, version)
	}
	nameSize, typeSize, spaceSize := c.u16(), c.u16(), c.u16()
	if version == 3 {
		c.u8()
	}
	field := func(n int) *cursor {
		f := &cursor{b: c.take(n)}
		if version == 1 {
			c.take(-n & 7)
		}
		return f
	}
	a := Attribute{Name: field(nameSize).name(false)}
	kind, space := field(typeSize), field(spaceSize)
	if err := c.err("an attribute"); err != nil {
		return Attribute{}, err
	}
	if version > 1 && flags&3 != 0 {
		return a, fmt.Errorf("hdf5: %w: attribute %q has a committed data type", ErrUnsupported, a.Name)
	}
	var err error
	if a.Type, err = parseType(kind, 0); err != nil {
		return a, fmt.Errorf("hdf5: attribute %q: %w", a.Name, err)
	}
	if a.Dims, _, err = parseSpace(space); err != nil {
		return a, fmt.Errorf("hdf5: attribute %q: %w", a.Name, err)
	}
	n, ok := bytesOf(a.Type, a.Dims, uint64(len(c.b)))
	if !ok {
		return a, fmt.Errorf("hdf5: %w: attribute %q %v is cut short", ErrFormat, a.Name, a.Dims)
	}
	a.Data = c.take(int(n))
	return a, nil
}
