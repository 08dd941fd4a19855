package calibrate

import (
	"math"
	"testing"
)

// The similarity at which a search may end is where the probability is met, for both forms, tried against a fine grid.
func TestLeastSimilar(t *testing.T) {
	for _, c := range []Calibration{
		{Curve: Curve{Form: Logistic, Slope: 9, Offset: -4}, Share: .02},
		{Curve: Curve{Form: Isotonic, Points: []float64{.1, .4, .5, .9}, P: []float64{.05, .2, .2, .97}}, Share: .1},
	} {
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		for _, p := range []float64{0, .01, .05, .3, .5, .75, .9999, 1} {
			least, above := c.LeastSimilar(p), 0
			for s := -1.0; s <= 1; s += 1e-4 {
				switch met := c.OfHit(s) >= p; {
				case met && s < least:
					t.Fatalf("%s: probability %v is met at %v, below %v", c.Curve.Form, p, s, least)
				case met:
					above++
				case s > least+1e-8:
					t.Fatalf("%s: probability %v is not met at %v, above %v", c.Curve.Form, p, s, least)
				}
			}
			if above == 0 && least < .999 {
				t.Errorf("%s: nothing has probability %v, yet a search would end at %v only", c.Curve.Form, p, least)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []Calibration{
		{}, {Curve: Curve{Form: Isotonic}}, {Curve: Curve{Form: Isotonic, Points: []float64{1}, P: []float64{.1, .2}}},
		{Curve: Curve{Form: Isotonic, Points: []float64{1, .5}, P: []float64{.1, .2}}}, {Curve: Curve{Form: Logistic}, Share: 2},
		{Curve: Curve{Form: Logistic}, Share: math.NaN()},
	} {
		if c.Check() == nil {
			t.Errorf("%+v is taken", c)
		}
	}
	if o := (Open{Threshold: .5}); o.Known(.49) || !o.Known(.5) {
		t.Error("Known")
	}
}

func TestLeast(t *testing.T) {
	c := Curve{Form: Isotonic, Points: []float64{0.2, 0.6}, P: []float64{0.1, 0.9}}
	for p, want := range map[float64]float64{0.5: 0.4, 0.1: -1, 0.05: -1, 0.9: 0.6, 0.95: 1} {
		if got := c.Least(p); math.Abs(got-want) > 1e-5 {
			t.Errorf("probability %g is reached at %g, want %g", p, got, want)
		}
	}
	l := Curve{Form: Logistic, Slope: 10, Offset: -6}
	if got := l.Least(0.5); math.Abs(got-0.6) > 1e-5 {
		t.Errorf("the odds are even at %g, want .6", got)
	}
}
