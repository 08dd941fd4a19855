package tensorboard

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestCount compares the buckets with a count by brute force.
func TestCount(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := []float32{0, float32(math.Copysign(0, -1)), math.MaxFloat32, -math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN())}
	for range 1000 {
		values = append(values, float32(rng.NormFloat64()*math.Pow(10, 20*rng.Float64()-10)))
	}
	h := count(values)
	low, total, empty := math.Inf(-1), 0., true
	for i, limit := range h.Limits {
		n := 0.
		for _, v := range values {
			if v := float64(v); v >= low && v < limit && !math.IsInf(v, 0) {
				n++
			}
		}
		if n != h.Counts[i] || limit <= low || n == 0 && empty { // nor may the first or the last be empty
			t.Fatalf("bucket %d: %v values in [%v, %v), counted %v", i, h.Counts[i], low, limit, n)
		}
		low, total, empty = limit, total+n, n == 0
	}
	if total != 1004 || h.Num != total || h.Min != -math.MaxFloat32 || h.Max != math.MaxFloat32 || low != math.MaxFloat64 || empty {
		t.Errorf("%v values of %v from %v to %v, the last limit %v", total, h.Num, h.Min, h.Max, low)
	}
}

func TestCountNothing(t *testing.T) {
	for _, values := range [][]float32{nil, {float32(math.NaN())}} {
		equal(t, "histogram", count(values), Buckets{Limits: []float64{math.MaxFloat64}, Counts: []float64{0}})
	}
}

// TestCountOuter: no bucket lies outside the values.
func TestCountOuter(t *testing.T) {
	for _, values := range [][]float32{{0}, {-2, -2}, {1e-20}, {-1, 5}, {1e30}} {
		h := count(values)
		if n := len(h.Counts); h.Counts[0] == 0 || h.Counts[n-1] == 0 || h.Limits[0] <= h.Min || n > 1 && h.Limits[n-2] > h.Max {
			t.Errorf("%v: %+v", values, h)
		}
	}
}
