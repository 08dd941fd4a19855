package hdf5

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFormat is wrapped by the errors of files that are not HDF5, are damaged or cut short.
var ErrFormat = errors.New("not a whole HDF5 file")

// ErrUnsupported is wrapped by the errors of valid files that use a part of HDF5 that this package does not read.
var ErrUnsupported = errors.New("this part of HDF5 is not supported")

// File reads a file's structure. Safe for concurrent use where its io.ReaderAt is.
type File struct {
	r    io.ReaderAt
	size uint64 // of the file, from base
	base uint64 // where the superblock is; addresses count from here
	root uint64 // address of the root group's header
}

// Open reads the superblock of a file of size bytes.
func Open(r io.ReaderAt, size int64) (*File, error) {
	for base := int64(0); base+SuperblockSize <= size; base = max(512, 2*base) {
		var s [8]byte
		if _, err := r.ReadAt(s[:], base); err != nil {
			return nil, fmt.Errorf("hdf5: read signature: %w", err)
		}
		if string(s[:]) != signature {
			continue
		}
		f := &File{r: r, size: uint64(size - base), base: uint64(base)}
		if err := f.superblock(); err != nil {
			return nil, err
		}
		return f, nil
	}
	return nil, fmt.Errorf("hdf5: %w: no signature", ErrFormat)
}

func (f *File) superblock() error {
	b, err := f.bytes(0, SuperblockSize)
	if err != nil {
		return err
	}
	var sizes, body []byte
	version := b[8]
	switch version {
	case 0, 1:
		n := uint64(96)
		at := 24
		if version == 1 {
			n, at = 100, 28
		}
		if b, err = f.bytes(0, n); err != nil {
			return err
		}
		sizes, body = b[13:15], b[at:]
	case 2, 3:
		if sum := binary.LittleEndian.Uint32(b[44:]); sum != checksum(b[:44]) {
			return fmt.Errorf("hdf5: %w: the superblock's checksum is wrong", ErrFormat)
		}
		sizes, body = b[9:11], b[12:]
	default:
		return fmt.Errorf("hdf5: %w: superblock version %d", ErrUnsupported, version)
	}
	if sizes[0] != 8 || sizes[1] != 8 {
		return fmt.Errorf("hdf5: %w: offsets of %d and lengths of %d bytes, 8 and 8 are", ErrUnsupported, sizes[0], sizes[1])
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(body[8*i:]) }
	// 0, 1: base, free space, end, driver, then the root's symbol table entry: name, header. 2, 3: base, extension, end, root.
	f.root = word(3)
	if version < 2 {
		f.root = word(5)
	}
	if end := word(2); end > f.size && end-min(end, word(0)) > f.size {
		return fmt.Errorf("hdf5: %w: it should have %d bytes and has %d: cut short", ErrFormat, end, f.size)
	}
	return nil
}

// bytes reads n bytes at an address.
func (f *File) bytes(at, n uint64) ([]byte, error) {
	if at > f.size || n > f.size-at {
		return nil, fmt.Errorf("hdf5: %w: %d bytes at %d lie beyond its end at %d", ErrFormat, n, at, f.size)
	}
	b := make([]byte, n)
	if _, err := f.r.ReadAt(b, int64(f.base+at)); err != nil {
		return nil, fmt.Errorf("hdf5: read %d bytes at %d: %w", n, at, err)
	}
	return b, nil
}

// Root returns the root group.
func (f *File) Root() (*Node, error) { return f.Node(f.root) }

// A cursor takes values off a message. Beyond the end it gives zeros and remembers, so that a parser checks once.
type cursor struct {
	b     []byte
	short bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.short = true
		c.b = nil
		return make([]byte, min(max(n, 0), 8))
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) u8() int     { return int(c.take(1)[0]) }
func (c *cursor) u16() int    { return int(binary.LittleEndian.Uint16(c.take(2))) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }
func (c *cursor) u64() uint64 { return binary.LittleEndian.Uint64(c.take(8)) }

// uint takes a little endian number of n bytes.
func (c *cursor) uint(n int) uint64 {
	var v uint64
	for i, b := range c.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// name takes text up to a zero; with pad, text and zeros fill a multiple of 8 bytes.
func (c *cursor) name(pad bool) string {
	for i, ch := range c.b {
		if ch == 0 {
			s := string(c.b[:i])
			n := i + 1
			if pad {
				n = (n + 7) &^ 7
			}
			c.take(n)
			return s
		}
	}
	c.short = true
	c.b = nil
	return ""
}

func (c *cursor) err(what string) error {
	if c.short {
		return fmt.Errorf("hdf5: %w: %s is cut short", ErrFormat, what)
	}
	return nil
}
