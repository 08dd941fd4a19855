package scan

import (
	"encoding/binary"
	"math"
)

// markGeneric is mark in plain Go.
func (b *block) markGeneric(groups []byte, n, dim int, bars []float32, masks []uint16) {
	size, w := GroupBytes(dim), words(dim)
	for g := range n {
		group := groups[g*size:][:size]
		tail := group[64*w:]
		for q := range b.width {
			var sums [GroupRows]int32
			for lane := range sums {
				sums[lane] = b.start[q]
			}
			for i := range w {
				four := b.words[i*b.width+q]
				q0, q1, q2, q3 := int32(int8(four)), int32(int8(four>>8)), int32(int8(four>>16)), int32(int8(four>>24))
				codes := group[64*i:][:64]
				for lane := range sums {
					c := codes[4*lane:][:4]
					sums[lane] += q0*int32(c[0]) + q1*int32(c[1]) + q2*int32(c[2]) + q3*int32(c[3])
				}
			}
			scale, length, slack, bar := b.params[q], b.params[b.width+q], b.params[2*b.width+q], b.params[3*b.width+q]
			var mask uint16
			for lane, sum := range sums {
				rowScale := math.Float32frombits(binary.LittleEndian.Uint32(tail[4*lane:]))
				lost := math.Float32frombits(binary.LittleEndian.Uint32(tail[64+4*lane:]))
				bound := float32(sum)*rowScale*scale + lost*length + slack
				if bound >= bar || bars != nil && bound >= bars[g*GroupRows+lane] {
					mask |= 1 << lane
				}
			}
			masks[g*b.width+q] = mask
		}
	}
}
