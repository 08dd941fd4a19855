package train

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/sampler"
)

// evaluator measures the held-out classes during a run.
type evaluator struct {
	t          *Trainer
	embedder   *embed.Embedder
	labels     []int32
	gallery    []bool      // of the held-out images, see store.Reader.InGallery
	upper      *model.Exec // from what the frozen layers give
	embeddings []float32   // of the last evaluation, [len(labels), D]
	best       []float32   // of the best one that this process made
}

func newEvaluator(t *Trainer) (*evaluator, error) {
	e, err := embed.New(t.backend, t.store, t.Model, embed.ZI, t.Config.Evaluate.Batch)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	upper, err := model.NewExec(t.backend, t.store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		return t.Model.EmbedFrom(scope, x, t.Config.Freeze.Stage())
	})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &evaluator{t: t, embedder: e, upper: upper, labels: t.data.testLabels(), gallery: t.data.reader.InGallery(t.data.test)}, nil
}

func (e *evaluator) close() {
	e.embedder.Close()
	e.upper.Finalize()
}

// run embeds the held-out images and returns the metrics by name.
func (e *evaluator) run(ctx context.Context) (map[string]float64, error) {
	t := e.t
	var err error
	if t.Config.Freeze.Frozen(t.info.Step) {
		e.embeddings, err = e.fromCache(ctx, t.Config.Method.Dim, func(x *tensors.Tensor) (*tensors.Tensor, error) { return e.upper.Call1(x) })
	} else {
		e.embeddings, err = e.embedder.Rows(ctx, t.data.reader, t.data.test, t.Config.TestPlan(), t.watch.Embedding)
	}
	if err != nil {
		return nil, fmt.Errorf("train: evaluation after step %d: %w", t.info.Step, err)
	}
	return e.measure(e.embeddings, t.Config.Method.Dim)
}

// measure returns the metrics by name of rows [len(labels), dim].
func (e *evaluator) measure(rows []float32, dim int) (map[string]float64, error) {
	t := e.t
	r, err := evaluate.EvaluateParts(rows, dim, e.labels, e.gallery, t.Config.Evaluate.Options(t.Config.Seed))
	if err != nil {
		return nil, fmt.Errorf("train: evaluation after step %d: %w", t.info.Step, err)
	}
	return r.Named(), nil
}

// features measures the cached features of a backbone that is frozen as a whole: what is found without any training.
func (e *evaluator) features(ctx context.Context) (map[string]float64, error) {
	dim := e.t.Model.Backbone.Features()
	rows, err := e.fromCache(ctx, dim, func(x *tensors.Tensor) (*tensors.Tensor, error) { return x, nil })
	if err != nil {
		return nil, fmt.Errorf("train: the features' evaluation: %w", err)
	}
	return e.measure(rows, dim)
}

// fromCache takes what the frozen layers gave for the held-out images through upper, which makes rows of dim values of it.
func (e *evaluator) fromCache(ctx context.Context, dim int, upper func(*tensors.Tensor) (*tensors.Tensor, error)) ([]float32, error) {
	t := e.t
	s, err := sampler.NewSequential(t.data.test, t.Config.Evaluate.Batch)
	if err != nil {
		return nil, err
	}
	batches := t.cacheBatches(s, 0, true)
	defer batches.close()
	rows := make([]float32, 0, len(t.data.test)*dim)
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
		t.watch.Embedding(at*s.Size()+s.Valid(at), len(t.data.test))
	}
	return rows, nil
}
