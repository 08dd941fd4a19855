package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/train"
	"github.com/dvml/dvml/tune"
)

// What train tries before a run of its default settings: the first rows of dvml tune's table. Their
// number follows from the data alone, so that the seed fixes the run whatever the clock says.
const (
	choiceCandidates = 3
	choiceFolds      = 3
	choiceSmall      = 1500 // photographs up to which all folds are tried
	choiceMiddle     = 5000 // and two
)

// wholeClasses is how many classes to train on let the whole network train after the heads. With 8
// (flowers17) it fell behind the heads, with 12 of Cars196 it brought nothing, with 20 and more it
// helped (docs/training.md).
const wholeClasses = 16

// choosing are the settings, or their first parts, that say how heads are trained. Whoever sets one
// has chosen.
var choosing = []string{"method", "phases", "optimizer", "freeze", "frozen", "fold", "all"}

// chooses reports whether the run takes the way to train the heads that its own classes show to be
// the best: nothing else was asked for, and there are classes enough to judge by. A dry run trains
// nothing, and expects what the preset takes as it is.
func (c *trainCmd) chooses(name string) bool {
	if c.Config != "" || c.Preset != "" || name != defaultPreset || c.Fold != "" || c.Steps != 0 || c.Minutes != 0 || c.DryRun {
		return false
	}
	return !c.sets(choosing...)
}

// sets reports whether --set names one of the settings, or one inside them.
func (c *trainCmd) sets(settings ...string) bool {
	return slices.ContainsFunc(c.Set, func(assignment string) bool { return concerns(assignment, settings) })
}

// concerns reports whether an assignment is to one of the settings, or to one inside them.
func concerns(assignment string, settings []string) bool {
	name, _, _ := strings.Cut(assignment, "=")
	return slices.ContainsFunc(settings, func(s string) bool { return name == s || strings.HasPrefix(name, s+".") })
}

// choose tries candidates on folds of the training classes and lays the best over the default
// settings; where none is better than the features, these are left as they are and nothing is
// trained.
func (c *trainCmd) choose(ctx context.Context, cfg *config.Config, weights string, imported backbone.Imported, backend compute.Backend, screen *screen) error {
	folder, err := os.MkdirTemp("", "dvml-choice-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // the system clears its folder
	about, err := train.DataOf(cfg)
	if err != nil {
		return err
	}
	folds := choiceFolds
	switch {
	case about.Images > choiceMiddle:
		folds = 1
	case about.Images > choiceSmall:
		folds = 2
	}
	o := tune.Options{
		Out: folder, Data: cfg.Data, Weights: weights, Imported: imported, Folds: choiceFolds, Candidates: tune.Candidates()[:choiceCandidates],
		Trials: folds * choiceCandidates, Cache: c.Cache, Backend: backend, Embedding: screen.Embedding,
		Say: func(line string) { screen.Say("choice     " + line) },
	}
	for _, assignment := range c.Set {
		if concerns(assignment, []string{"image", "backbone", "seed"}) {
			o.Set = append(o.Set, assignment)
		}
	}
	screen.Say(fmt.Sprintf("choice     %d ways to train the heads, each on %s of the training classes first: --preset NAME skips this, dvml tune tries more",
		choiceCandidates, plural.Of(folds, "fold")))
	table, err := tune.Search(ctx, o, 0)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("choosing how to train: %w", err)
	}
	choice := table.Choose()
	screen.Say("choice     " + choice.Reason)
	if err := choice.Apply(cfg, 0); err != nil {
		return err
	}
	if choice.Features {
		c.alone = choice.Reason
	} else if about.Classes < wholeClasses {
		screen.Say(fmt.Sprintf("choice     the heads alone: %d classes to train on are too few to train the whole network by; --preset %s does it all the same", about.Classes, defaultPreset))
	} else {
		return nil
	}
	cfg.Phases, cfg.Freeze.UnfreezeAt = cfg.Phases[:1], 0
	return nil
}
