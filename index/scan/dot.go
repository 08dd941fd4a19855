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
	return total(&sums)
}

func total(sums *[16]float64) float32 {
	for n := 8; n > 0; n /= 2 {
		for j := range n {
			sums[j] += sums[j+n]
		}
	}
	return float32(sums[0])
}

// long appends v in float64: a vector that is scored with many rows is converted once.
func long(dst []float64, v []float32) []float64 {
	for _, x := range v {
		dst = append(dst, float64(x))
	}
	return dst
}

// scoreLong is Score, bit for bit, of a that long has converted.
func scoreLong(a []float64, b []float32) float32 {
	var sums [16]float64
	b = b[:len(a)]
	done := dotLongFast(a, b, &sums)
	for i := done; i < len(a); i++ {
		sums[i%16] += a[i] * float64(b[i])
	}
	return total(&sums)
}
