package train

import (
	"math/rand/v2"
	"sync"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/features"
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

// newCacheBatches starts the batches of s from number first on. With a seed each image of a batch is one of its augmented crops, where the cache holds
// such; without one, its centre crop.
func newCacheBatches(set *features.Set, s sampler.Sampler, first int, seed *uint64) *cacheBatches {
	c := &cacheBatches{set: set, ready: make(chan cacheBatch, 1), quit: make(chan struct{})}
	c.running.Go(func() {
		for at := first; ; at++ {
			index := s.Batch(at)
			whole, number, from := index, at, 0
			if parts, ok := s.(*sampler.Parts); ok {
				whole = parts.Whole(at)
				number, from = parts.Place(at)
			}
			crops := make([]int, len(whole))
			for i := range crops {
				crops[i] = -1
			}
			if seed != nil && set.Crops > 0 {
				rng := rand.New(rand.NewPCG(*seed, uint64(number)<<8|streamCrop))
				for i := range crops {
					crops[i] = rng.IntN(set.Crops)
				}
			}
			b, err := c.read(index, crops[from:])
			b.whole = whole
			select {
			case c.ready <- cacheBatch{b, err}:
			case <-c.quit:
				return
			}
		}
	})
	return c
}

// read reads the images of a batch, of each the crop of that number, or the centre crop for -1.
func (c *cacheBatches) read(index, crops []int) (b batch, err error) {
	b = batch{input: tensors.FromShape(shapes.Make(dtypes.Float32, append([]int{len(index)}, c.set.Shape...)...)), index: index}
	access := b.input.MutableBytes(func(memory []byte) {
		row := len(memory) / len(index)
		for i, n := range index {
			if err == nil {
				err = c.set.Read(memory[i*row:(i+1)*row], crops[i], n)
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
