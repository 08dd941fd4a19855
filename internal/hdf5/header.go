package hdf5

import (
	"encoding/binary"
	"fmt"
)

// headerMessage is one message of an object header.
type headerMessage struct {
	kind  int
	flags int
	body  []byte
}

// messages returns the header messages of the object at an address, continuations included.
func (f *File) messages(at uint64) ([]headerMessage, error) {
	start, err := f.bytes(at, 16)
	if err != nil {
		return nil, fmt.Errorf("hdf5: object header: %w", err)
	}
	if string(start[:4]) == "OHDR" {
		return f.messages2(at, start)
	}
	if start[0] != 1 {
		return nil, fmt.Errorf("hdf5: %w: no object header at %d", ErrFormat, at)
	}
	first, err := f.bytes(at+16, uint64(binary.LittleEndian.Uint32(start[8:])))
	if err != nil {
		return nil, err
	}
	split := func(c *cursor) headerMessage {
		kind, size := c.u16(), c.u16()
		flags := c.u8()
		c.take(3)
		return headerMessage{kind, flags, c.take(size)}
	}
	return f.collect(first, 8, split, func(b []byte) ([]byte, error) { return b, nil })
}

// messages2 reads an object header of version 2.
func (f *File) messages2(at uint64, start []byte) ([]headerMessage, error) {
	if start[4] != 2 {
		return nil, fmt.Errorf("hdf5: %w: object header version %d", ErrUnsupported, start[4])
	}
	flags := start[5]
	head := uint64(6)
	if flags&0x20 != 0 {
		head += 16 // times
	}
	if flags&0x10 != 0 {
		head += 4 // phase change of attributes
	}
	width := uint64(1) << (flags & 3)
	b, err := f.bytes(at, head+width)
	if err != nil {
		return nil, err
	}
	size := (&cursor{b: b[head:]}).uint(int(width))
	if size > f.size {
		return nil, fmt.Errorf("hdf5: %w: an object header of %d bytes", ErrFormat, size)
	}
	whole, err := f.bytes(at, head+width+size+4)
	if err != nil {
		return nil, err
	}
	sealed := func(b []byte) ([]byte, error) {
		n := len(b) - 4
		if n < 4 || checksum(b[:n]) != binary.LittleEndian.Uint32(b[n:]) {
			return nil, fmt.Errorf("hdf5: %w: the checksum of an object header is wrong", ErrFormat)
		}
		return b[:n], nil
	}
	body, err := sealed(whole)
	if err != nil {
		return nil, err
	}
	least := 4
	if flags&4 != 0 {
		least = 6
	}
	split := func(c *cursor) headerMessage {
		kind, size := c.u8(), c.u16()
		flags := c.u8()
		c.take(least - 4)
		return headerMessage{kind, flags, c.take(size)}
	}
	unwrap := func(b []byte) ([]byte, error) {
		b, err := sealed(b)
		if err == nil && string(b[:4]) != "OCHK" {
			err = fmt.Errorf("hdf5: %w: no continuation of an object header where one should be", ErrFormat)
		}
		if err != nil {
			return nil, err
		}
		return b[4:], nil
	}
	return f.collect(body[head+width:], least, split, unwrap)
}

// collect splits chunks of at least least bytes a message, following continuations.
func (f *File) collect(first []byte, least int, split func(*cursor) headerMessage, unwrap func([]byte) ([]byte, error)) ([]headerMessage, error) {
	var all []headerMessage
	chunks, seen := [][]byte{first}, map[uint64]bool{}
	for i := 0; i < len(chunks); i++ {
		c := &cursor{b: chunks[i]}
		for len(c.b) >= least {
			m := split(c)
			if err := c.err("a header message"); err != nil {
				return nil, err
			}
			if m.kind == msgContinuation {
				to := &cursor{b: m.body}
				at, n := to.u64(), to.u64()
				if seen[at] {
					return nil, fmt.Errorf("hdf5: %w: an object header goes on at %d twice", ErrFormat, at)
				}
				seen[at] = true
				b, err := f.bytes(at, n)
				if err != nil {
					return nil, err
				}
				if b, err = unwrap(b); err != nil {
					return nil, err
				}
				chunks = append(chunks, b)
			} else {
				all = append(all, m)
			}
		}
	}
	return all, nil
}
