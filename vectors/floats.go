package vectors

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/gomlx/compute/dtypes/float16"
)

// width is the number of bytes of one number.
func (t Type) width() int {
	if t == Float16 {
		return 2
	}
	return 4
}

// appendFloats appends values as little-endian numbers of t.
func (t Type) appendFloats(b []byte, values []float32) []byte {
	for _, v := range values {
		if t == Float16 {
			b = binary.LittleEndian.AppendUint16(b, uint16(float16.FromFloat32(v)))
		} else {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	}
	return b
}

// decodeFloats reads len(dst) numbers of width bytes each (2, 4 or 8) from r.
func decodeFloats(dst []float32, r io.Reader, width int, order binary.ByteOrder) error {
	buffer := make([]byte, 1<<16)
	for len(dst) > 0 {
		n := min(len(dst), len(buffer)/width)
		if _, err := io.ReadFull(r, buffer[:n*width]); err != nil {
			return fmt.Errorf("cut short: %w", err)
		}
		for i := range dst[:n] {
			b := buffer[i*width:]
			switch width {
			case 2:
				dst[i] = float16.Float16(order.Uint16(b)).Float32()
			case 4:
				dst[i] = math.Float32frombits(order.Uint32(b))
			case 8:
				dst[i] = float32(math.Float64frombits(order.Uint64(b)))
			}
		}
		dst = dst[n:]
	}
	return nil
}

// matrix checks that n rows of dim numbers of width bytes fill exactly size bytes, and returns room for them.
func matrix(n, dim uint64, width int, size int64) ([]float32, error) {
	if n == 0 || dim == 0 {
		return nil, fmt.Errorf("a matrix of %d x %d holds no embeddings", n, dim)
	}
	if dim > 1<<24 || n > math.MaxInt32 || n*dim > uint64(math.MaxInt64/8) || size != int64(n*dim)*int64(width) {
		return nil, fmt.Errorf("a matrix of %d x %d numbers of %d bytes does not fit the %d bytes that hold it: cut short or damaged", n, dim, width, size)
	}
	return make([]float32, n*dim), nil
}
