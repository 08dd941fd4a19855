package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/sampler"
)

// batch is the input of one step: images, or the features of images.
type batch struct {
	input  *tensors.Tensor // [B,Crop,Crop,3] or [B,F]
	index  []int           // rows of the data file
	images *loader.Batch   // nil for features
}

// shown is a batch with its embeddings, [B,D].
type shown struct {
	batch
	zi []float32
}

// batches gives the steps' batches in their order.
type batches interface {
	next() (batch, error)
	release(b batch)
	close()
}

// imageBatches are of images, cropped and mirrored.
type imageBatches struct {
	l    *loader.Loader
	side int
}

func (t *Trainer) imageBatches(step int) (batches, error) {
	s, err := t.data.sampler(t.Config.batchOf(t.Config.PhaseAt(step)), t.Config.Seed)
	if err != nil {
		return nil, err
	}
	l, err := loader.New(t.data.reader, s, t.Config.trainPlan(), t.Config.Seed, step*t.Config.Accumulate, runtime.GOMAXPROCS(0), 2)
	return &imageBatches{l, t.Config.Image.Crop}, err
}

func (i *imageBatches) next() (batch, error) {
	b, err := i.l.Next()
	if err != nil {
		return batch{}, err
	}
	return batch{tensors.FromFlatDataAndDimensions(b.Images, len(b.Labels), i.side, i.side, 3), b.Index, b}, nil
}

func (i *imageBatches) release(b batch) { i.l.Release(b.images) }

func (i *imageBatches) close() { i.l.Close() }

// featureBatches are of cached features.
type featureBatches struct {
	s    sampler.Sampler
	set  *features.Set
	seed uint64
	at   int // number of the next batch
}

func (f *featureBatches) next() (batch, error) {
	index := f.s.Batch(f.at)
	rng := rand.New(rand.NewPCG(f.seed, uint64(f.at)<<8|streamCrop))
	f.at++
	rows := make([]float32, 0, len(index)*f.set.Dim)
	for _, n := range index {
		crop := -1
		if f.set.Crops > 0 {
			crop = rng.IntN(f.set.Crops)
		}
		rows = append(rows, f.set.Row(crop, n)...)
	}
	return batch{input: tensors.FromFlatDataAndDimensions(rows, len(index), f.set.Dim), index: index}, nil
}

func (f *featureBatches) release(batch) {}

func (f *featureBatches) close() {}

// batches starts the batches from step on: of features while the backbone is frozen.
func (t *Trainer) batches(step int) (batches, error) {
	if !t.Config.Freeze.frozen(step) {
		return t.imageBatches(step)
	}
	s, err := t.data.sampler(t.Config.batchOf(t.Config.PhaseAt(step)), t.Config.Seed)
	if err != nil {
		return nil, err
	}
	return &featureBatches{s, t.features, t.Config.Seed, step * t.Config.Accumulate}, nil
}

// cache loads the features of the frozen backbone, or computes them.
func (t *Trainer) cache(ctx context.Context) error {
	if t.features != nil || !t.Config.Freeze.frozen(t.info.Step) {
		return nil
	}
	e, err := embed.New(t.backend, t.store, t.Model, embed.Features, t.Config.Evaluate.Batch)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer e.Close()
	if err := t.drawBackbone(e); err != nil {
		return err
	}
	weights, err := features.Fingerprint(t.Config.Backbone.Spec, t.store)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	source := features.Source{
		Reader: t.data.reader, Embedder: e, Weights: weights,
		Test: t.Config.TestPlan(), Train: t.Config.trainPlan(), Crops: t.Config.Freeze.Crops, Seed: t.Config.Seed,
	}
	t.watch.Say("features: " + source.Path(t.Config.Data))
	t.features, err = features.Load(ctx, source, t.Config.Data, t.watch.Embedding)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// drawBackbone makes the backbone's variables exist where no file gave them, by a pass of one image.
func (t *Trainer) drawBackbone(e *embed.Embedder) error {
	side := t.Config.Image.Crop
	if _, err := e.Images(make([]float32, side*side*3), side); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}
