package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/dvml/dvml/internal/yamltext"
)

// setSteps gives each phase its number of steps; where the backbone begins to train stays at the
// same share of its phase.
func (c *Config) setSteps(steps []int) {
	unfreeze := c.Freeze.UnfreezeAt
	from, to := 0, 0 // where a phase begins, as it was and as it becomes
	for i := range c.Phases {
		p := &c.Phases[i]
		was := p.Steps
		p.Steps = steps[i]
		if unfreeze > from && unfreeze <= from+was {
			c.Freeze.UnfreezeAt = to + max(1, (unfreeze-from)*p.Steps/was)
		}
		from, to = from+was, to+p.Steps
	}
}

// scaleEvery keeps the number of evaluations of a run that had before steps.
func (c *Config) scaleEvery(before int) {
	if c.Evaluate.Every > 0 {
		c.Evaluate.Every = max(1, int(math.Round(float64(c.Evaluate.Every)*float64(c.Steps())/float64(before))))
	}
}

// Shortened is a copy of the settings with steps steps, as of ScaleSteps, and as many evaluations as before.
func (c *Config) Shortened(steps int) *Config {
	short := *c
	short.Phases = slices.Clone(c.Phases)
	short.ScaleSteps(steps)
	short.scaleEvery(c.Steps())
	return &short
}

// ScaleSteps makes the phases last steps steps together, each as large a share as before and one at
// least. The numbers stand for any data then.
func (c *Config) ScaleSteps(steps int) {
	whole, before := c.Steps(), 0
	each := make([]int, len(c.Phases))
	for i, p := range c.Phases {
		from := before * steps / whole
		before += p.Steps
		each[i] = max(1, before*steps/whole-from)
	}
	c.setSteps(each)
	c.Photographs = 0
}

// ScaleBatch makes the batches hold images images, by fewer or more classes; a phase's own batch
// shrinks as much as the run's.
func (c *Config) ScaleBatch(images int) {
	for i := range c.Phases {
		if b := c.Phases[i].Batch; b != nil {
			own := *b
			own.Classes = max(2, images*own.Classes/c.Batch.Size())
			c.Phases[i].Batch = &own
		}
	}
	c.Batch.Classes = max(2, images*c.Batch.Classes/c.Batch.Size())
}

// setPhases is Set for phases. Where an item of the list has lambda, the list is all phases of the
// run. Else each item changes the phase in its place, and phases that the list does not reach stay.
func (c *Config) setPhases(value string) error {
	text, err := yamltext.Clean([]byte(value))
	if err != nil {
		return err
	}
	var items []map[string]any
	if err := yaml.Unmarshal(text, &items); err != nil || len(items) == 0 {
		return errNotPartial
	}
	for _, item := range items {
		if item == nil || item["lambda"] != nil {
			return errNotPartial
		}
	}
	if len(items) > len(c.Phases) {
		return &newPhaseError{len(c.Phases) + 1, len(c.Phases)}
	}
	merged := *c
	merged.Phases = make([]Phase, len(c.Phases))
	steps := make([]int, len(c.Phases))
	for i, p := range c.Phases {
		if p.Batch != nil {
			own := *p.Batch
			p.Batch = &own
		}
		if p.Rates != nil {
			own := *p.Rates
			p.Rates = &own
		}
		was := p.Steps
		if i < len(items) {
			part, err := yaml.Marshal(items[i])
			if err != nil {
				return err
			}
			if err := checkListsIn(items[i], reflect.TypeFor[Phase](), fmt.Sprintf(".phases[%d]", i)); err != nil {
				return err
			}
			if err := yaml.UnmarshalWithOptions(part, &p, yaml.Strict()); err != nil {
				return err
			}
		}
		steps[i], p.Steps = p.Steps, was
		merged.Phases[i] = p
	}
	merged.setSteps(steps)
	*c = merged
	return nil
}
