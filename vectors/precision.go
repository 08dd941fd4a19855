package vectors

import (
	"fmt"
	"math"
)

// Precision is how finely the numbers of an embedding are kept.
type Precision string

// The precisions that an embedding serves in.
const (
	Single Precision = "float32"
	Byte   Precision = "int8" // a whole number of -127..127, the largest of each embedding being 127: a quarter of the memory
	Bit    Precision = "bit"  // the sign alone: a thirty-second
)

// Round puts rows [N,dim] in the place of what they are worth at a precision: searching them by their
// cosine finds what searching rows kept so would.
func Round(rows []float32, dim int, p Precision) error {
	switch p {
	case Single:
		return nil
	case Byte, Bit:
	default:
		return fmt.Errorf("the precision %q is not known; choose one of %s, %s, %s", p, Single, Byte, Bit)
	}
	for ; len(rows) >= dim && dim > 0; rows = rows[dim:] {
		var most float64
		for _, v := range rows[:dim] {
			most = max(most, math.Abs(float64(v)))
		}
		for i, v := range rows[:dim] {
			switch {
			case p == Bit && v > 0:
				rows[i] = 1
			case p == Bit:
				rows[i] = -1
			case most > 0:
				rows[i] = float32(math.RoundToEven(float64(v) * 127 / most))
			}
		}
	}
	return nil
}

// Shorten cuts rows [N,dim] to their first to numbers each, [N,to], in place.
func Shorten(rows []float32, dim, to int) []float32 {
	if to >= dim {
		return rows
	}
	n := len(rows) / dim
	for i := range n {
		copy(rows[i*to:(i+1)*to], rows[i*dim:])
	}
	return rows[:n*to]
}
