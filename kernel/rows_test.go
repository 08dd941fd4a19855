package kernel

import (
	"fmt"
	"testing"
)

func TestRows(t *testing.T) {
	levels(t, func(t *testing.T) {
		for _, c := range []int{1, 3, 16, 60, 511, 513, 1500} {
			for _, rows := range []int{0, 1, 2, 7, 100} {
				a, row := random(rows*c, 1), random(c, 2)
				got, want := make([]float32, rows*c), make([]float32, rows*c)
				for op := range binaryCount {
					for i := range want {
						want[i] = op.one(a[i], row[i%c])
					}
					op.Rows(got, a, row)
					sameBits(t, fmt.Sprintf("operation %d by rows of %d", op, c), got, want)
				}
			}
		}
	})
}
