package kernel

import "math"

// Sum returns the sum of a, in a fixed order of partial sums.
func Sum(a []float32) float32 {
	if active == Generic || len(a) == 0 {
		return sumGeneric(a)
	}
	return sumFast(a)
}

// Largest returns the maximum of a, -Inf of nothing. NaNs are passed over.
func Largest(a []float32) float32 {
	if active == Generic || len(a) == 0 {
		return largestGeneric(a)
	}
	return largestFast(a)
}

func sumGeneric(a []float32) float32 {
	var s [8]float32 // eight chains: shorter than one, and a smaller rounding error
	for len(a) >= 8 {
		for i := range s {
			s[i] += a[i]
		}
		a = a[8:]
	}
	for i, v := range a {
		s[i] += v
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func largestGeneric(a []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range a {
		if v > m {
			m = v
		}
	}
	return m
}
