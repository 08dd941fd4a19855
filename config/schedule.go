package config

import (
	"math"
	"slices"
)

// Groups are the optimiser's groups: the first part of a variable's path.
var Groups = []string{"backbone", "heads", "decoder", "classifier", "loss"}

// List are the rates in the order of Groups.
func (r Rates) List() []float64 {
	return []float64{r.Backbone, r.Heads, r.Decoder, r.Classifier, r.Loss}
}

// Factor is what the learning rates of step are multiplied by: the phase's own schedule, or the run's.
func (c *Config) Factor(step int) float64 {
	p := c.Phases[c.PhaseAt(step)]
	if p.Schedule == "" {
		return c.Optimizer.factor(step, c.Steps())
	}
	o := c.Optimizer
	o.Schedule, o.Warmup = p.Schedule, p.Warmup
	return o.factor(c.within(step), p.Steps)
}

// KLShare is the share of its weight that the KL has in step, see [method.Phase.KLShare].
func (c *Config) KLShare(step int) float64 { return c.Phases[c.PhaseAt(step)].KLShare(c.within(step)) }

// within is the number of step (from 0) in its phase, from 0.
func (c *Config) within(step int) int {
	for _, before := range c.Phases[:c.PhaseAt(step)] {
		step -= before.Steps
	}
	return step
}

// factor is the schedule: what the learning rates are multiplied by at step.
func (o Optimizer) factor(step, steps int) float64 {
	if step < o.Warmup {
		return float64(step+1) / float64(o.Warmup)
	}
	switch o.Schedule {
	case "cosine":
		return 0.5 * (1 + math.Cos(math.Pi*float64(step-o.Warmup)/float64(max(steps-o.Warmup, 1))))
	case "step":
		return math.Pow(o.StepFactor, float64(step/o.StepEvery))
	}
	return 1
}

// Turns are the steps (from 0) at which a phase begins or the backbone is unfrozen, but the first, in order.
func (c *Config) Turns() []int {
	var at []int
	n := 0
	for _, p := range c.Phases[:len(c.Phases)-1] {
		n += p.Steps
		at = append(at, n)
	}
	if u := c.Freeze.UnfreezeAt; c.Freeze.Stage() != "" && u > 0 && u < c.Steps() {
		at = append(at, u)
	}
	return slices.Compact(slices.Sorted(slices.Values(at)))
}

// Evaluates reports whether the held-out classes are evaluated after step: before the first one, every so many steps of each stretch between Turns, and at the
// stretch's end; where all classes are trained on, never. One that would come less than a quarter of that before the end is left to the end.
func (c *Config) Evaluates(step int) bool {
	e := c.Evaluate
	if c.All {
		return false
	}
	switch step {
	case 0:
		return e.First
	case c.Steps():
		return true
	}
	if e.Every == 0 {
		return false
	}
	from, to := 0, c.Steps()
	for _, at := range c.Turns() {
		switch {
		case at == step:
			return true
		case at < step:
			from = at
		default:
			to = min(to, at)
		}
	}
	return (step-from)%e.Every == 0 && 4*(to-step) >= e.Every
}
