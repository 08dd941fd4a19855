package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/dvml/dvml/internal/half"
)

// dtypeWidth gives the bytes of a value of each type, by its safetensors name.
var dtypeWidth = map[string]int{"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}

// floatOf converts one value of a floating type from its little-endian bytes.
var floatOf = map[string]func(b []byte) float32{
	"F64":  func(b []byte) float32 { return float32(math.Float64frombits(binary.LittleEndian.Uint64(b))) },
	"F32":  func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) },
	"F16":  func(b []byte) float32 { return half.Float32(binary.LittleEndian.Uint16(b)) },
	"BF16": func(b []byte) float32 { return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16) },
}

// readFloats reads size bytes of values of a type as float32. It reads through bytes of integers
// too, and returns nil for them. The caller has checked size against the file's.
func readFloats(r io.Reader, dtype string, size int64) ([]float32, error) {
	width, convert := dtypeWidth[dtype], floatOf[dtype]
	if convert == nil {
		_, err := io.CopyN(io.Discard, r, size)
		return nil, err
	}
	if width == 0 || size%int64(width) != 0 {
		return nil, fmt.Errorf("%d bytes are no whole number of values of type %s", size, dtype)
	}
	data := make([]float32, size/int64(width))
	buffer := make([]byte, min(size, 1<<18))
	for rest := data; len(rest) > 0; {
		n := min(len(rest), len(buffer)/width)
		chunk := buffer[:n*width]
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, err
		}
		if dtype == "F32" { // the common case, without a call a value
			for i := range n {
				rest[i] = math.Float32frombits(binary.LittleEndian.Uint32(chunk[4*i:]))
			}
		} else {
			for i := range n {
				rest[i] = convert(chunk[i*width:])
			}
		}
		rest = rest[n:]
	}
	return data, nil
}
