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

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/loader"
	"github.com/dvml/dvml/method"
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
	shape []int // of the vector of one image
	dim   int   // its size

	precision string // see Precision
}

// New prepares an embedder; the graph is compiled at the first use. batch is how many images go through at once.
func New(backend compute.Backend, variables *model.Store, m *method.Model, kind Kind, batch int) (*Embedder, error) {
	if kind == Features {
		return build(backend, variables, batch, []int{m.Backbone.Features()}, func(scope *model.Scope, images *graph.Node) *graph.Node {
			return m.Features(scope, images, false)
		})
	}
	return build(backend, variables, batch, []int{m.Method.Dim}, m.Embed)
}

// NewStage prepares an embedder that stops after the named stage of the backbone. Its vectors are what the stage gives for images of side x side,
// [h,w,C] row after row, as backbone.Backbone.CutShape tells.
func NewStage(backend compute.Backend, variables *model.Store, m *method.Model, stage string, side, batch int) (*Embedder, error) {
	shape, err := m.Backbone.CutShape(stage, side)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	return build(backend, variables, batch, shape, func(scope *model.Scope, images *graph.Node) *graph.Node {
		return m.Backbone.BuildUntil(scope.At("backbone"), images, false, stage)
	})
}

func build(backend compute.Backend, variables *model.Store, batch int, shape []int, of func(scope *model.Scope, images *graph.Node) *graph.Node) (*Embedder, error) {
	dim := 1
	for _, d := range shape {
		dim *= d
	}
	exec, err := model.NewExec(backend, variables, of)
	if err != nil {
		return nil, fmt.Errorf("embed: %w", err)
	}
	e := &Embedder{exec: exec.WithName("embed"), batch: batch, shape: shape, dim: dim, precision: "float32"}
	if rounding, ok := backend.(interface{ Precision() string }); ok {
		e.precision = rounding.Precision()
	}
	return e, nil
}

// Dim is the length of one vector.
func (e *Embedder) Dim() int { return e.dim }

// Shape is what the vector of one image stands for: [Dim], or [h,w,C] of a stage.
func (e *Embedder) Shape() []int { return e.shape }

// Batch is how many images go through at once.
func (e *Embedder) Batch() int { return e.batch }

// Precision is what the engine rounds the factors of products to, as it says; "float32" where it says nothing.
func (e *Embedder) Precision() string { return e.precision }

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
	err := e.Each(ctx, r, indices, plan, seed, func(first int, some []float32) error {
		rows = append(rows, some...)
		if progress != nil {
			progress(first+len(some)/e.dim, len(indices))
		}
		return nil
	})
	return rows, err
}

// Each hands the vectors of Augmented to use, batch by batch in the order of indices, so that they need not fit into memory: first is the place in
// indices of the first of rows [n, Dim], which belong to use.
func (e *Embedder) Each(ctx context.Context, r *store.Reader, indices []int, plan augment.Plan, seed uint64, use func(first int, rows []float32) error) error {
	if len(indices) == 0 {
		return nil
	}
	source, err := sampler.NewSequential(indices, e.batch)
	if err != nil {
		return fmt.Errorf("embed: %w", err)
	}
	l, err := loader.New(r, source, plan, seed, 0, runtime.GOMAXPROCS(0), 2)
	if err != nil {
		return fmt.Errorf("embed: %w", err)
	}
	defer l.Close()
	for first := 0; first < len(indices); first += e.batch {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := l.Next()
		if err != nil {
			return fmt.Errorf("embed: %w", err)
		}
		rows, err := e.Images(b.Images, plan.Crop)
		l.Release(b)
		if err != nil {
			return err
		}
		if err := use(first, rows[:min(e.batch, len(indices)-first)*e.dim]); err != nil {
			return err
		}
	}
	return nil
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
