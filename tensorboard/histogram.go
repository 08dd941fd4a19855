package tensorboard

import (
	"math"
	"slices"
	"sort"
	"sync"
)

// Histogram counts values. Buckets[i] values v have Limits[i-1] <= v < Limits[i]; runs of empty buckets are joined into one.
type Histogram struct {
	Min, Max, Count, Sum, SumSquares float64
	Limits, Buckets                  []float64
}

// limits are the upper ends of TensorBoard's buckets, ascending: 0, ±1e-12 and on by factors of 1.1 below 1e20, and ±the largest float64.
var limits = sync.OnceValue(func() []float64 {
	var up []float64
	for v := 1e-12; v < 1e20; v *= 1.1 {
		up = append(up, v)
	}
	up = append(up, math.MaxFloat64)
	all := make([]float64, 0, 2*len(up)+1)
	for _, v := range slices.Backward(up) {
		all = append(all, -v)
	}
	return append(append(all, 0), up...)
})

// newHistogram counts the finite ones of values; NaN and infinities have no bucket and are left out.
func newHistogram(values []float32) *Histogram {
	limits := limits()
	counts := make([]float64, len(limits))
	h := &Histogram{Min: math.Inf(1), Max: math.Inf(-1)}
	for _, value := range values {
		v := float64(value)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		h.Min, h.Max = min(h.Min, v), max(h.Max, v)
		h.Count++
		h.Sum += v
		h.SumSquares += v * v
		counts[sort.Search(len(limits), func(i int) bool { return limits[i] > v })]++
	}
	if h.Count == 0 {
		return &Histogram{Limits: []float64{math.MaxFloat64}, Buckets: []float64{0}}
	}
	for i := 0; i < len(limits); i++ {
		for counts[i] == 0 && i+1 < len(limits) && counts[i+1] == 0 {
			i++
		}
		h.Limits, h.Buckets = append(h.Limits, limits[i]), append(h.Buckets, counts[i])
	}
	return h
}
