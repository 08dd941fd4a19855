package variation

import (
	"math"

	"gonum.org/v1/gonum/stat"
)

// KolmogorovSmirnov is the two-sample Kolmogorov-Smirnov test of a and b, each sorted ascending and not empty: the largest distance between their
// empirical distribution functions, and its asymptotic p-value Q(d sqrt(n m / (n + m))), where Q is [Kolmogorov]'s distribution. The p-value is
// somewhat too large where samples are small.
func KolmogorovSmirnov(a, b []float64) (statistic, p float64) {
	d := stat.KolmogorovSmirnov(a, nil, b, nil)
	n, m := float64(len(a)), float64(len(b))
	return d, Kolmogorov(d * math.Sqrt(n*m/(n+m)))
}

// Kolmogorov is the probability that a variable of Kolmogorov's limit distribution is larger than x: 2 sum_k>=1 (-1)^(k-1) exp(-2 k^2 x^2). Below
// x = 1 the same function is summed in its other form, 1 - sqrt(2 pi)/x sum_k>=1 exp(-(2k-1)^2 pi^2 / (8 x^2)), which converges fast there.
func Kolmogorov(x float64) float64 {
	if x <= 0 {
		return 1
	}
	sum := 0.0
	if x < 1 {
		for k := 1.0; k < 16; k += 2 {
			sum += math.Exp(-k * k * math.Pi * math.Pi / (8 * x * x))
		}
		return 1 - math.Sqrt(2*math.Pi)/x*sum
	}
	for k, sign := 1.0, 1.0; k < 8; k, sign = k+1, -sign {
		sum += sign * math.Exp(-2*k*k*x*x)
	}
	return 2 * sum
}
