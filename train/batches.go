package train

import (
	"runtime"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/loader"
)

// batch is the input of one step: images, or what the frozen layers make of them.
type batch struct {
	input  *tensors.Tensor // [B,Crop,Crop,3], [B,h,w,C] or [B,F]
	index  []int           // rows of the data file
	images *loader.Batch   // nil for those of the cache
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
	s, err := t.data.sampler(t.Config.BatchOf(t.Config.PhaseAt(step)), t.Config.Seed)
	if err != nil {
		return nil, err
	}
	l, err := loader.New(t.data.reader, s, t.Config.TrainPlan(), t.Config.Seed, step*t.Config.Accumulate, runtime.GOMAXPROCS(0), 2)
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

// batches starts the batches from step on: of the cache while layers are frozen.
func (t *Trainer) batches(step int) (batches, error) {
	if !t.Config.Freeze.Frozen(step) {
		return t.imageBatches(step)
	}
	s, err := t.data.sampler(t.Config.BatchOf(t.Config.PhaseAt(step)), t.Config.Seed)
	if err != nil {
		return nil, err
	}
	return t.cacheBatches(s, step*t.Config.Accumulate, false), nil
}
