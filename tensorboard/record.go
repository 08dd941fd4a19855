package tensorboard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// ErrCorrupt says that a record's checksum or contents are wrong.
var ErrCorrupt = errors.New("corrupt event file")

// The framing of a record: length uint64, masked CRC-32C of the length's bytes, payload, masked CRC-32C of the payload; little endian.
const (
	lengthBytes = 8
	headBytes   = lengthBytes + 4
	tailBytes   = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the masked CRC-32C of TFRecord: rotated and offset, because a CRC of bytes that hold their own CRC is a poor check.
func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendRecord appends payload's record to dst.
func appendRecord(dst, payload []byte) []byte {
	start := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(len(payload)))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(dst[start:]))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, checksum(payload))
}

// cutRecord splits b into the first record's payload and what follows it. Torn means that b ends before the record does.
func cutRecord(b []byte) (payload, rest []byte, torn bool, err error) {
	if len(b) < headBytes {
		return nil, nil, true, nil
	}
	if checksum(b[:lengthBytes]) != binary.LittleEndian.Uint32(b[lengthBytes:]) {
		return nil, nil, false, fmt.Errorf("%w: wrong checksum of a record's length", ErrCorrupt)
	}
	n, body := binary.LittleEndian.Uint64(b), b[headBytes:]
	if len(body) < tailBytes || n > uint64(len(body)-tailBytes) {
		return nil, nil, true, nil
	}
	payload, rest = body[:n], body[n:]
	if checksum(payload) != binary.LittleEndian.Uint32(rest) {
		return nil, nil, false, fmt.Errorf("%w: wrong checksum of a record's payload", ErrCorrupt)
	}
	return payload, rest[tailBytes:], false, nil
}
