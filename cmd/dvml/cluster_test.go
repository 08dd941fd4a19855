package main

import (
	"math"
	"testing"

	"github.com/dvml/dvml/calibrate"
)

func TestLeastSimilarity(t *testing.T) {
	c := calibrate.Curve{Form: calibrate.Isotonic, Points: []float64{0.2, 0.6}, P: []float64{0.1, 0.9}}
	for p, want := range map[float64]float64{0.5: 0.4, 0.1: -1, 0.05: -1, 0.9: 0.6, 0.95: 1} {
		if got := leastSimilarity(c, p); math.Abs(got-want) > 1e-5 {
			t.Errorf("probability %g is reached at %g, want %g", p, got, want)
		}
	}
	l := calibrate.Curve{Form: calibrate.Logistic, Slope: 10, Offset: -6}
	if got := leastSimilarity(l, 0.5); math.Abs(got-0.6) > 1e-5 {
		t.Errorf("the odds are even at %g, want .6", got)
	}
}
