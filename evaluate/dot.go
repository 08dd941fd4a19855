package evaluate

// scratch is what one worker reuses from block to block.
type scratch struct {
	out, turned, rows []float32
	found             []two
}

// grow returns *p with length n, allocated anew only when it is too short.
func grow[T any](p *[]T, n int) []T {
	if cap(*p) < n {
		*p = make([]T, n)
	}
	*p = (*p)[:n]
	return *p
}

// dotBlock computes out[i*n+j] = queries[i] . gallery[j] for queries [m, dim] and gallery [n, dim]. Each product is summed in the same order
// wherever it stands in the block, so that equal rows give equal bits and a.b = b.a.
func dotBlock(queries, gallery, out []float32, dim int, s *scratch) {
	m, n := len(queries)/dim, len(gallery)/dim
	i := 0
	for ; i+2 <= m; i += 2 {
		a0, a1 := queries[i*dim:(i+1)*dim], queries[(i+1)*dim:(i+2)*dim]
		o0, o1 := out[i*n:(i+1)*n], out[(i+1)*n:(i+2)*n]
		j := 0
		for ; j+2 <= n; j += 2 {
			o0[j], o0[j+1], o1[j], o1[j+1] = dot2x2(a0, a1, gallery[j*dim:(j+1)*dim], gallery[(j+1)*dim:(j+2)*dim])
		}
		for ; j < n; j++ {
			b := gallery[j*dim : (j+1)*dim]
			o0[j], o1[j] = dot(a0, b), dot(a1, b)
		}
	}
	for ; i < m; i++ {
		a := queries[i*dim : (i+1)*dim]
		for j := range n {
			out[i*n+j] = dot(a, gallery[j*dim:(j+1)*dim])
		}
	}
}

// dot sums a.b in order, in two interleaved halves.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s, t float32
	k := 0
	for ; k+2 <= len(a); k += 2 {
		s += a[k] * b[k]
		t += a[k+1] * b[k+1]
	}
	if k < len(a) {
		s += a[k] * b[k]
	}
	return s + t
}

// dot2x2 is dot for two rows by two rows: each number is loaded once for two products.
func dot2x2(a0, a1, b0, b1 []float32) (s00, s01, s10, s11 float32) {
	a1, b0, b1 = a1[:len(a0)], b0[:len(a0)], b1[:len(a0)]
	var t00, t01, t10, t11 float32
	k := 0
	for ; k+2 <= len(a0); k += 2 {
		x0, x1, y0, y1 := a0[k], a1[k], b0[k], b1[k]
		s00 += x0 * y0
		s01 += x0 * y1
		s10 += x1 * y0
		s11 += x1 * y1
		x0, x1, y0, y1 = a0[k+1], a1[k+1], b0[k+1], b1[k+1]
		t00 += x0 * y0
		t01 += x0 * y1
		t10 += x1 * y0
		t11 += x1 * y1
	}
	if k < len(a0) {
		x0, x1, y0, y1 := a0[k], a1[k], b0[k], b1[k]
		s00 += x0 * y0
		s01 += x0 * y1
		s10 += x1 * y0
		s11 += x1 * y1
	}
	return s00 + t00, s01 + t01, s10 + t10, s11 + t11
}
