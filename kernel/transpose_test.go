package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestTranspose(t *testing.T) {
	levels(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 3))
		for range 60 {
			rows, cols := 1+r.IntN(40), 1+r.IntN(40)
			ldSrc, ldDst := cols+r.IntN(4), rows+r.IntN(4)
			src, got := random(rows*ldSrc, 1), random(cols*ldDst, 2)
			want := append([]float32(nil), got...)
			for i := range rows {
				for j := range cols {
					want[j*ldDst+i] = src[i*ldSrc+j]
				}
			}
			Transpose(got, ldDst, src, ldSrc, rows, cols)
			sameBits(t, fmt.Sprint(rows, "x", cols), got, want)
		}
	})
}
