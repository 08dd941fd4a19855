package rows

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// HeaderBytes is the size of the header.
const HeaderBytes = 4096

// version of the layout.
const version = 1

const magic = "dvmlrows"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Header says what a file holds: at byte 0 "dvmlrows", at 8 the version (uint32), at 12 the bytes of a row (uint32), at 16 the kind (16 bytes, filled with
// zeros), at 32 the CRC-32C of the bytes before; the rest is zero.
type Header struct {
	Kind     string // such as "vectors", at most 16 bytes
	RowBytes int    // 1: rows of any size
}

func (h Header) encode() []byte {
	b := make([]byte, HeaderBytes)
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], version)
	binary.LittleEndian.PutUint32(b[12:], uint32(h.RowBytes))
	copy(b[16:32], h.Kind)
	binary.LittleEndian.PutUint32(b[32:], crc32.Checksum(b[:32], castagnoli))
	return b
}

// check tells why b is not the header h.
func (h Header) check(b []byte) error {
	switch {
	case len(b) < HeaderBytes:
		return fmt.Errorf("%d bytes are too few for a header of %d", len(b), HeaderBytes)
	case string(b[:8]) != magic:
		return fmt.Errorf("not a file of rows: it starts with %q", b[:8])
	case binary.LittleEndian.Uint32(b[32:]) != crc32.Checksum(b[:32], castagnoli):
		return errors.New("the header is damaged: its checksum differs")
	case binary.LittleEndian.Uint32(b[8:]) != version:
		return fmt.Errorf("layout version %d; this program reads version %d", binary.LittleEndian.Uint32(b[8:]), version)
	case !bytes.Equal(b[:HeaderBytes], h.encode()):
		return fmt.Errorf("holds %q in rows of %d bytes; expected %q in rows of %d", bytes.TrimRight(b[16:32], "\x00"), binary.LittleEndian.Uint32(b[12:]), h.Kind,
			h.RowBytes)
	}
	return nil
}
