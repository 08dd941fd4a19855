package train

import (
	"context"
	"fmt"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
)

// evaluator measures the held-out classes during a run.
type evaluator struct {
	t          *Trainer
	embedder   *embed.Embedder
	labels     []int32
	onFeatures *model.Exec // the heads alone, while the backbone is frozen
	embeddings []float32   // of the last evaluation, [len(labels), D]
	best       []float32   // of the best one that this process made
}

func newEvaluator(t *Trainer) (*evaluator, error) {
	e, err := embed.New(t.backend, t.store, t.Model, embed.ZI, t.Config.Evaluate.Batch)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	heads, err := model.NewExec(t.backend, t.store, t.Model.EmbedFeatures)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return &evaluator{t: t, embedder: e, onFeatures: heads, labels: t.data.testLabels()}, nil
}

func (e *evaluator) close() {
	e.embedder.Close()
	e.onFeatures.Finalize()
}

// run embeds the held-out images and returns the metrics by name.
func (e *evaluator) run(ctx context.Context) (map[string]float64, error) {
	t := e.t
	var err error
	if t.Config.Freeze.frozen(t.info.Step) {
		e.embeddings, err = e.heads()
	} else {
		e.embeddings, err = e.embedder.Rows(ctx, t.data.reader, t.data.test, t.Config.TestPlan(), t.watch.Embedding)
	}
	if err != nil {
		return nil, fmt.Errorf("train: evaluation after step %d: %w", t.info.Step, err)
	}
	r, err := evaluate.Evaluate(e.embeddings, t.Config.Method.Dim, e.labels, t.Config.Evaluate.Options(t.Config.Seed))
	if err != nil {
		return nil, fmt.Errorf("train: evaluation after step %d: %w", t.info.Step, err)
	}
	return Named(r), nil
}

// heads embeds the held-out images from their cached features.
func (e *evaluator) heads() ([]float32, error) {
	t := e.t
	rows := make([]float32, 0, len(t.data.test)*t.features.Dim)
	for _, n := range t.data.test {
		rows = append(rows, t.features.Row(-1, n)...)
	}
	out, err := e.onFeatures.Call1(tensors.FromFlatDataAndDimensions(rows, len(t.data.test), t.features.Dim))
	if err != nil {
		return nil, err
	}
	return tensors.CopyFlatData[float32](out)
}

// Options are the settings for package evaluate.
func (c EvaluateConfig) Options(seed uint64) evaluate.Options {
	return evaluate.Options{K: c.K, Seed: seed, Restarts: c.Restarts}
}

// Named gives the metrics of r the names that tables, curves and evaluate.best use.
func Named(r evaluate.Result) map[string]float64 {
	m := map[string]float64{"NMI": r.NMI, "F1": r.F1, "MAP@R": r.MAPR, "RP": r.RPrecision}
	for i, k := range r.K {
		m[fmt.Sprintf("R@%d", k)] = r.Recall[i]
	}
	return m
}
