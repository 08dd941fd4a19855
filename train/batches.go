package train

import (
	"runtime"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/sampler"
	"github.com/dvml/dvml/store"
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

// newImageBatches starts the batches of s from number first on.
func newImageBatches(r *store.Reader, s sampler.Sampler, c *config.Config, first int) (*imageBatches, error) {
	l, err := loader.New(r, s, c.TrainPlan(), c.Seed, first, runtime.GOMAXPROCS(0), 2)
	return &imageBatches{l, c.Image.Crop}, err
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
