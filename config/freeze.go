package config

import (
	"fmt"

	"github.com/dvml/dvml/backbone"
)

// Freeze lets the layers above a stage of the backbone train on what the layers below it have computed once.
type Freeze struct {
	// Part is "" or "backbone": the whole backbone is frozen, and the heads train on its pooled features.
	Part string `yaml:"part"`
	// Until names the last stage of the backbone that is frozen (one of its cuts), and the stages above it train on its maps; "": none.
	Until string `yaml:"until"`
	// Crops is how many augmented crops an image these are computed of; 0: the centre crop alone.
	Crops int `yaml:"crops"`
	// UnfreezeAt is the step from which the whole network trains, 0: never.
	UnfreezeAt int `yaml:"unfreeze_at"`
}

// Stage is the stage of the backbone whose output is cached, "" where nothing is frozen.
func (f Freeze) Stage() string {
	if f.Part == "backbone" {
		return backbone.Features
	}
	return f.Until
}

// Frozen reports whether step (from 0) trains on the cache.
func (f Freeze) Frozen(step int) bool {
	return f.Stage() != "" && (f.UnfreezeAt == 0 || step < f.UnfreezeAt)
}

// FrozenWhole reports whether no layer of the backbone trains at step (from 0).
func (f Freeze) FrozenWhole(step int) bool {
	return f.Frozen(step) && f.Stage() == backbone.Features
}

// check reports settings of freeze that contradict each other or those of the image.
func (f Freeze) check(c *Config) error {
	switch {
	case f.Part != "" && f.Part != "backbone":
		return fmt.Errorf("freeze.part is %q; it is empty or backbone (a stage of it: freeze.until)", f.Part)
	case f.Part != "" && f.Until != "":
		return fmt.Errorf("freeze.part is %s and freeze.until %s; name one of them (--set 'freeze.part=\"\"' takes back a preset's)", f.Part, f.Until)
	case f.Until != "" && f.badCut(c) != nil:
		return fmt.Errorf("freeze.until: %w", f.badCut(c))
	case f.Crops < 0:
		return fmt.Errorf("freeze.crops is %d; it is not negative", f.Crops)
	case f.Crops > 0 && f.Stage() != "" && !c.TrainPlan().Random():
		return fmt.Errorf("freeze.crops is %d, but they would all be the centre crop: set image.random_crop, image.mirror or image.min_area, or freeze.crops to 0", f.Crops)
	case f.UnfreezeAt < 0:
		return fmt.Errorf("freeze.unfreeze_at is %d; it is not negative (0: never)", f.UnfreezeAt)
	}
	return nil
}

// badCut reports a name in until that the network does not have, as far as settings alone can tell: of a network that a file describes, training finds out.
func (f Freeze) badCut(c *Config) error {
	network, err := backbone.Open(c.Backbone.Spec, nil)
	if err != nil {
		return nil
	}
	return backbone.CheckCut(network, f.Until)
}
