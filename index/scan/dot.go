package scan

// Score is the inner product of a and b, of the same length: what rows are ranked by. Sixteen sums of float64, the j-th of the products j, j+16, ...; added
// in pairs j and j+8, then j and j+4, j+2, j+1; rounded to float32.
func Score(a, b []float32) float32 {
	var sums [16]float64
	b = b[:len(a)]
	done := dotFast(a, b, &sums)
	for i := done; i < len(a); i++ {
		sums[i%16] += float64(a[i]) * float64(b[i])
	}
	for n := 8; n > 0; n /= 2 {
		for j := range n {
			sums[j] += sums[j+n]
		}
	}
	return float32(sums[0])
}
