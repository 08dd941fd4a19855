package config

import (
	"math"
	"testing"
)

// Fewer photographs take fewer steps, down to a bound for each kind of phase, and a phase still begins where the backbone begins to train.
func TestFitSteps(t *testing.T) {
	fewest := [2]float64{8, 32} // heads alone; end to end
	for _, images := range []int{40, 1000, 4052, 9000, 1 << 20} {
		c, err := Preset("cars-best")
		if err != nil {
			t.Fatal(err)
		}
		steps, every, said := [2]int{c.Phases[0].Steps, c.Phases[1].Steps}, c.Evaluate.Every, 0
		c.fitSteps(images, func(string) { said++ })
		by := min(float64(images)/4052, 8)
		for i, p := range c.Phases {
			if want := float64(steps[i]) * max(by, 1/fewest[i]); math.Abs(float64(p.Steps)-want) > .5 {
				t.Errorf("%d photographs: phase %d has %d steps, want %g", images, i+1, p.Steps, want)
			}
		}
		if p := c.PhaseAt(c.Freeze.UnfreezeAt); p != c.PhaseAt(c.Freeze.UnfreezeAt-1)+1 {
			t.Errorf("%d photographs: the backbone begins to train at step %d, within a phase", images, c.Freeze.UnfreezeAt)
		}
		if (images == 4052) != (said == 0) || (images == 4052) != (c.Evaluate.Every == every) {
			t.Errorf("%d photographs: said %d lines, evaluates every %d steps", images, said, c.Evaluate.Every)
		}
	}
}
