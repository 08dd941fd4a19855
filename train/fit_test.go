package train

import "testing"

// Fewer photographs take fewer steps, in the same proportions, and a phase still begins where the backbone begins to train.
func TestFitSteps(t *testing.T) {
	for _, images := range []int{40, 1000, 4052, 9000, 1 << 20} {
		c, err := Preset("cars-best")
		if err != nil {
			t.Fatal(err)
		}
		whole, every, said := c.Steps(), c.Evaluate.Every, 0
		c.fitSteps(images, func(string) { said++ })
		by := min(max(float64(images)/4052, 1./8), 8)
		if want := by * float64(whole); float64(c.Steps()) < want-1 || float64(c.Steps()) > want+1 {
			t.Errorf("%d photographs: %d steps, want %g", images, c.Steps(), want)
		}
		if p := c.PhaseAt(c.Freeze.UnfreezeAt); p != c.PhaseAt(c.Freeze.UnfreezeAt-1)+1 {
			t.Errorf("%d photographs: the backbone begins to train at step %d, within a phase", images, c.Freeze.UnfreezeAt)
		}
		if (images == 4052) != (said == 0) || (images == 4052) != (c.Evaluate.Every == every) {
			t.Errorf("%d photographs: said %d lines, evaluates every %d steps", images, said, c.Evaluate.Every)
		}
	}
}
