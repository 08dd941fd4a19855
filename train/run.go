package train

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/run"
)

// Run trains to the end, phase by phase. When ctx ends it finishes the step, saves and returns ErrInterrupted.
func (t *Trainer) Run(ctx context.Context) error {
	if err := t.openCache(ctx); err != nil {
		return t.stopped(ctx, err)
	}
	if err := t.start(ctx); err != nil {
		return t.stopped(ctx, err)
	}
	evaluates := t.Config.Evaluates(t.info.Step) && t.info.Metrics == nil
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
		return t.keep()
	}
	if err := t.logs.graph(t.Model); err != nil {
		return err
	}
	t.foresee()
	for !t.ended() {
		if err := t.stretch(ctx); err != nil {
			return t.stopped(ctx, err)
		}
	}
	t.sayStopped()
	t.sayIdle()
	if err := t.keep(); err != nil {
		return err
	}
	if err := t.logs.projector(t.info.Step, t.eval); err != nil {
		return err
	}
	return t.logs.curves(true)
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
	if err := t.logs.curves(false); err != nil {
		return err
	}
	t.sayIdle()
	return ErrInterrupted
}

// ended reports whether no step is left to take.
func (t *Trainer) ended() bool { return t.info.Stop.Done || t.info.Step >= t.Config.Steps() }

// stretch takes the steps that share one graph: of one phase, with layers frozen or not.
func (t *Trainer) stretch(ctx context.Context) error {
	p, cache := t.Config.PhaseAt(t.info.Step), t.frozen(t.info.Step)
	if err := t.unfreeze(); err != nil {
		return err
	}
	s, batches, err := t.open(p, cache)
	if err != nil {
		return fmt.Errorf("phase %d: %w", p+1, err)
	}
	defer debug.FreeOSMemory() // the memory of this graph, before the next one takes its own
	defer s.close()
	defer batches.close()
	for !t.ended() && t.Config.PhaseAt(t.info.Step) == p && t.frozen(t.info.Step) == cache {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.take(s, p, batches); err != nil {
			return fmt.Errorf("step %d: %w", t.info.Step+1, err)
		}
		if t.Config.Evaluates(t.info.Step) {
			if err := t.evaluate(ctx); err != nil {
				return err
			}
		}
		if t.ended() || t.info.Step%t.Config.Checkpoint.Every == 0 {
			if err := t.save(); err != nil {
				return err
			}
		}
	}
	return nil
}

// open prepares the graph of phase p, on cache or, where it is nil, on images, and its batches.
func (t *Trainer) open(p int, cache *features.Set) (*step, batches, error) {
	c, stage := t.Config, ""
	if cache != nil {
		stage = c.Freeze.Stage()
	}
	plan, err := t.data.sampler(c.BatchOf(p), c.Seed)
	if err != nil {
		return nil, nil, err
	}
	s, err := newStep(t.backend, t.store, t.Model, c, p, stage)
	if err != nil {
		return nil, nil, err
	}
	plan, each, err := s.parts(plan, c)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	first := t.info.Step * c.Accumulate * each
	if cache != nil {
		return s, newCacheBatches(cache, plan, first, &c.Seed), nil
	}
	images, err := newImageBatches(t.data.reader, plan, c, first)
	if err != nil {
		s.close()
		return nil, nil, err
	}
	return s, images, nil
}

// take takes one step of phase p: its batches through the graph, the update, the log.
func (t *Trainer) take(s *step, p int, batches batches) error {
	c, began := t.Config, time.Now()
	t.count(p)
	table := steering(c, t.info.Step, t.info.Taken)
	s.klShare = float32(c.KLShare(t.info.Step))
	mean := map[string]float64{} // of the step's batches
	var last shown
	for i := range c.Accumulate {
		values, b, err := t.batch(s, i, batches, table)
		if err != nil {
			return err
		}
		for name, v := range values {
			mean[name] += v / float64(c.Accumulate)
		}
		if i > 0 {
			batches.release(last.batch)
		}
		last = b
	}
	defer batches.release(last.batch)
	if s.end != nil {
		norm, err := s.finish(table)
		if err != nil {
			return err
		}
		if !finite(norm) {
			return t.notFinite(s, run.GradientNorm, norm, last)
		}
		mean[run.GradientNorm] = float64(norm)
	}
	mean[run.Idle] = float64(t.info.Idle)
	t.info.Step, t.info.Metrics = t.info.Step+1, nil
	return t.logs.step(t.info.Step, p, mean, last, time.Since(began))
}

// count counts the step that is about to be taken for the groups that it trains.
func (t *Trainer) count(p int) {
	c := t.Config
	for g, rate := range c.RatesOf(p).List() {
		if rate > 0 && (g != decoderGroup || c.Phases[p].TrainDecoder) && (g != backboneGroup || !c.Freeze.FrozenWhole(t.info.Step)) {
			t.info.Taken[g]++
		}
	}
}

// batch takes batch number i of a step through the graphs and returns its values by name.
func (t *Trainer) batch(s *step, i int, batches batches, table []float32) (named map[string]float64, b shown, err error) {
	c := t.Config
	values, b, err := s.take(batches, t.data.numbers, t.info.Step*c.Accumulate+i, i, table)
	if err != nil {
		return nil, b, err
	}
	named = map[string]float64{run.Spread: spread(b.zi, c.Method.Dim)}
	for i, name := range Values {
		if i < losses || name == run.GradientNorm {
			if !finite(values[i]) {
				return nil, b, t.notFinite(s, name, values[i], b)
			}
		}
		if reports(c.Method, name) {
			named[name] = float64(values[i])
		}
	}
	if t.troubles.batch(named) {
		t.info.Idle++
	}
	return named, b, nil
}

// keep saves the last state of a run that held nothing out as its best.
func (t *Trainer) keep() error {
	if !t.Config.All {
		return nil
	}
	t.info.BestStep = t.info.Step
	return checkpoint.Save(t.Folder.Best(), t.store, t.info)
}

// evaluate measures the held-out classes, logs the result and keeps the state if it is the best.
func (t *Trainer) evaluate(ctx context.Context) error {
	step := t.info.Step
	var metrics map[string]float64
	if err := averaged(t.store, func() (err error) {
		metrics, err = t.eval.run(ctx, t.frozen(max(step-1, 0)))
		return err
	}); err != nil {
		if path := notFiniteWeight(t.store, func(string) bool { return true }); path != "" {
			err = fmt.Errorf("%s holds values that are not finite: %w", path, err)
		}
		return fmt.Errorf("evaluation after step %d: %w", step, err)
	}
	t.info.Metrics = metrics
	t.info.Stop = t.stopper.heed(t.info.Stop, step, metrics)
	apart := spread(t.eval.embeddings, t.Config.Method.Dim)
	if step > 0 {
		t.troubles.evaluation(apart)
	}
	if err := t.logs.metrics(step, metrics, apart); err != nil {
		return err
	}
	if v := metrics[t.JudgedBy()]; t.info.BestStep < 0 || v > t.info.Best {
		t.info.Best, t.info.BestStep = v, step
		t.eval.best = t.eval.embeddings
		best, err := t.info, error(nil)
		if best.Calibration, err = t.eval.calibrate(); err != nil {
			return err
		}
		if err := checkpoint.Save(t.Folder.Best(), t.store, best); err != nil {
			return err
		}
	}
	return t.logs.curves(false)
}

// sayIdle sums up the batches without an active term, where there were any.
func (t *Trainer) sayIdle() {
	if t.info.Idle > 0 {
		t.watch.Say(fmt.Sprintf("%d of %d batches had no active triplets or pairs: the metric loss and its gradient were 0", t.info.Idle, t.info.Step*t.Config.Accumulate))
	}
}

// sayStopped says why a run that stopped early did.
func (t *Trainer) sayStopped() {
	if t.info.Stop.Done {
		t.watch.Say(t.stopper.why(t.info.Stop, t.info.Step))
	}
}

// save writes the state after the step just taken, and removes old ones.
func (t *Trainer) save() error {
	if path := notFiniteWeight(t.store, func(string) bool { return true }); path != "" {
		return fmt.Errorf("after step %d %s holds values that are not finite; %s", t.info.Step, path, t.stoppedAt())
	}
	if err := t.logs.flush(); err != nil {
		return err
	}
	if err := checkpoint.Save(t.Folder.Checkpoint(t.info.Step), t.store, t.info); err != nil {
		return err
	}
	t.saved = t.info.Step
	return t.Folder.Prune(t.Config.Checkpoint.Keep)
}
