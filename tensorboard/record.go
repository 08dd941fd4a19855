package tensorboard

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A record is (TensorFlow's TFRecord)
//
//	length   uint64, little endian
//	checksum uint32 of the eight bytes of length
//	data     length bytes
//	checksum uint32 of data

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is CRC-32C, rotated and shifted by a constant so that sums of data that holds sums stay well spread.
func checksum(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}

// appendRecord appends data, framed, to b.
func appendRecord(b, data []byte) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(data)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b[start:]))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, checksum(data))
}

// errTorn says that the data ends within a record.
var errTorn = errors.New("the last record is torn")

// ErrCorrupt says that a checksum or a message is wrong.
var ErrCorrupt = errors.New("event file is corrupt")

// readRecord reads one record's data. It returns io.EOF at the end of the data and errTorn where that lies within a record.
func readRecord(r io.Reader) ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err == io.ErrUnexpectedEOF {
		return nil, errTorn
	} else if err != nil {
		return nil, err
	}
	if checksum(head[:8]) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, fmt.Errorf("%w: checksum of a record's length", ErrCorrupt)
	}
	length := binary.LittleEndian.Uint64(head[:8])
	if length > 1<<40 {
		return nil, fmt.Errorf("%w: a record of %d bytes", ErrCorrupt, length)
	}
	var data bytes.Buffer // grows with what is there, not with what length claims
	if n, err := io.CopyN(&data, r, int64(length)); err == io.EOF || err == nil && n < int64(length) {
		return nil, errTorn
	} else if err != nil {
		return nil, err
	}
	var tail [4]byte
	if _, err := io.ReadFull(r, tail[:]); err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, errTorn
	} else if err != nil {
		return nil, err
	}
	if checksum(data.Bytes()) != binary.LittleEndian.Uint32(tail[:]) {
		return nil, fmt.Errorf("%w: checksum of a record's data", ErrCorrupt)
	}
	return data.Bytes(), nil
}
