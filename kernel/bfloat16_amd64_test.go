package kernel

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestPairsAreRoundedToNearestEven(t *testing.T) {
	needBFloat16(t)
	r := rand.New(rand.NewPCG(3, 4))
	special := []uint32{0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x3f808000, 0x3f818000, 0x3f807fff, 0x3f808001, 0x7f7fffff, 0xff7fffff, 0x7f800000,
		0xff800000, 0x7fc00000, 0x7f800001}
	for trial := range 40 {
		rows, n := 1+r.IntN(5), 1+r.IntN(80)
		if trial%4 == 0 {
			n = 16 * (1 + r.IntN(5))
		}
		ld, ldDst := n+r.IntN(3), n+r.IntN(3)
		src := make([]float32, rows*ld)
		for i := range src {
			src[i] = math.Float32frombits(r.Uint32())
			if r.IntN(3) == 0 {
				src[i] = math.Float32frombits(special[r.IntN(len(special))])
			}
		}
		value := func(i, j int) uint32 {
			if i >= rows || j >= n {
				return 0
			}
			return uint32(roundedBits(src[i*ld+j]))
		}
		dst := make([]float32, rows*ldDst)
		pairRows(dst, ldDst, src, ld, rows, n)
		for i := range (rows + 1) / 2 {
			for j := range n {
				if got, want := math.Float32bits(dst[i*ldDst+j]), value(2*i, j)|value(2*i+1, j)<<16; got != want {
					t.Fatalf("rows %d and %d, column %d of %d: %08x, want %08x", 2*i, 2*i+1, j, n, got, want)
				}
			}
		}
		clear(dst)
		pairColumns(dst, ldDst, src, ld, rows, n)
		for i := range rows {
			for j := range ldDst {
				want := value(i, 2*j) | value(i, 2*j+1)<<16
				if got := math.Float32bits(dst[i*ldDst+j]); got != want {
					t.Fatalf("row %d, pair %d of %d floats: %08x, want %08x", i, j, n, got, want)
				}
			}
		}
	}
}
