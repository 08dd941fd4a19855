package kernel

//go:noescape
func transposeAVX2(dst *float32, ldDst int, src *float32, ldSrc, rows, cols int)

// transposeFast does whole blocks of 8x8 and tells how many rows and columns those are.
func transposeFast(dst []float32, ldDst int, src []float32, ldSrc, rows, cols int) (int, int) {
	r, c := rows&^7, cols&^7
	if r == 0 || c == 0 {
		return 0, 0
	}
	transposeAVX2(data(dst), ldDst, data(src), ldSrc, r, c)
	return r, c
}
