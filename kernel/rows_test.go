package kernel

import (
	"fmt"
	"testing"
)

func TestRows(t *testing.T) {
	levels(t, func(t *testing.T) {
		for _, c := range []int{1, 3, 16, 60, 511, 513, 1500} {
			for _, rows := range []int{0, 1, 2, 7, 100} {
				a, scale, shift := random(rows*c, 1), random(c, 2), random(c, 3)
				got, want := make([]float32, rows*c), make([]float32, rows*c)
				for op := range binaryCount {
					for i := range want {
						want[i] = op.one(a[i], scale[i%c])
					}
					op.Rows(got, a, scale)
					sameBits(t, fmt.Sprintf("operation %d by rows of %d", op, c), got, want)
				}
				exact := make([]float64, len(a))
				for i := range exact {
					exact[i] = max(0, float64(a[i])*float64(scale[i%c])+float64(shift[i%c]))
				}
				MulAddRows(got, a, scale, shift, true)
				closeTo(t, "scale and shift", got, exact, 1e-6)
			}
		}
	})
}
