package tensorboard

import (
	"math"
	"slices"
	"sort"
)

// limits are TensorFlow's bucket limits: 0 and plus and minus 1e-12 · 1.1^i up to 1e20, closed by plus and minus the greatest float64.
var limits = func() []float64 {
	var positive []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		positive = append(positive, v)
	}
	positive = append(positive, math.MaxFloat64)
	var all []float64
	for _, v := range slices.Backward(positive) {
		all = append(all, -v)
	}
	return append(append(all, 0), positive...)
}()

// Buckets is a histogram: Counts[i] values lie in [Limits[i-1], Limits[i]), those of the first bucket in [Min, Limits[0]).
type Buckets struct {
	Min, Max, Num, Sum, SumSquares float64
	Limits, Counts                 []float64
}

// count sorts the finite ones of values into the buckets. A run of empty buckets becomes one; those before the least and after
// the greatest value are left out, because TensorBoard cuts the outer buckets at Min and Max and would get negative widths.
func count(values []float32) Buckets {
	h := Buckets{Min: math.Inf(1), Max: math.Inf(-1)}
	counts := make([]float64, len(limits))
	for _, x := range values {
		v := float64(x)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		counts[sort.Search(len(limits), func(i int) bool { return limits[i] > v })]++
		h.Min, h.Max = min(h.Min, v), max(h.Max, v)
		h.Num++
		h.Sum += v
		h.SumSquares += v * v
	}
	if h.Num == 0 {
		return Buckets{Limits: []float64{math.MaxFloat64}, Counts: []float64{0}}
	}
	for i, c := range counts {
		if c == 0 && (limits[i] <= h.Min || i > 0 && limits[i-1] > h.Max) {
			continue
		}
		if n := len(h.Counts); c == 0 && n > 0 && h.Counts[n-1] == 0 {
			h.Limits[n-1] = limits[i]
			continue
		}
		h.Limits, h.Counts = append(h.Limits, limits[i]), append(h.Counts, c)
	}
	return h
}

func (h Buckets) encode() message {
	return message(nil).
		double(histogramMin, h.Min).double(histogramMax, h.Max).double(histogramNum, h.Num).
		double(histogramSum, h.Sum).double(histogramSquares, h.SumSquares).
		doubles(histogramLimit, h.Limits).doubles(histogramBucket, h.Counts)
}
