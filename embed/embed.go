// Package embed runs a trained model over the images of a data file.
package embed

import (
	"context"
	"fmt"
	"runtime"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/sampler"
	"github.com/dvml/dvml/store"
)

// Kind is what is read from the model.
type Kind int

// What an Embedder can return.
const (
	ZI       Kind = iota // the embedding z_I, [D]
	Features             // the backbone's pooled features x, [F]
)

// Embedder turns images into vectors, a batch at a time. It reads the store's variables at each call, so that it can follow a training run.
type Embedder struct {
	exec  *model.Exec
	batch int
	dim   int
}

// New prepares an embedder; the graph is compiled at the first use. batch is how many images go through at once.
func New(backend compute.Backend, variables *model.Store, m *dvml.Model, kind Kind, batch int) (*Embedder, error) {
	dim := m.Method.Dim
	if kind == Features {
		dim = m.Backbone.Features()
	}
	exec, err := model.NewExec(backend, variables, func(scope *model.Scope, images *graph.Node) *graph.Node {
		if kind == Features {
			return m.Features(scope, images, false)
		}
		return m.Embed(scope, images)
	})
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	return &Embedder{exec: exec.WithName("embed"), batch: batch, dim: dim}, nil
}

// Dim is the length of one vector.
func (e *Embedder) Dim() int { return e.dim }

// Close frees the compiled graph.
func (e *Embedder) Close() { e.exec.Finalize() }

// Rows returns the vectors of the images at indices of r, row after row, as plan (a centre crop) shows them to the network. progress, where not
// nil, is told after each batch.
func (e *Embedder) Rows(ctx context.Context, r *store.Reader, indices []int, plan augment.Plan, progress func(done, total int)) ([]float32, error) {
	return e.Augmented(ctx, r, indices, plan, 0, progress)
}

// Augmented is Rows of crops that plan draws under seed.
func (e *Embedder) Augmented(ctx context.Context, r *store.Reader, indices []int, plan augment.Plan, seed uint64, progress func(done, total int)) ([]float32, error) {
	rows := make([]float32, 0, len(indices)*e.dim)
	if len(indices) == 0 {
		return rows, nil
	}
	source, err := sampler.NewSequential(indices, e.batch)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	l, err := loader.New(r, source, plan, seed, 0, runtime.GOMAXPROCS(0), 2)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	defer l.Close()
	for len(rows) < len(indices)*e.dim {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b, err := l.Next()
		if err != nil {
			return nil, fmt.Errorf("embed: %w", err)
		}
		out, err := e.Images(b.Images, plan.Crop)
		l.Release(b)
		if err != nil {
			return nil, err
		}
		rows = append(rows, out...)
		if progress != nil {
			progress(min(len(rows)/e.dim, len(indices)), len(indices))
		}
	}
	return rows[:len(indices)*e.dim], nil
}

// Images returns the vectors of a batch of network inputs, [B,side,side,3] row after row.
func (e *Embedder) Images(images []float32, side int) ([]float32, error) {
	b := len(images) / (side * side * 3)
	out, err := e.exec.Call1(tensors.FromFlatDataAndDimensions(images, b, side, side, 3))
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	defer out.FinalizeAll() //nolint:errcheck // the values were copied
	return tensors.CopyFlatData[float32](out)
}
