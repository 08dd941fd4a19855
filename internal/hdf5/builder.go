package hdf5

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	signature = "\x89HDF\r\n\x1a\n"
	undefined = ^uint64(0)

	// SuperblockSize is the number of bytes at the start of a file that a Builder keeps for itself.
	SuperblockSize = 48
)

// Header message types.
const (
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02
	msgDatatype     = 0x03
	msgFill         = 0x05
	msgLink         = 0x06
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgGroupInfo    = 0x0a
	msgFilter       = 0x0b
	msgAttribute    = 0x0c
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
	msgAttrInfo     = 0x15
)

// Attribute is a named value of a group or dataset. Dims nil is a scalar.
type Attribute struct {
	Name string
	Value
}

// Value is an array with its type.
type Value struct {
	Type Type
	Dims []uint64
	Data []byte
}

// Number returns the attribute name = v.
func Number(name string, v int64) Attribute {
	return Attribute{name, Value{Type: Int64, Data: binary.LittleEndian.AppendUint64(nil, uint64(v))}}
}

// Word returns the attribute name = text.
func Word(name, text string) Attribute {
	t := Text(len(text))
	return Attribute{name, Value{Type: t, Data: append([]byte(text), make([]byte, t.Size-len(text))...)}}
}

// Builder writes the structure of a file with one group, the root. Blocks of values may be written by others at any place below the start
// that it was given. Errors of writing are kept and returned by Close.
type Builder struct {
	w     io.WriterAt
	end   int64
	root  []byte // messages of the root's header
	attrs []byte
	err   error
}

// NewBuilder returns a Builder that places what it writes at start and after; start is at least SuperblockSize.
func NewBuilder(w io.WriterAt, start int64) *Builder {
	b := &Builder{w: w, end: start}
	info := append([]byte{0, 0}, le64(undefined, undefined)...)
	b.root = message(b.root, msgLinkInfo, info)
	b.root = message(b.root, msgGroupInfo, []byte{0, 0})
	return b
}

// Block writes data and returns its offset in the file.
func (b *Builder) Block(data []byte) int64 {
	b.end = (b.end + 7) &^ 7
	at := b.end
	if b.err == nil {
		_, b.err = b.w.WriteAt(data, at)
	}
	b.end += int64(len(data))
	return at
}

// Dataset links name to an array whose values lie at offset, and returns the array's address for references to it.
func (b *Builder) Dataset(name string, t Type, dims []uint64, offset int64, attrs ...Attribute) uint64 {
	size := uint64(t.Size)
	for _, d := range dims {
		size *= d
	}
	at := uint64(offset)
	if size == 0 {
		at = undefined
	}
	var m []byte
	m = message(m, msgDataspace, dataspace(dims))
	m = message(m, msgDatatype, t.encode())
	m = message(m, msgFill, []byte{3, 0x0a}) // space allocated late, fill value written if set
	m = message(m, msgLayout, append([]byte{3, 1}, le64(at, size)...))
	for _, a := range attrs {
		m = b.attribute(m, a)
	}
	header := uint64(b.Block(objectHeader(m)))
	if len(name) > 255 {
		b.fail(fmt.Errorf("hdf5: name of %d bytes: at most 255", len(name)))
		return header
	}
	link := append([]byte{1, 0, byte(len(name))}, name...)
	b.root = message(b.root, msgLink, append(link, le64(header)...))
	return header
}

// Attribute adds an attribute of the root.
func (b *Builder) Attribute(a Attribute) { b.attrs = b.attribute(b.attrs, a) }

// Close writes the root group and the superblock, which makes the file whole, and returns its size in bytes.
func (b *Builder) Close() (int64, error) {
	root := b.Block(objectHeader(append(b.root, b.attrs...)))
	s := append([]byte(signature), 2, 8, 8, 0)
	s = append(s, le64(0, undefined, uint64(b.end), uint64(root))...)
	s = binary.LittleEndian.AppendUint32(s, checksum(s))
	if b.err == nil {
		_, b.err = b.w.WriteAt(s, 0)
	}
	if b.err != nil {
		return 0, fmt.Errorf("hdf5: write: %w", b.err)
	}
	return b.end, nil
}

func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// attribute appends the message of a to messages.
func (b *Builder) attribute(messages []byte, a Attribute) []byte {
	t, space := a.Type.encode(), dataspace(a.Dims)
	m := []byte{3, 0}
	m = binary.LittleEndian.AppendUint16(m, uint16(len(a.Name)+1))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(t)))
	m = binary.LittleEndian.AppendUint16(m, uint16(len(space)))
	m = append(m, 1) // the name is UTF-8
	m = append(append(m, a.Name...), 0)
	m = append(append(append(m, t...), space...), a.Data...)
	if len(m) > 0xffff {
		b.fail(fmt.Errorf("hdf5: attribute %q takes %d bytes: at most 65535, use a dataset", a.Name, len(m)))
		return messages
	}
	return message(messages, msgAttribute, m)
}

// message appends a header message.
func message(to []byte, kind byte, body []byte) []byte {
	to = append(to, kind, byte(len(body)), byte(len(body)>>8), 0)
	return append(to, body...)
}

// objectHeader wraps messages in an object header of version 2.
func objectHeader(messages []byte) []byte {
	h := append([]byte("OHDR"), 2, 2) // flags: the size below takes 4 bytes
	h = binary.LittleEndian.AppendUint32(h, uint32(len(messages)))
	h = append(h, messages...)
	return binary.LittleEndian.AppendUint32(h, checksum(h))
}

// dataspace returns the message of dims; nil is a scalar.
func dataspace(dims []uint64) []byte {
	if dims == nil {
		return []byte{2, 0, 0, 0}
	}
	return append([]byte{2, byte(len(dims)), 0, 1}, le64(dims...)...)
}

func le64(vs ...uint64) []byte {
	var b []byte
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}
