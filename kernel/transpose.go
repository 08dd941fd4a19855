package kernel

// Transpose writes dst[j*ldDst+i] = src[i*ldSrc+j] for i < rows, j < cols: the transposed matrix, ldDst and ldSrc floats between rows.
func Transpose(dst []float32, ldDst int, src []float32, ldSrc, rows, cols int) {
	need("matrix", src, extent(rows, cols, ldSrc))
	need("transposed matrix", dst, extent(cols, rows, ldDst))
	r, c := 0, 0
	if active != Generic {
		r, c = transposeFast(dst, ldDst, src, ldSrc, rows, cols)
	}
	if c < cols {
		transposeGeneric(dst[c*ldDst:], ldDst, src[c:], ldSrc, r, cols-c)
	}
	if r < rows {
		transposeGeneric(dst[r:], ldDst, src[r*ldSrc:], ldSrc, rows-r, cols)
	}
}

// transposeGeneric works in blocks that stay in cache.
func transposeGeneric(dst []float32, ldDst int, src []float32, ldSrc, rows, cols int) {
	const block = 16
	for i0 := 0; i0 < rows; i0 += block {
		i1 := min(i0+block, rows)
		for j := range cols {
			d := dst[j*ldDst:]
			for i := i0; i < i1; i++ {
				d[i] = src[i*ldSrc+j]
			}
		}
	}
}
