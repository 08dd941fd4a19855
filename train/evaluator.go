package train

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/sampler"
)

// evaluator measures the held-out classes during a run.
type evaluator struct {
	config     *config.Config
	data       *data
	labels     []int32
	gallery    []bool // of the held-out images, see store.Reader.InGallery
	embedder   *embed.Embedder
	upper      *model.Exec           // from what the frozen layers give to z_I
	progress   func(done, total int) // is told of images
	embeddings []float32             // of the last evaluation, [len(labels), D]
	best       []float32             // of the best one that this process made
}

func newEvaluator(backend compute.Backend, store *model.Store, m *method.Model, c *config.Config, d *data, progress func(done, total int)) (*evaluator, error) {
	e, err := embed.New(backend, store, m, embed.ZI, c.Evaluate.Batch)
	if err != nil {
		return nil, err
	}
	upper, err := model.NewExec(backend, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		return m.EmbedFrom(scope, x, c.Freeze.Stage())
	})
	if err != nil {
		return nil, err
	}
	return &evaluator{
		config: c, data: d, labels: d.testLabels(), gallery: d.gallery(), embedder: e, upper: upper, progress: progress,
	}, nil
}

func (e *evaluator) close() {
	e.embedder.Close()
	e.upper.Finalize()
}

// run embeds the held-out images, from the cache where one is given, and returns the metrics by name.
func (e *evaluator) run(ctx context.Context, cache *features.Set) (metrics map[string]float64, err error) {
	dim := e.config.Method.Dim
	if cache != nil {
		e.embeddings, err = e.fromCache(ctx, cache, e.data.test, nil, dim, func(x *tensors.Tensor) (*tensors.Tensor, error) { return e.upper.Call1(x) })
	} else {
		e.embeddings, err = e.embedder.Rows(ctx, e.data.reader, e.data.test, e.config.TestPlan(), e.progress)
	}
	if err != nil {
		return nil, err
	}
	return e.measure(e.embeddings, dim)
}

// measure returns the metrics by name of rows [len(labels), dim].
func (e *evaluator) measure(rows []float32, dim int) (map[string]float64, error) {
	r, err := evaluate.EvaluateMarked(rows, dim, e.labels, e.gallery, e.config.Evaluate.Options(e.config.Seed))
	if err != nil {
		return nil, err
	}
	return r.Named(), nil
}

// calibrate fits what similarities mean to the last evaluation's embeddings; nil where the held-out classes are too few for it.
func (e *evaluator) calibrate() (*calibrate.Calibration, error) {
	c, err := calibrate.Fit(e.embeddings, e.config.Method.Dim, e.labels, e.config.Seed)
	if errors.Is(err, calibrate.ErrTooFew) {
		return nil, nil
	}
	return c, err
}

// features measures the cached features, of dim values, of a backbone that is frozen as a whole: what is found without any training.
func (e *evaluator) features(ctx context.Context, cache *features.Set, dim int) (rows []float32, metrics map[string]float64, err error) {
	rows, err = e.fromCache(ctx, cache, e.data.test, nil, dim, func(x *tensors.Tensor) (*tensors.Tensor, error) { return x, nil })
	if err != nil {
		return nil, nil, fmt.Errorf("the features: %w", err)
	}
	metrics, err = e.measure(rows, dim)
	return rows, metrics, err
}

// fromCache takes what the frozen layers gave for images, of their centre crops or those drawn by a seed, through upper, which makes rows of dim values
// of it.
func (e *evaluator) fromCache(ctx context.Context, cache *features.Set, images []int, seed *uint64, dim int, upper func(*tensors.Tensor) (*tensors.Tensor, error)) ([]float32, error) {
	s, err := sampler.NewSequential(images, e.config.Evaluate.Batch)
	if err != nil {
		return nil, err
	}
	batches := newCacheBatches(cache, s, 0, seed)
	defer batches.close()
	rows := make([]float32, 0, len(images)*dim)
	for at := range s.Steps() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := batches.next()
		if err != nil {
			return nil, err
		}
		out, err := upper(b.input)
		if err != nil {
			return nil, err
		}
		z, err := tensors.CopyFlatData[float32](out)
		if err != nil {
			return nil, err
		}
		batches.release(b)
		rows = append(rows, z[:s.Valid(at)*dim]...)
		e.progress(at*s.Size()+s.Valid(at), len(images))
	}
	return rows, nil
}
