package config

import (
	"math"
	"slices"
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

// Evaluations fall on the ends of phases, and none comes right before one.
func TestEvaluates(t *testing.T) {
	for _, c := range []struct {
		steps    []int
		unfreeze int
		every    int
		want     []int
	}{
		{[]int{300, 300}, 0, 100, []int{0, 100, 200, 300, 400, 500, 600}},
		{[]int{188, 37}, 188, 37, []int{0, 37, 74, 111, 148, 188, 225}},
		{[]int{95, 100}, 0, 30, []int{0, 30, 60, 95, 125, 155, 185, 195}},
		{[]int{100}, 50, 40, []int{0, 40, 50, 90, 100}},
		{[]int{10, 10}, 0, 0, []int{0, 20}},
	} {
		cfg, err := Preset("cars-best")
		if err != nil {
			t.Fatal(err)
		}
		cfg.Phases, cfg.Freeze.UnfreezeAt, cfg.Evaluate.Every, cfg.Evaluate.First = nil, c.unfreeze, c.every, true
		for _, n := range c.steps {
			p := Phase{}
			p.Steps = n
			cfg.Phases = append(cfg.Phases, p)
		}
		var got []int
		for step := range cfg.Steps() + 1 {
			if cfg.Evaluates(step) {
				got = append(got, step)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("phases of %v, every %d: after %v, want %v", c.steps, c.every, got, c.want)
		}
	}
}

// The KL's weight rises anew in each phase that says so, over its share of the phase's steps, however many these become.
func TestKLShare(t *testing.T) {
	c, err := Preset("cached")
	if err != nil {
		t.Fatal(err)
	}
	c.Data = "data.h5"
	c.Phases = []Phase{{Phase: method.Phase{Steps: 4, Samples: 1}}, {Phase: method.Phase{Steps: 8, Samples: 1, KLWarmup: 0.5}}}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	for step, want := range []float64{1, 1, 1, 1, 0, 0.25, 0.5, 0.75, 1, 1, 1, 1} {
		if got := c.KLShare(step); got != want {
			t.Errorf("step %d: %g, want %g", step, got, want)
		}
	}
	if c.ScaleSteps(24); c.KLShare(8) != 0 || c.KLShare(12) != 0.5 || c.KLShare(16) != 1 {
		t.Errorf("of twice the steps: %g, %g and %g, want 0, .5 and 1", c.KLShare(8), c.KLShare(12), c.KLShare(16))
	}
	if err := c.Set("phases=[{}, {kl_warmup: 1.5}]"); err != nil || c.Validate() == nil {
		t.Errorf("a warm-up longer than its phase is allowed (%v)", err)
	}
}
