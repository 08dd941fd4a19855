package config

import (
	"math"
	"testing"

	"github.com/dvml/dvml/method"
)

// A phase's own schedule counts the phase's steps; the run's counts all.
func TestFactor(t *testing.T) {
	c, err := Preset("cached")
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Optimizer.Schedule = "data.h5", "cosine"
	c.Phases = []Phase{
		{Phase: method.Phase{Steps: 10, Samples: 1}},
		{Phase: method.Phase{Steps: 12, Samples: 1}, Schedule: "cosine", Warmup: 2},
		{Phase: method.Phase{Steps: 10, Samples: 1}, Schedule: "constant"},
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	cosine := func(x float64) float64 { return (1 + math.Cos(math.Pi*x)) / 2 }
	for step, want := range map[int]float64{0: 1, 8: cosine(8. / 32), 10: 0.5, 11: 1, 12: 1, 17: cosine(0.5), 21: cosine(0.9), 22: 1, 31: 1} {
		if got := c.Factor(step); math.Abs(got-want) > 1e-12 {
			t.Errorf("factor of step %d is %g, want %g", step, got, want)
		}
	}
	c.Phases[2].Schedule, c.Phases[2].Warmup = "", 3
	if c.Validate() == nil {
		t.Error("a warm-up without a schedule is allowed")
	}
}
