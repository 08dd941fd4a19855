package train

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/features"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/internal/lockfile"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
)

// ErrInterrupted is returned by Run when its context ended: the state is saved and Resume continues.
var ErrInterrupted = errors.New("interrupted; the state is saved")

// Trainer is one run.
type Trainer struct {
	Config   *config.Config
	Folder   run.Folder
	Model    *method.Model
	Cache    string // folder of the cache of what frozen layers give, to be set before Run; "": see features.Place
	data     *data
	backend  compute.Backend
	store    *model.Store
	watch    Watcher
	logs     *logs
	eval     *evaluator
	info     checkpoint.Info
	features *features.Set // while layers are frozen
	saved    int           // the step of the newest state on disk, -1: none
	troubles troubles
	stopper  stopper
	lock     *lockfile.Lock // of the folder
	pace     *pace
	foreseen bool          // whether pace knows of all kinds of steps
	measured map[kind]bool // the kinds that were tried
	began    time.Time     // when New was called
}

// New starts a run in a new folder: it checks the settings, opens the data, reads the backbone's first weights and writes config.yaml.
func New(c *config.Config, folder run.Folder, backend compute.Backend, w Watcher) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("settings:\n%w", err)
	}
	t := &Trainer{Config: c, Folder: folder, backend: backend, watch: w, began: time.Now()}
	err := t.fresh()
	if err == nil {
		err = t.load()
	}
	if err == nil {
		err = t.begin()
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// fresh is the state of a run that has none on disk: the backbone's weights, where the settings name some, and what the network is made of.
func (t *Trainer) fresh() error {
	c := t.Config
	t.saved, t.store = -1, model.NewStore()
	t.info = checkpoint.Info{BestStep: -1, Taken: make([]int, len(config.Groups))}
	if c.Backbone.Weights == "" {
		return nil
	}
	b, err := checkpoint.ReadBackbone(c.Backbone.Weights, backbone.Options{Output: c.Backbone.Output, Size: c.Image.Crop, Normalisation: &c.Image.Normalisation})
	if err == nil {
		err = b.Fits(c.Backbone.Spec)
	}
	if err == nil {
		err = b.Fill(t.store)
	}
	if err != nil {
		return fmt.Errorf("backbone.weights: %w", err)
	}
	t.info.Structure, t.info.Size, t.info.BatchNorm = b.Network.Structure(), b.Size, b.BatchNorm
	return nil
}

// begin gives a new run its folder.
func (t *Trainer) begin() (err error) {
	if err := t.describe(); err != nil {
		return err
	}
	if t.lock, err = t.Folder.Create(); err != nil {
		return err
	}
	if err := t.budget(); err != nil {
		return err
	}
	return t.settle()
}

// describe checks what is frozen, and notes in the state of a new run what it is trained on.
func (t *Trainer) describe() error {
	c := t.Config
	if err := checkFrozen(t.backend, t.Model, c); err != nil {
		return err
	}
	t.info.Data, t.info.Normalisation = t.data.reader.Fingerprint(), c.Image.Normalisation
	t.info.Names, t.info.Prepared = t.data.names(), checkpoint.Prepared{Size: t.data.reader.Size(), Fit: t.data.reader.Fit()}
	return nil
}

// settle writes a new run's settings file and opens what a run writes.
func (t *Trainer) settle() error {
	if err := t.remember(); err != nil {
		return err
	}
	return t.prepare()
}

// load opens the data and makes the model.
func (t *Trainer) load() (err error) {
	if t.data, err = openData(t.Config.Data, t.Config.Fold, t.Config.All); err != nil {
		return err
	}
	if t.Config.Fit {
		t.Config.FitTo(t.data.facts(), t.watch.Say)
	}
	if size := t.data.reader.Size(); t.Config.Image.Crop > size {
		return fmt.Errorf("image.crop is %d, but the images of %s are %d pixels wide", t.Config.Image.Crop, t.Config.Data, size)
	}
	if err := checkPairs(t.Config, t.data, t.watch.Say); err != nil {
		return err
	}
	for p := range t.Config.Phases {
		if _, err := t.data.sampler(t.Config.BatchOf(p), t.Config.Seed); err != nil {
			return fmt.Errorf("phase %d: %w", p+1, err)
		}
	}
	t.info.Classes = t.data.classes
	settings := *t.Config
	settings.Method.Loss.PerClass = t.Config.PerClass()
	if t.Model, err = t.info.Model(&settings); err != nil {
		return err
	}
	if until := t.Config.Freeze.Until; until != "" {
		if err := backbone.CheckCut(t.Model.Backbone, until); err != nil {
			return fmt.Errorf("freeze.until: %w", err)
		}
	}
	t.Config.Method.Dim = t.Model.Method.Dim
	t.pace, t.measured = newPace(t.Config), map[kind]bool{}
	if err := checkChunks(t.Model, t.Config); err != nil {
		return err
	}
	return checkStart(t.Model, t.Config)
}

// prepare opens the logs and the evaluator, at the step of t.info.
func (t *Trainer) prepare() (err error) {
	t.store.SetParam("/"+initial.SeedParam, t.Config.Seed)
	if t.eval, err = newEvaluator(t.backend, t.store, t.Model, t.Config, t.data, t.watch.Embedding); err != nil {
		return err
	}
	t.troubles.say, t.stopper = t.watch.Say, newStopper(t.Config)
	t.logs, err = openLogs(t.Folder, t.Config, t.saved, t.watch, t.pace)
	return err
}

// Close frees what the run holds.
func (t *Trainer) Close() error {
	var bad []error
	if t.logs != nil {
		bad = append(bad, t.logs.close())
	}
	if t.eval != nil {
		t.eval.close()
	}
	if t.features != nil {
		bad = append(bad, t.features.Close())
	}
	if t.data != nil {
		bad = append(bad, t.data.reader.Close())
	}
	if t.lock != nil {
		bad = append(bad, t.lock.Release())
	}
	return errors.Join(bad...)
}

// Step is how many steps were taken so far.
func (t *Trainer) Step() int { return t.info.Step }

// Metrics are the last evaluation's.
func (t *Trainer) Metrics() map[string]float64 { return maps.Clone(t.info.Metrics) }

// JudgedBy is the metric that the best state is chosen by: evaluate.best or, where the features alone are good already, MAP@R.
func (t *Trainer) JudgedBy() string {
	if t.Config.Evaluate.Best == "R@1" && t.info.Features["R@1"] > GoodFeatures {
		return "MAP@R"
	}
	return t.Config.Evaluate.Best
}

// Best is the best value of JudgedBy and its step; where all classes are trained on, the last step.
func (t *Trainer) Best() (value float64, step int) { return t.info.Best, t.info.BestStep }

// BestEmbeddings are z_I of the held-out images in the state of best.safetensors, [len(images), D], and these images' numbers in the data file. After
// Resume there are none until an evaluation is better than those before.
func (t *Trainer) BestEmbeddings() (rows []float32, images []int) {
	if t.eval.best == nil {
		return nil, nil
	}
	return t.eval.best, slices.Clone(t.data.test)
}
