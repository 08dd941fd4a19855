package train

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/method"
)

// openCache opens the cache of what the frozen layers give, or computes it.
func (t *Trainer) openCache(ctx context.Context) error {
	c, stage := t.Config, t.Config.Freeze.Stage()
	last := max(t.info.Step-1, 0) // an evaluation after the last step on the cache is still to be made from it
	if t.features != nil || !c.Freeze.Frozen(t.info.Step) && (!c.Freeze.Frozen(last) || t.info.Metrics != nil) {
		return nil
	}
	if err := drawBackbone(t.backend, t.store, t.Model, c.Image.Crop); err != nil {
		return err
	}
	e, err := embed.NewStage(t.backend, t.store, t.Model, stage, c.Image.Crop, c.Evaluate.Batch)
	if err != nil {
		return err
	}
	defer e.Close()
	weights, err := features.Fingerprint(t.Model.Backbone, t.store, stage)
	if err != nil {
		return err
	}
	source := features.Source{
		Reader: t.data.reader, Embedder: e, Stage: stage, Weights: weights,
		Test: c.TestPlan(), Train: c.TrainPlan(), Crops: c.Freeze.Crops, Seed: c.Seed,
	}
	if c.Freeze.Until != "" && c.Freeze.Crops == 0 && c.TrainPlan().Random() {
		t.watch.Say("training sees centre crops while layers are frozen; freeze.crops: K caches K augmented crops of each training image")
	}
	t.features, err = features.Load(ctx, source, features.Place{Data: c.Data, Folder: t.Cache}, func(line string) { t.watch.Say("cache      " + line) }, t.watch.Embedding)
	if err != nil {
		return err
	}
	t.watch.Say("cache      " + t.features.Path)
	return nil
}

// drawBackbone makes the backbone's variables exist where no file gave them.
func drawBackbone(backend compute.Backend, store *model.Store, m *method.Model, side int) error {
	missing := func(v backbone.Variable) bool { return store.GetVariable("/backbone/"+v.Path) == nil }
	if !slices.ContainsFunc(m.Backbone.Variables(), missing) {
		return nil
	}
	exec, err := model.NewExec(backend, store, func(scope *model.Scope, images *graph.Node) *graph.Node {
		return m.Features(scope, images, false)
	})
	if err != nil {
		return err
	}
	defer exec.Finalize()
	_, err = exec.Compile(shapes.Make(dtypes.Float32, 1, side, side, 3))
	return err
}

// frozen is the cache that step (from 0) trains on; nil: it trains on images.
func (t *Trainer) frozen(step int) *features.Set {
	if !t.Config.Freeze.Frozen(step) {
		return nil
	}
	return t.features
}

// unfreeze prepares the step from which the whole network trains, where a part of the backbone trained before: the optimiser's moments of the
// backbone begin anew, so that those of lower and upper layers are of one age. Adam's corrections, which count a group's steps, would otherwise let the
// lower layers begin with steps three times too long.
func (t *Trainer) unfreeze() error {
	c := t.Config.Freeze
	if c.Stage() == "" || c.Stage() == backbone.Features || t.info.Step == 0 || t.info.Step != c.UnfreezeAt {
		return nil
	}
	t.info.Taken[backboneGroup] = 0
	for v := range t.store.IterVariables() {
		if !strings.HasPrefix(v.Path(), "/optimizer/") || !strings.Contains(v.Path(), "/backbone/") {
			continue
		}
		if err := v.SetValue(initial.Constant(0, v.Shape().Dimensions...)); err != nil {
			return fmt.Errorf("%s: %w", v.Path(), err)
		}
	}
	return nil
}
