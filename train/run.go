package train

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/run"
)

// Run trains to the end, phase by phase. When ctx ends it finishes the step, saves and returns ErrInterrupted.
func (t *Trainer) Run(ctx context.Context) error {
	if err := t.cache(ctx); err != nil {
		return t.stopped(ctx, err)
	}
	evaluates := t.due(t.info.Step) && t.info.Metrics == nil
	if evaluates {
		if err := t.baseline(ctx); err != nil {
			return t.stopped(ctx, err)
		}
		if err := t.evaluate(ctx); err != nil {
			return t.stopped(ctx, err)
		}
	}
	if t.saved < 0 || evaluates {
		if err := t.save(); err != nil {
			return err
		}
	}
	if t.ended() && !evaluates {
		t.sayStopped()
		return nil
	}
	if err := t.logs.graph(); err != nil {
		return err
	}
	for !t.ended() {
		if err := t.stretch(ctx); err != nil {
			return t.stopped(ctx, err)
		}
	}
	t.sayStopped()
	t.sayIdle()
	if err := t.projector(); err != nil {
		return err
	}
	return t.logs.curves()
}

// due reports whether the held-out classes are evaluated after step.
func (t *Trainer) due(step int) bool {
	e := t.Config.Evaluate
	switch step {
	case 0:
		return e.First
	case t.Config.Steps():
		return true
	}
	return e.Every > 0 && step%e.Every == 0
}

// stopped turns the end of ctx into a saved state and ErrInterrupted.
func (t *Trainer) stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	if t.saved != t.info.Step {
		if err := t.save(); err != nil {
			return err
		}
	}
	t.sayIdle()
	return ErrInterrupted
}

// stretch takes the steps that share one graph: of one phase, with layers frozen or not.
func (t *Trainer) stretch(ctx context.Context) error {
	c, p := t.Config, t.Config.PhaseAt(t.info.Step)
	frozen := c.Freeze.Frozen(t.info.Step)
	if err := t.unfreeze(); err != nil {
		return err
	}
	s, err := newStep(t.backend, t.store, t.Model, c, p, frozen)
	if err != nil {
		return fmt.Errorf("train: phase %d: %w", p+1, err)
	}
	defer s.close()
	batches, err := t.batches(t.info.Step)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer batches.close()
	for !t.ended() && c.PhaseAt(t.info.Step) == p && c.Freeze.Frozen(t.info.Step) == frozen {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.take(s, p, batches); err != nil {
			return err
		}
		if t.due(t.info.Step) {
			if err := t.evaluate(ctx); err != nil {
				return err
			}
		}
		if t.ended() || t.info.Step%c.Checkpoint.Every == 0 {
			if err := t.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// take takes one step of phase p.
func (t *Trainer) take(s *step, p int, batches batches) error {
	c, n := t.Config, t.info.Step
	began := time.Now()
	for g, rate := range c.RatesOf(p).List() {
		if rate > 0 && (g != decoderGroup || c.Phases[p].TrainDecoder) && (g != backboneGroup || !c.Freeze.Holds(n)) {
			t.info.Taken[g]++
		}
	}
	table := steering(c, n, t.info.Taken)
	mean := map[string]float64{} // of the step's batches
	var last shown
	for i := range c.Accumulate {
		b, err := batches.next()
		if err != nil {
			return fmt.Errorf("train: step %d: %w", n+1, err)
		}
		values, zi, err := t.batch(s, p, i, b, table)
		if err != nil {
			return err
		}
		for name, v := range values {
			mean[name] += v / float64(c.Accumulate)
		}
		if i > 0 {
			batches.release(last.batch)
		}
		last = shown{b, zi}
	}
	defer batches.release(last.batch)
	if s.end != nil {
		norm, err := s.finish(table)
		if err != nil {
			return fmt.Errorf("train: step %d: %w", n+1, err)
		}
		if err := t.finite(n, run.GradientNorm, norm, last.index); err != nil {
			return err
		}
		mean[run.GradientNorm] = float64(norm)
	}
	mean[run.Idle] = float64(t.info.Idle)
	t.info.Step, t.info.Metrics = n+1, nil
	return t.logs.step(p, mean, last, time.Since(began))
}

// batch sends batch number i of a step in phase p through the graph and returns its values by name, and its embeddings.
func (t *Trainer) batch(s *step, p, i int, b batch, table []float32) (named map[string]float64, zi []float32, err error) {
	c, n := t.Config, t.info.Step
	size, draw := len(b.index), n*c.Accumulate+i
	var uniforms []*tensors.Tensor
	if c.Method.Dropout > 0 {
		uniforms = append(uniforms, uniform(c.Seed, draw, streamDrop, size, t.Model.Backbone.Features()))
	}
	if t.Model.NeedsUniform() {
		uniforms = append(uniforms, uniform(c.Seed, draw, streamUniform, size, size))
	}
	eps := tensors.FromFlatDataAndDimensions([]float32{0}, 1, 1, 1) // where nothing needs it the graph does not read it
	if c.Method.NeedsEps() {
		samples := 1
		if c.Method.Objective == "dvml" {
			samples = c.Phases[p].Samples
		}
		eps = noise(c.Seed, draw, samples, size, c.Method.Dim)
	}
	values, zi, err := s.batch(b.input, t.data.numbers(b.index), eps, table, i, uniforms...)
	if err != nil {
		return nil, nil, fmt.Errorf("train: step %d: %w", n+1, err)
	}
	named = map[string]float64{run.Spread: spread(zi, c.Method.Dim)}
	for i, name := range Values {
		if i < losses || name == run.GradientNorm {
			if err := t.finite(n, name, values[i], b.index); err != nil {
				return nil, nil, err
			}
		}
		if reports(c, name) {
			named[name] = float64(values[i])
		}
	}
	t.heed(named)
	return named, zi, nil
}

// finite stops the run where a value of a step is no number.
func (t *Trainer) finite(step int, name string, value float32, index []int) error {
	if f := float64(value); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return nil
	}
	good := "there is no earlier state"
	if t.saved >= 0 {
		good = "the last good state is " + t.Folder.Checkpoint(t.saved)
	}
	return fmt.Errorf("train: step %d: %s is %g; stopped; %s; lower the learning rates or set optimizer.clip_norm; the batch's images are %v", step+1, name, value, good, index)
}

// baseline measures the backbone's features, where they are cached for the heads to train on: what training has to improve on.
func (t *Trainer) baseline(ctx context.Context) error {
	if t.info.Step > 0 || !t.Config.Freeze.Holds(0) {
		return nil
	}
	metrics, err := t.eval.features(ctx)
	if err != nil {
		return err
	}
	t.watch.Features(metrics)
	return nil
}

// evaluate measures the held-out classes, logs the result and keeps the state if it is the best.
func (t *Trainer) evaluate(ctx context.Context) error {
	var metrics map[string]float64
	if err := t.averaged(func() (err error) {
		metrics, err = t.eval.run(ctx)
		return err
	}); err != nil {
		return err
	}
	t.info.Metrics = metrics
	t.heedStop(metrics)
	if err := t.logs.metrics(metrics, t.heedEvaluation(t.eval.embeddings)); err != nil {
		return err
	}
	if v := metrics[t.Config.Evaluate.Best]; t.info.BestStep < 0 || v > t.info.Best {
		t.info.Best, t.info.BestStep = v, t.info.Step
		t.eval.best = t.eval.embeddings
		if err := checkpoint.Save(t.Folder.Best(), t.store, t.info); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	return t.logs.curves()
}

// save writes the state after the step just taken, and removes old ones.
func (t *Trainer) save() error {
	if err := t.logs.flush(); err != nil {
		return err
	}
	if err := checkpoint.Save(t.Folder.Checkpoint(t.info.Step), t.store, t.info); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	t.saved = t.info.Step
	return t.Folder.Prune(t.Config.Checkpoint.Keep)
}
