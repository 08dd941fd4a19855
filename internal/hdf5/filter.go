package hdf5

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

// filter is one step of what was done to a chunk before it was written.
type filter struct {
	id     int
	values []uint32 // what it was told
}

// The filters that are undone here: what h5py and the HDF5 tools write by default.
const (
	deflate    = 1
	shuffle    = 2
	fletcher32 = 3
	lzf        = 32000 // h5py's
)

// parseFilters reads a filter pipeline message.
func parseFilters(c *cursor) ([]filter, error) {
	version, n := c.u8(), c.u8()
	if version != 1 && version != 2 {
		return nil, fmt.Errorf("hdf5: %w: filter pipeline version %d", ErrUnsupported, version)
	}
	if version == 1 {
		c.take(6)
	}
	var filters []filter
	for range n {
		f := filter{id: c.u16()}
		name := 0
		if version == 1 || f.id >= 256 {
			name = c.u16()
		}
		c.u16() // flags
		values := c.u16()
		c.take(name)
		for range values {
			if c.short {
				break
			}
			f.values = append(f.values, c.u32())
		}
		if version == 1 && values%2 == 1 {
			c.take(4)
		}
		filters = append(filters, f)
	}
	return filters, c.err("a filter pipeline")
}

// unfilter undoes the filters of a chunk that gives size bytes. Those whose bit is set in mask were left out.
func unfilter(filters []filter, mask uint32, b []byte, size, element int) ([]byte, error) {
	for i := len(filters) - 1; i >= 0; i-- {
		if mask&(1<<i) != 0 {
			continue
		}
		var err error
		switch f := filters[i]; f.id {
		case deflate:
			b, err = inflate(b, size+4) // a checksum may follow the values
		case shuffle:
			b = unshuffle(b, element)
		case fletcher32:
			b, err = checked(b)
		case lzf:
			b, err = unlzf(b, size+4)
		default:
			err = fmt.Errorf("hdf5: %w: filter %d", ErrUnsupported, f.id)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(b) != size {
		return nil, fmt.Errorf("hdf5: %w: a chunk of %d bytes, expected %d", ErrFormat, len(b), size)
	}
	return b, nil
}

// inflate undoes zlib's compression, to at most limit bytes.
func inflate(b []byte, limit int) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("hdf5: %w: a chunk: %w", ErrFormat, err)
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("hdf5: %w: a chunk: %w", ErrFormat, err)
	}
	if len(out) > limit {
		return nil, fmt.Errorf("hdf5: %w: a chunk unpacks to more than %d bytes", ErrFormat, limit)
	}
	return out, nil
}

// unshuffle puts the bytes of elements together again: the first bytes of all stood first, then the second ones. What is left over stood last, as it is.
func unshuffle(b []byte, element int) []byte {
	if element < 2 {
		return b
	}
	n := len(b) / element
	out := make([]byte, len(b))
	for k := range element {
		for i, v := range b[k*n : (k+1)*n] {
			out[i*element+k] = v
		}
	}
	copy(out[n*element:], b[n*element:])
	return out
}

// checked takes the checksum off the end of a chunk and compares it.
func checked(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("hdf5: %w: a chunk without its checksum", ErrFormat)
	}
	values, want := b[:len(b)-4], binary.LittleEndian.Uint32(b[len(b)-4:])
	if got := fletcher(values); got != want {
		return nil, fmt.Errorf("hdf5: %w: a chunk's checksum is %08x, expected %08x: it is damaged", ErrFormat, got, want)
	}
	return values, nil
}

// fletcher is Fletcher's checksum of 32 bits over the big endian words of 16 bits, an odd last byte as the high half of one (H5_checksum_fletcher32).
func fletcher(b []byte) uint32 {
	var low, high uint32
	add := func(word uint32) {
		low = (low + word) % 65535
		high = (high + low) % 65535
	}
	for ; len(b) > 1; b = b[2:] {
		add(uint32(b[0])<<8 | uint32(b[1]))
	}
	if len(b) == 1 {
		add(uint32(b[0]) << 8)
	}
	return high<<16 | low
}

// unlzf undoes LZF (Marc Lehmann's LibLZF): a byte below 32 announces one more literal than it says; any other a copy of what came before, its length in
// the upper three bits (7: a further byte adds to it) and its distance in the other five with the next byte.
func unlzf(b []byte, limit int) ([]byte, error) {
	short := fmt.Errorf("hdf5: %w: a chunk is cut short", ErrFormat)
	out := make([]byte, 0, limit)
	for len(b) > 0 {
		control := int(b[0])
		b = b[1:]
		if control < 32 {
			n := control + 1
			if n > len(b) || n > limit-len(out) {
				return nil, short
			}
			out, b = append(out, b[:n]...), b[n:]
			continue
		}
		n := control >> 5
		if n == 7 {
			if len(b) == 0 {
				return nil, short
			}
			n += int(b[0])
			b = b[1:]
		}
		n += 2
		if len(b) == 0 {
			return nil, short
		}
		back := (control&31)<<8 + int(b[0]) + 1
		b = b[1:]
		if back > len(out) || n > limit-len(out) {
			return nil, fmt.Errorf("hdf5: %w: a chunk copies from before its beginning or beyond its end", ErrFormat)
		}
		for range n { // byte by byte: the copy may overlap what it writes
			out = append(out, out[len(out)-back])
		}
	}
	return out, nil
}
