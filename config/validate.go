package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	_ "github.com/dvml/dvml/backbone/networks" // every network that settings can name
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/internal/spelling"
)

// Validate reports everything that is out of its range, by its name in the configuration file.
func (c *Config) Validate() error {
	var bad []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, args...))
		}
	}
	check(c.Data != "", "data is empty; it is the HDF5 file that `dvml prepare` wrote (--data FILE.h5)")
	if err := c.Fold.check(); err != nil {
		bad = append(bad, err)
	}
	check(c.Fold.Of == 0 || c.Freeze.Crops == 0, "fold is %d of %d and freeze.crops %d: of training images only augmented crops are kept then, and a fold of them is judged by centre crops: set freeze.crops to 0", c.Fold.Held, c.Fold.Of, c.Freeze.Crops)
	check(!c.All || c.Fold.Of == 0, "all is true and fold is %d of %d: with all classes to train on none is held out", c.Fold.Held, c.Fold.Of)
	check(!c.All || c.Stop.Patience == 0, "all is true and stop.patience is %d: with all classes to train on there is no evaluation that could stop the run", c.Stop.Patience)
	check(!c.All || c.Freeze.Crops == 0, "all is true and freeze.crops is %d: of held-out images only centre crops are kept: set freeze.crops to 0", c.Freeze.Crops)
	if err := c.Backbone.Spec.Validate(); err != nil {
		bad = append(bad, fmt.Errorf("backbone: %w", err))
	}
	if err := c.Method.Validate(); err != nil {
		bad = append(bad, err)
	}
	check(c.Image.Crop >= 32, "image.crop is %d; the network takes 32 and more", c.Image.Crop)
	for i, s := range c.Image.Normalisation.Std {
		check(s > 0, "image.normalisation.std[%d] is %g; it is positive", i, s)
	}
	check(len(c.Phases) > 0, "phases is empty; there is nothing to train")
	for i, p := range c.Phases {
		if err := p.Validate(); err != nil {
			bad = append(bad, fmt.Errorf("phases[%d].%w", i, err))
		}
	}
	oneOf := func(name, value string, known ...string) {
		check(slices.Contains(known, value), "%s is %q; it is one of %s%s", name, value, strings.Join(known, ", "), spelling.Hint(value, known))
	}
	checkBatch := func(name string, b Batch) {
		oneOf(name+".sampler", b.Sampler, "pxk", "npair", "balanced")
		check(b.Classes >= 2, "%s.classes is %d; it is at least 2", name, b.Classes)
		check(b.PerClass >= 1, "%s.per_class is %d; it is at least 1", name, b.PerClass)
	}
	checkRates := func(name string, rates Rates) {
		for i, r := range rates.List() {
			check(r >= 0, "%s.%s is %g; it is not negative", name, Groups[i], r)
		}
	}
	checkSchedule := func(name, schedule string, known ...string) {
		oneOf(name, schedule, known...)
		check(schedule != "step" || c.Optimizer.StepEvery > 0 && c.Optimizer.StepFactor > 0, "%s is step; it needs optimizer.step_every and step_factor above 0", name)
	}
	checkBatch("batch", c.Batch)
	checkRates("optimizer.rates", c.Optimizer.Rates)
	for i, p := range c.Phases {
		if p.Batch != nil {
			checkBatch(fmt.Sprintf("phases[%d].batch", i), *p.Batch)
		}
		if p.Rates != nil {
			checkRates(fmt.Sprintf("phases[%d].rates", i), *p.Rates)
		}
		checkSchedule(fmt.Sprintf("phases[%d].schedule", i), p.Schedule, "", "constant", "cosine", "step")
		check(p.Warmup >= 0, "phases[%d].warmup is %d; it is not negative", i, p.Warmup)
		check(p.Warmup == 0 || p.Schedule != "", "phases[%d].warmup is %d; it belongs to the phase's own schedule: name one beside it", i, p.Warmup)
	}
	check(c.Accumulate >= 1, "accumulate is %d; it is how many batches go into one step, at least 1", c.Accumulate)
	check(c.Chunk >= 0, "chunk is %d; it is how many images go through the network at a time, 0: the whole batch", c.Chunk)
	oneOf("chunk_norm", c.ChunkNorm, "", PerChunk)
	if err := c.Freeze.check(c); err != nil {
		bad = append(bad, err)
	}
	check(!slices.Contains(c.Frozen, ""), "frozen holds an empty pattern; a pattern is a path, such as backbone/conv*")
	o := c.Optimizer
	oneOf("optimizer.name", o.Name, "adam", "adamw", "sgd")
	checkSchedule("optimizer.schedule", o.Schedule, "constant", "cosine", "step")
	check(o.Beta1 >= 0 && o.Beta1 < 1, "optimizer.beta1 is %g; it is in [0,1)", o.Beta1)
	check(o.Beta2 >= 0 && o.Beta2 < 1, "optimizer.beta2 is %g; it is in [0,1)", o.Beta2)
	check(o.Epsilon > 0, "optimizer.epsilon is %g; it is positive", o.Epsilon)
	check(o.ClipNorm >= 0, "optimizer.clip_norm is %g; it is not negative (0: no clipping)", o.ClipNorm)
	check(o.WeightDecay >= 0, "optimizer.weight_decay is %g; it is not negative", o.WeightDecay)
	check(c.EMA >= 0 && c.EMA < 1, "ema is %g; it is the decay of the weights' running averages, in [0,1), 0: none (0.999 averages over some 1000 steps)", c.EMA)
	check(c.Photographs >= 0, "photographs is %d; it is not negative (0: the steps hold for any data)", c.Photographs)
	check(c.Evaluate.Every >= 0, "evaluate.every is %d; it is not negative (0: at the end only)", c.Evaluate.Every)
	check(len(c.Evaluate.K) > 0 && slices.Min(append([]int{1}, c.Evaluate.K...)) >= 1, "evaluate.k is %v; it lists at least one K, each from 1", c.Evaluate.K)
	check(c.Evaluate.Batch >= 1, "evaluate.batch is %d; it is at least 1", c.Evaluate.Batch)
	check(c.Evaluate.Restarts >= 1, "evaluate.restarts is %d; it is at least 1", c.Evaluate.Restarts)
	if len(c.Evaluate.K) > 0 {
		oneOf("evaluate.best", c.Evaluate.Best, evaluate.MetricNames(c.Evaluate.K)...)
		if c.Stop.Patience > 0 {
			oneOf("stop.metric", c.Stop.Metric, evaluate.MetricNames(c.Evaluate.K)...)
		}
	}
	check(c.Stop.Patience >= 0, "stop.patience is %d; it is a number of evaluations (0: the run takes all its steps)", c.Stop.Patience)
	check(c.Stop.MinDelta >= 0, "stop.min_delta is %g; it is not negative", c.Stop.MinDelta)
	check(c.Stop.Patience == 0 || c.Evaluate.Every > 0, "stop.patience is %d evaluations, but evaluate.every is 0: there is one at the end only", c.Stop.Patience)
	check(c.Checkpoint.Every >= 1, "checkpoint.every is %d; it is at least 1", c.Checkpoint.Every)
	check(c.Checkpoint.Keep >= 2, "checkpoint.keep is %d; it is at least 2, so that one is whole whatever happens to the other", c.Checkpoint.Keep)
	check(c.Log.Every >= 1, "log.every is %d; it is at least 1", c.Log.Every)
	return errors.Join(bad...)
}
