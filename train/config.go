package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/method"
)

// Config is everything that decides a run. base.yaml beside this file names each value, with its reason.
type Config struct {
	Data       string           `yaml:"data"`
	Seed       uint64           `yaml:"seed"`
	Backend    string           `yaml:"backend"`
	Backbone   BackboneConfig   `yaml:"backbone"`
	Image      ImageConfig      `yaml:"image"`
	Method     method.Method    `yaml:"method"`
	Phases     []Phase          `yaml:"phases"`
	Batch      BatchConfig      `yaml:"batch"`
	Accumulate int              `yaml:"accumulate"` // how many batches go into one step, from 1
	Freeze     FreezeConfig     `yaml:"freeze"`
	Frozen     []string         `yaml:"frozen,flow"` // patterns of paths of variables that are not trained, see patterns
	Optimizer  OptimizerConfig  `yaml:"optimizer"`
	EMA        float64          `yaml:"ema"` // decay of the running averages of the weights, which evaluation and saved models use; 0: none
	Evaluate   EvaluateConfig   `yaml:"evaluate"`
	Stop       StopConfig       `yaml:"stop"`
	Checkpoint CheckpointConfig `yaml:"checkpoint"`
	Log        LogConfig        `yaml:"log"`
	// Photographs is how many training images the numbers of steps were chosen for; 0: they hold for any data.
	Photographs int `yaml:"photographs"`
	// Fit lets New lower the number of classes in a batch to what the data has, and scale the steps from Photographs to the data's number, at most
	// eightfold: for presets, which cannot know the data.
	Fit bool `yaml:"-"`
}

// Phase is a phase of the method with what may change at its beginning beside the losses' weights.
type Phase struct {
	method.Phase `yaml:",inline"`
	// Batch and Rates stand in for the run's own while the phase lasts; nil: the run's.
	Batch *BatchConfig `yaml:"batch,omitempty"`
	Rates *Rates       `yaml:"rates,omitempty"`
	// Schedule, where it is not empty, stands in for optimizer.schedule while the phase lasts, over the phase's own steps, with Warmup for its warm-up.
	Schedule string `yaml:"schedule,omitempty"`
	Warmup   int    `yaml:"warmup,omitempty"`
}

// batchOf is how the batches of phase p are drawn.
func (c *Config) batchOf(p int) BatchConfig {
	if b := c.Phases[p].Batch; b != nil {
		return *b
	}
	return c.Batch
}

// perClass is the most images of one class that any batch holds, which makes triplets far cheaper where it is known; 0: not known.
func (c *Config) perClass() int {
	most := 0
	for p := range c.Phases {
		switch b := c.batchOf(p); b.Sampler {
		case "pxk":
			most = max(most, b.PerClass)
		case "npair":
			most = max(most, 2)
		default:
			return 0
		}
	}
	return most
}

// ratesOf are the learning rates of phase p.
func (c *Config) ratesOf(p int) Rates {
	if r := c.Phases[p].Rates; r != nil {
		return *r
	}
	return c.Optimizer.Rates
}

// BackboneConfig is the network below the heads and where its first weights come from.
type BackboneConfig struct {
	backbone.Spec `yaml:",inline"`
	// Weights is a file that backbone.Spec.FromFile understands; empty: drawn from the seed.
	Weights string `yaml:"weights"`
}

// UseBackbone takes form, width and normalisation from the weights in path. Where layers train on cached features, batch norm keeps the
// statistics that these were computed with: a backbone that changed its features at the moment it is unfrozen would undo the warm start.
func (c *Config) UseBackbone(path string, b *checkpoint.Backbone) {
	c.Backbone.Weights, c.Backbone.Spec, c.Image.Normalisation = path, b.Spec, b.Normalisation
	c.Backbone.FreezeStatistics = b.Spec.Form == backbone.BN && c.Freeze.Stage() != ""
}

// ImageConfig says how a stored image becomes the network's input.
type ImageConfig struct {
	Crop          int                   `yaml:"crop"`
	RandomCrop    bool                  `yaml:"random_crop"`
	Mirror        bool                  `yaml:"mirror"`
	Resize        int                   `yaml:"resize"`
	MinArea       float64               `yaml:"min_area"`
	Normalisation augment.Normalisation `yaml:"normalisation"`
}

// BatchConfig is how a batch is drawn.
type BatchConfig struct {
	// Sampler is "pxk" (Classes x PerClass), "npair" (Classes x 2) or "balanced" (Classes*PerClass images, classes equally likely).
	Sampler  string `yaml:"sampler"`
	Classes  int    `yaml:"classes"`
	PerClass int    `yaml:"per_class"`
}

// Size is the number of images in a batch.
func (b BatchConfig) Size() int {
	if b.Sampler == "npair" {
		return 2 * b.Classes
	}
	return b.Classes * b.PerClass
}

// OptimizerConfig is the optimiser, its groups' learning rates and their schedule.
type OptimizerConfig struct {
	Name        string  `yaml:"name"`
	Beta1       float64 `yaml:"beta1"`
	Beta2       float64 `yaml:"beta2"`
	Epsilon     float64 `yaml:"epsilon"`
	Momentum    float64 `yaml:"momentum"`
	WeightDecay float64 `yaml:"weight_decay"`
	ClipNorm    float64 `yaml:"clip_norm"`
	Rates       Rates   `yaml:"rates"`
	Schedule    string  `yaml:"schedule"`
	Warmup      int     `yaml:"warmup"`
	StepEvery   int     `yaml:"step_every"`
	StepFactor  float64 `yaml:"step_factor"`
}

// Rates are the learning rates of the optimiser's groups. A group with rate 0 is frozen.
type Rates struct {
	Backbone   float64 `yaml:"backbone"`
	Heads      float64 `yaml:"heads"`
	Decoder    float64 `yaml:"decoder"`
	Classifier float64 `yaml:"classifier"`
	Loss       float64 `yaml:"loss"`
}

// EvaluateConfig says when and how the held-out classes are evaluated.
type EvaluateConfig struct {
	Every    int    `yaml:"every"`
	First    bool   `yaml:"first"`
	K        []int  `yaml:"k,flow"`
	Best     string `yaml:"best"`
	Restarts int    `yaml:"restarts"`
	Batch    int    `yaml:"batch"`
}

// StopConfig says when a run ends before its last step: once Metric has not risen by more than MinDelta above its best in Patience evaluations.
type StopConfig struct {
	Metric   string  `yaml:"metric"`
	Patience int     `yaml:"patience"` // 0: never
	MinDelta float64 `yaml:"min_delta"`
}

// CheckpointConfig says when the state is saved and how many of these files are kept beside the best one.
type CheckpointConfig struct {
	Every int `yaml:"every"`
	Keep  int `yaml:"keep"`
}

// LogConfig says how often losses are logged.
type LogConfig struct {
	Every int `yaml:"every"`
}

// Steps is the length of the run over all phases.
func (c *Config) Steps() int {
	n := 0
	for _, p := range c.Phases {
		n += p.Steps
	}
	return n
}

// factor is what the learning rates of step are multiplied by: the phase's own schedule, or the run's.
func (c *Config) factor(step int) float64 {
	p := c.Phases[c.PhaseAt(step)]
	if p.Schedule == "" {
		return c.Optimizer.factor(step, c.Steps())
	}
	first := 0
	for _, before := range c.Phases[:c.PhaseAt(step)] {
		first += before.Steps
	}
	o := c.Optimizer
	o.Schedule, o.Warmup = p.Schedule, p.Warmup
	return o.factor(step-first, p.Steps)
}

// PhaseAt returns the number (from 0) of the phase that step (from 0) belongs to.
func (c *Config) PhaseAt(step int) int {
	for i, p := range c.Phases {
		if step < p.Steps {
			return i
		}
		step -= p.Steps
	}
	return len(c.Phases) - 1
}

// Validate reports everything that is out of its range, by its name in the configuration file.
func (c *Config) Validate() error {
	var bad []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			bad = append(bad, fmt.Errorf(format, args...))
		}
	}
	check(c.Data != "", "data is empty; it is the HDF5 file that `dvml prepare` wrote (--data FILE.h5)")
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
		check(slices.Contains(known, value), "%s is %q; it is one of %s", name, value, strings.Join(known, ", "))
	}
	checkBatch := func(name string, b BatchConfig) {
		oneOf(name+".sampler", b.Sampler, "pxk", "npair", "balanced")
		check(b.Classes >= 2, "%s.classes is %d; it is at least 2", name, b.Classes)
		check(b.PerClass >= 1, "%s.per_class is %d; it is at least 1", name, b.PerClass)
	}
	checkRates := func(name string, rates Rates) {
		for i, r := range rates.list() {
			check(r >= 0, "%s.%s is %g; it is not negative", name, groups[i], r)
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
		oneOf("evaluate.best", c.Evaluate.Best, MetricNames(c.Evaluate.K)...)
		if c.Stop.Patience > 0 {
			oneOf("stop.metric", c.Stop.Metric, MetricNames(c.Evaluate.K)...)
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
