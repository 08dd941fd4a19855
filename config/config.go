package config

import (
	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/method"
)

// Config is everything that decides a run. presets/base.yaml names each value, with its reason.
type Config struct {
	Data       string        `yaml:"data"`
	Seed       uint64        `yaml:"seed"`
	Fold       Fold          `yaml:"fold"`
	All        bool          `yaml:"all"`
	Backend    string        `yaml:"backend"`
	Backbone   Backbone      `yaml:"backbone"`
	Image      Image         `yaml:"image"`
	Method     method.Method `yaml:"method"`
	Phases     []Phase       `yaml:"phases"`
	Batch      Batch         `yaml:"batch"`
	Accumulate int           `yaml:"accumulate"` // how many batches go into one step, from 1
	Chunk      int           `yaml:"chunk"`      // images that go through the network at a time, the losses seeing the whole batch; 0: all
	ChunkNorm  string        `yaml:"chunk_norm"` // whose statistics the backbone's batch norm takes then: PerChunk, or "": such a network is refused
	Freeze     Freeze        `yaml:"freeze"`
	Frozen     []string      `yaml:"frozen,flow"` // patterns of paths of variables that are not trained, see patterns
	Optimizer  Optimizer     `yaml:"optimizer"`
	EMA        float64       `yaml:"ema"` // decay of the running averages of the weights, which evaluation and saved models use; 0: none
	Evaluate   Evaluate      `yaml:"evaluate"`
	Stop       Stop          `yaml:"stop"`
	Checkpoint Checkpoint    `yaml:"checkpoint"`
	Log        Log           `yaml:"log"`
	// Photographs is how many training images the numbers of steps were chosen for; 0: they hold for any data.
	Photographs int `yaml:"photographs"`
	// Fit lets New lower the number of classes in a batch to what the data has, and scale the steps from Photographs to the data's number, at most
	// eightfold: for presets, which cannot know the data.
	Fit bool `yaml:"-"`
	// KeepBatch lets Fit raise the images per class, where the data has fewer classes than a batch takes, so that the batch stays as large: for a batch
	// whose size was asked for.
	KeepBatch bool `yaml:"-"`
	// Minutes lets New shorten the steps to what fits into so much time on the machine at hand, as it measures; 0: all steps are taken.
	Minutes float64 `yaml:"-"`
}

// Phase is a phase of the method with what may change at its beginning beside the losses' weights.
type Phase struct {
	method.Phase `yaml:",inline"`
	// Batch and Rates stand in for the run's own while the phase lasts; nil: the run's.
	Batch *Batch `yaml:"batch,omitempty"`
	Rates *Rates `yaml:"rates,omitempty"`
	// Schedule, where it is not empty, stands in for optimizer.schedule while the phase lasts, over the phase's own steps, with Warmup for its warm-up.
	Schedule string `yaml:"schedule,omitempty"`
	Warmup   int    `yaml:"warmup,omitempty"`
}

// BatchOf is how the batches of phase p are drawn.
func (c *Config) BatchOf(p int) Batch {
	if b := c.Phases[p].Batch; b != nil {
		return *b
	}
	return c.Batch
}

// PerChunk is the value of chunk_norm that lets batch norm normalise each chunk by its own statistics.
const PerChunk = "per_chunk"

// Chunks reports whether the batches of phase p go through the network in chunks.
func (c *Config) Chunks(p int) bool { return c.Chunk > 0 && c.Chunk < c.BatchOf(p).Size() }

// Chunked reports whether those of any phase do.
func (c *Config) Chunked() bool {
	for p := range c.Phases {
		if c.Chunks(p) {
			return true
		}
	}
	return false
}

// PerClass is the most images of one class that any batch holds, which makes triplets far cheaper where it is known; 0: not known.
func (c *Config) PerClass() int {
	most := 0
	for p := range c.Phases {
		switch b := c.BatchOf(p); b.Sampler {
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

// RatesOf are the learning rates of phase p.
func (c *Config) RatesOf(p int) Rates {
	if r := c.Phases[p].Rates; r != nil {
		return *r
	}
	return c.Optimizer.Rates
}

// Backbone is the network below the heads and where its first weights come from.
type Backbone struct {
	backbone.Spec `yaml:",inline"`
	// Weights is a file that backbone.Read understands; empty: drawn from the seed.
	Weights string `yaml:"weights"`
}

// UseBackbone takes the network, its normalisation and the size of its images from the weights in path. Where layers train on cached features, batch norm keeps the
// statistics that these were computed with: a backbone that changed its features at the moment it is unfrozen would undo the warm start.
func (c *Config) UseBackbone(path string, b backbone.Imported) {
	c.Backbone.Weights, c.Backbone.Spec, c.Image.Normalisation = path, b.Network.Spec(), b.Normalisation
	if b.Size > 0 {
		c.Image.Crop = b.Size
	}
	c.Backbone.FreezeStatistics = c.Backbone.FreezeStatistics || b.BatchNorm && c.Freeze.Stage() != ""
}

// Image says how a stored image becomes the network's input.
type Image struct {
	Crop          int                   `yaml:"crop"`
	RandomCrop    bool                  `yaml:"random_crop"`
	Mirror        bool                  `yaml:"mirror"`
	Resize        int                   `yaml:"resize"`
	MinArea       float64               `yaml:"min_area"`
	Normalisation augment.Normalisation `yaml:"normalisation"`
}

// Batch is how a batch is drawn.
type Batch struct {
	// Sampler is "pxk" (Classes x PerClass), "npair" (Classes x 2) or "balanced" (Classes*PerClass images, classes equally likely).
	Sampler  string `yaml:"sampler"`
	Classes  int    `yaml:"classes"`
	PerClass int    `yaml:"per_class"`
}

// Size is the number of images in a batch.
func (b Batch) Size() int {
	if b.Sampler == "npair" {
		return 2 * b.Classes
	}
	return b.Classes * b.PerClass
}

// Optimizer is the optimiser, its groups' learning rates and their schedule.
type Optimizer struct {
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

// Evaluate says when and how the held-out classes are evaluated.
type Evaluate struct {
	Every    int    `yaml:"every"`
	First    bool   `yaml:"first"`
	K        []int  `yaml:"k,flow"`
	Best     string `yaml:"best"`
	Restarts int    `yaml:"restarts"`
	Batch    int    `yaml:"batch"`
}

// Stop says when a run ends before its last step: once Metric has not risen by more than MinDelta above its best in Patience evaluations.
type Stop struct {
	Metric   string  `yaml:"metric"`
	Patience int     `yaml:"patience"` // 0: never
	MinDelta float64 `yaml:"min_delta"`
}

// Checkpoint says when the state is saved and how many of these files are kept beside the best one.
type Checkpoint struct {
	Every int `yaml:"every"`
	Keep  int `yaml:"keep"`
}

// Log says how often losses are logged.
type Log struct {
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
