package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/sampler"
)

// cacheBatches are of cached features or maps. They are read one batch ahead of the training.
type cacheBatches struct {
	set     *features.Set
	ready   chan cacheBatch
	quit    chan struct{}
	running sync.WaitGroup
}

type cacheBatch struct {
	batch
	err error
}

// cacheBatches starts the batches of s from number first on. With the crops of seed, each image of a batch is one of its augmented crops;
// centre: its centre crop.
func (t *Trainer) cacheBatches(s sampler.Sampler, first int, centre bool) *cacheBatches {
	c := &cacheBatches{set: t.features, ready: make(chan cacheBatch, 1), quit: make(chan struct{})}
	c.running.Go(func() {
		for at := first; ; at++ {
			b, err := c.read(s.Batch(at), func() *rand.Rand {
				if centre || c.set.Crops == 0 {
					return nil
				}
				return rand.New(rand.NewPCG(t.Config.Seed, uint64(at)<<8|streamCrop))
			}())
			select {
			case c.ready <- cacheBatch{b, err}:
			case <-c.quit:
				return
			}
		}
	})
	return c
}

// read reads the images of a batch: a crop of each that rng draws, or, where it is nil, the centre crop.
func (c *cacheBatches) read(index []int, rng *rand.Rand) (b batch, err error) {
	b = batch{input: tensors.FromShape(shapes.Make(dtypes.Float32, append([]int{len(index)}, c.set.Shape...)...)), index: index}
	access := b.input.MutableBytes(func(memory []byte) {
		row := len(memory) / len(index)
		for i, n := range index {
			crop := -1
			if rng != nil {
				crop = rng.IntN(c.set.Crops)
			}
			if err == nil {
				err = c.set.Read(memory[i*row:(i+1)*row], crop, n)
			}
		}
	})
	if err == nil {
		err = access
	}
	return b, err
}

func (c *cacheBatches) next() (batch, error) {
	b := <-c.ready
	return b.batch, b.err
}

// release frees the batch's memory now: maps of a batch are many megabytes.
func (c *cacheBatches) release(b batch) {
	b.input.FinalizeAll() //nolint:errcheck // the memory is the collector's in any case
}

func (c *cacheBatches) close() {
	close(c.quit)
	c.running.Wait()
}

// cache opens the cache of what the frozen layers give, or computes it.
func (t *Trainer) cache(ctx context.Context) error {
	c, stage := t.Config, t.Config.Freeze.Stage()
	if t.features != nil || !c.Freeze.Frozen(t.info.Step) {
		return nil
	}
	if err := t.drawBackbone(); err != nil {
		return err
	}
	e, err := embed.NewStage(t.backend, t.store, t.Model, stage, c.Image.Crop, c.Evaluate.Batch)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer e.Close()
	weights, err := features.Fingerprint(c.Backbone.Spec, t.store, stage)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	source := features.Source{
		Reader: t.data.reader, Embedder: e, Stage: stage, Weights: weights,
		Test: c.TestPlan(), Train: c.TrainPlan(), Crops: c.Freeze.Crops, Seed: c.Seed,
	}
	if c.Freeze.Until != "" && c.Freeze.Crops == 0 && c.TrainPlan().Random() {
		t.watch.Say("training sees centre crops while layers are frozen; freeze.crops: K caches K augmented crops of each training image")
	}
	done := "read from"
	if t.features, err = features.Cached(source, c.Data); t.features == nil && err == nil {
		t.watch.Say(fmt.Sprintf("cache      computing %s", source))
		done = "kept in"
		t.features, err = features.Load(ctx, source, c.Data, t.watch.Embedding)
	}
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	t.watch.Say(fmt.Sprintf("cache      %s %s", done, source.Path(c.Data)))
	return nil
}

// drawBackbone makes the backbone's variables exist where no file gave them.
func (t *Trainer) drawBackbone() error {
	missing := func(v backbone.Variable) bool { return t.store.GetVariable("/backbone/"+v.Path) == nil }
	if !slices.ContainsFunc(t.Model.Backbone.Variables(), missing) {
		return nil
	}
	side := t.Config.Image.Crop
	exec, err := model.NewExec(t.backend, t.store, func(scope *model.Scope, images *graph.Node) *graph.Node {
		return t.Model.Features(scope, images, false)
	})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer exec.Finalize()
	if _, err := exec.Compile(shapes.Make(dtypes.Float32, 1, side, side, 3)); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// unfreeze prepares the step from which the whole network trains, where a part of the backbone trained before: the optimiser's moments of the
// backbone begin anew, so that those of lower and upper layers are of one age. Adam's corrections, which count a group's steps, would otherwise let the
// lower layers begin with steps three times too long.
func (t *Trainer) unfreeze() error {
	c := t.Config.Freeze
	if c.Stage() == "" || c.Stage() == backbone.LastStage || t.info.Step == 0 || t.info.Step != c.UnfreezeAt {
		return nil
	}
	t.info.Taken[backboneGroup] = 0
	for v := range t.store.IterVariables() {
		if !strings.HasPrefix(v.Path(), "/optimizer/") || !strings.Contains(v.Path(), "/backbone/") {
			continue
		}
		if err := v.SetValue(initial.Constant(0, v.Shape().Dimensions...)); err != nil {
			return fmt.Errorf("train: %s: %w", v.Path(), err)
		}
	}
	return nil
}
