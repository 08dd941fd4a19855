package train

import (
	"runtime"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/sampler"
	"github.com/dvml/dvml/store"
)

// batch is what goes through the network at once, a batch or a chunk of one: images, or what the frozen layers make of them.
type batch struct {
	input  *tensors.Tensor // [B,Crop,Crop,3], [B,h,w,C] or [B,F]
	index  []int           // rows of the data file
	whole  []int           // those of the whole batch
	images *loader.Batch   // nil for those of the cache
}

// shown is a batch, or the last chunk of one, with the embeddings of the whole, [B,D], and, where it went through the network in chunks, its features [B,F].
type shown struct {
	batch
	zi       []float32
	features []float32
}

// wholeOf is the batch that the rows of a step of s belong to, which are index.
func wholeOf(s sampler.Sampler, step int, index []int) []int {
	if parts, ok := s.(*sampler.Parts); ok {
		return parts.Whole(step)
	}
	return index
}

// batches gives the steps' batches, or their chunks, in their order.
type batches interface {
	next() (batch, error)
	release(b batch)
	close()
}

// imageBatches are of images, cropped and mirrored.
type imageBatches struct {
	l    *loader.Loader
	plan sampler.Sampler
	side int
}

// newImageBatches starts the batches of s from number first on.
func newImageBatches(r *store.Reader, s sampler.Sampler, c *config.Config, first int) (*imageBatches, error) {
	l, err := loader.New(r, s, c.TrainPlan(), c.Seed, first, runtime.GOMAXPROCS(0), 2)
	return &imageBatches{l, s, c.Image.Crop}, err
}

func (i *imageBatches) next() (batch, error) {
	b, err := i.l.Next()
	if err != nil {
		return batch{}, err
	}
	return batch{tensors.FromFlatDataAndDimensions(b.Images, len(b.Labels), i.side, i.side, 3), b.Index, wholeOf(i.plan, b.Step, b.Index), b}, nil
}

// release frees the copy that the network read now: chunks would fill the memory with them.
func (i *imageBatches) release(b batch) {
	b.input.FinalizeAll() //nolint:errcheck // the memory is the collector's in any case
	i.l.Release(b.images)
}

func (i *imageBatches) close() { i.l.Close() }
