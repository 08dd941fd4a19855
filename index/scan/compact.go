package scan

import (
	"encoding/binary"
	"fmt"
	"math"
)

// GroupRows is how many rows share a group of the compact form.
const GroupRows = 16

// MaxDim bounds the dimensions of a row, so that sums of products of codes fit 32 bits.
const MaxDim = 1 << 16

// maxLength bounds the length of a row or query, so that no bound overflows float32.
const maxLength = 1e18

// words is the number of 64-byte words of a group.
func words(dim int) int { return (dim + 3) / 4 }

// GroupBytes is the size of the compact form of 16 rows of dim float32: a quarter of theirs, and 128 bytes.
func GroupBytes(dim int) int { return 64*words(dim) + 128 }

// Encode writes the compact form of rows [16*G, dim] to dst, G groups of GroupBytes(dim), and returns their reach: an upper bound of the length of each
// row and of its compact form. It returns an error where a value is not finite or a row is longer than 1e18.
func Encode(dst []byte, rows []float32, dim int) (reach float32, err error) {
	size := GroupBytes(dim)
	for g := range len(rows) / (dim * GroupRows) {
		group := dst[g*size:][:size]
		for lane := range GroupRows {
			i := g*GroupRows + lane
			far, err := encodeRow(group, lane, rows[i*dim:][:dim])
			if err != nil {
				return 0, fmt.Errorf("row %d: %w", i, err)
			}
			reach = max(reach, far)
		}
	}
	return reach, nil
}

func encodeRow(group []byte, lane int, row []float32) (reach float32, err error) {
	length, largest, err := measure(row)
	if err != nil {
		return 0, err
	}
	scale := largest / 127
	lost := 0.0
	for w := range words(len(row)) {
		for j := range 4 {
			code := 0.0
			if d := 4*w + j; d < len(row) {
				code = quantise(row[d], scale, 127)
				diff := float64(row[d]) - float64(scale)*code
				lost += diff * diff
			}
			group[64*w+4*lane+j] = byte(int(code) + 128)
		}
	}
	e := up(math.Sqrt(lost))
	tail := group[len(group)-128:]
	binary.LittleEndian.PutUint32(tail[4*lane:], math.Float32bits(scale))
	binary.LittleEndian.PutUint32(tail[64+4*lane:], math.Float32bits(e))
	return up(length + float64(e)), nil
}

// quantise rounds v/scale to a whole number of -most..most.
func quantise(v, scale float32, most float64) float64 {
	if scale == 0 {
		return 0
	}
	return max(-most, min(most, math.RoundToEven(float64(v)/float64(scale))))
}

// measure returns the length of v and the size of its largest value.
func measure(v []float32) (length float64, largest float32, err error) {
	var squares float64
	for d, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return 0, 0, fmt.Errorf("value %d is %v; expected a finite number", d, x)
		}
		squares += float64(x) * float64(x)
		largest = max(largest, x, -x)
	}
	if length = math.Sqrt(squares); length > maxLength {
		return 0, 0, fmt.Errorf("length %.3g; expected at most %.0e", length, maxLength)
	}
	return length, largest, nil
}

// up rounds to a float32 that is not smaller, with a little room for the rounding of v itself.
func up(v float64) float32 {
	f := float32(v * (1 + 1e-9))
	if float64(f) < v*(1+1e-9) {
		f = math.Nextafter32(f, float32(math.Inf(1)))
	}
	return f
}
