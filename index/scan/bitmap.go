package scan

import "math/bits"

// Bitmap is a set of rows: row i is bit i%64 of word i/64. Rows beyond its end are not in it.
type Bitmap []uint64

// NewBitmap returns an empty set with room for n rows.
func NewBitmap(n int) Bitmap { return make(Bitmap, (n+63)/64) }

// Set puts row i in.
func (b Bitmap) Set(i int) { b[i/64] |= 1 << (i % 64) }

// Clear takes row i out.
func (b Bitmap) Clear(i int) { b[i/64] &^= 1 << (i % 64) }

// Has reports whether row i is in.
func (b Bitmap) Has(i int) bool { return i/64 < len(b) && b[i/64]>>(i%64)&1 != 0 }

// Count is the number of rows.
func (b Bitmap) Count() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// And keeps the rows that are in c too.
func (b Bitmap) And(c Bitmap) {
	for i := range b {
		if i < len(c) {
			b[i] &= c[i]
		} else {
			b[i] = 0
		}
	}
}

// group is the 16 bits of the rows of group g.
func (b Bitmap) group(g int) uint16 {
	if g/4 >= len(b) {
		return 0
	}
	return uint16(b[g/4] >> (g % 4 * 16))
}
