package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/sampler"
)

// try takes a few steps of kind k, as phase p takes them, in a model of its own, and returns how long one takes.
func (t *Trainer) try(k kind, p int) (time.Duration, error) {
	c := t.Config
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, c.Seed)
	stage, shape := "", []int{c.Image.Crop, c.Image.Crop, 3}
	if k.cached {
		stage = c.Freeze.Stage()
		var err error
		if shape, err = t.Model.Backbone.CutShape(stage, c.Image.Crop); err != nil {
			return 0, err
		}
	}
	plan, err := t.data.sampler(c.BatchOf(p), c.Seed)
	if err != nil {
		return 0, err
	}
	s, err := newStep(t.backend, store, t.Model, c, p, stage)
	if err != nil {
		return 0, err
	}
	defer s.close()
	if plan, _, err = s.parts(plan, c); err != nil {
		return 0, err
	}
	batches := &noiseBatches{plan: plan, shape: shape}
	table := steering(c, 0, make([]int, len(config.Groups)))
	return timed(func() error {
		for i := range c.Accumulate {
			if _, _, err := s.take(batches, t.data.numbers, i, i, table); err != nil {
				return err
			}
		}
		if s.end == nil {
			return nil
		}
		_, err := s.finish(table)
		return err
	})
}

// noiseBatches are those of plan, from the first on, with noise in place of the images.
type noiseBatches struct {
	plan  sampler.Sampler
	shape []int // of an image
	step  int
	made  map[int]*tensors.Tensor // by the number of images
}

func (n *noiseBatches) next() (batch, error) {
	index := n.plan.Batch(n.step)
	b := batch{input: n.made[len(index)], index: index, whole: wholeOf(n.plan, n.step, index)}
	if b.input == nil {
		b.input = noise(append([]int{len(index)}, n.shape...)...)
		if n.made == nil {
			n.made = map[int]*tensors.Tensor{}
		}
		n.made[len(index)] = b.input
	}
	n.step++
	return b, nil
}

func (n *noiseBatches) release(batch) {}

func (n *noiseBatches) close() {}

// noise is a tensor of uniform noise: zeros would be computed with at another speed.
func noise(dims ...int) *tensors.Tensor {
	shape := shapes.Make(dtypes.Float32, dims...)
	values := make([]float32, shape.Size())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range values {
		values[i] = rng.Float32()
	}
	return tensors.FromFlatDataAndDimensions(values, dims...)
}

// timed is how long do takes, after a first time in which its graph is compiled.
func timed(do func() error) (time.Duration, error) {
	const least, most = time.Second, 10
	if err := do(); err != nil {
		return 0, err
	}
	began := time.Now()
	for n := 1; ; n++ {
		if err := do(); err != nil {
			return 0, err
		}
		if took := time.Since(began); took > least || n == most {
			return took / time.Duration(n), nil
		}
	}
}

// costs is what the parts of a run take here.
type costs struct {
	step    map[kind]time.Duration
	image   time.Duration // through the network, without training
	metrics time.Duration // of one evaluation, with its embeddings at hand
}

// budget shortens a new run to config.Minutes. How long its parts take is measured first; the
// numbers of steps stand in the settings of the run then, so that nothing later depends on the
// clock.
func (t *Trainer) budget() error {
	c := t.Config
	if c.Minutes == 0 {
		return nil
	}
	t.watch.Say(fmt.Sprintf("budget     trying how long steps and evaluations take, for %g minutes in all", c.Minutes))
	measured, err := t.costs()
	if err != nil {
		return fmt.Errorf("measuring how long a step takes: %w", err)
	}
	const share = .95 // of the time: the rest is for saving and drawing
	available := time.Duration(share * c.Minutes * float64(time.Minute))
	short := c
	for steps := c.Steps(); ; {
		took := t.cost(short, measured)
		if took <= available {
			break
		}
		if least := t.cost(c.Shortened(1), measured); steps == 1 || least > available {
			return fmt.Errorf("%g minutes are not enough: what is computed before and after the steps takes %s; give more, or hold fewer photographs out", c.Minutes, about(least, time.Second))
		}
		steps = min(steps-1, max(1, int(float64(steps)*float64(available)/float64(took))))
		short = c.Shortened(steps)
	}
	words, whole := "", t.cost(c, measured)
	for _, s := range spans(c, 0) {
		if d, ok := measured.step[s.kind]; ok {
			words += fmt.Sprintf("%s %s a step, ", s.name(c), d.Round(100*time.Microsecond))
			delete(measured.step, s.kind)
			t.pace.guess[s.kind], t.measured[s.kind] = d, true
		}
	}
	if short == c {
		t.watch.Say(fmt.Sprintf("budget     all %d steps fit into %g minutes here (%sabout %s with evaluations)", c.Steps(), c.Minutes, words, whole.Round(time.Second)))
		return nil
	}
	t.watch.Say(fmt.Sprintf("budget     %d steps, not %d: what fits into %g minutes here (%san evaluation %s)", short.Steps(), c.Steps(), c.Minutes, words, measured.metrics.Round(time.Millisecond)))
	*c = *short
	return nil
}

// costs measures what the parts of the run take.
func (t *Trainer) costs() (costs, error) {
	c := t.Config
	m := costs{step: map[kind]time.Duration{}}
	for _, s := range spans(c, 0) {
		if _, known := m.step[s.kind]; known {
			continue
		}
		d, err := t.try(s.kind, s.phase)
		if err != nil {
			return m, err
		}
		m.step[s.kind] = d
	}
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, c.Seed)
	e, err := embed.New(t.backend, store, t.Model, embed.ZI, c.Evaluate.Batch)
	if err != nil {
		return m, err
	}
	defer e.Close()
	images, err := tensors.CopyFlatData[float32](noise(c.Evaluate.Batch, c.Image.Crop, c.Image.Crop, 3))
	if err != nil {
		return m, err
	}
	batch, err := timed(func() error { _, err := e.Images(images, c.Image.Crop); return err })
	if err != nil {
		return m, err
	}
	m.image = batch / time.Duration(c.Evaluate.Batch)
	if len(t.data.test) == 0 {
		return m, nil
	}
	rows, err := tensors.CopyFlatData[float32](noise(len(t.data.test), c.Method.Dim))
	if err != nil {
		return m, err
	}
	began := time.Now()
	_, err = evaluate.EvaluateParts(rows, c.Method.Dim, t.data.testLabels(), t.data.gallery(), c.Evaluate.Options(c.Seed))
	m.metrics = time.Since(began)
	return m, err
}

// cost is how long a run with settings c takes.
func (t *Trainer) cost(c *config.Config, m costs) (all time.Duration) {
	embedding := m.image * time.Duration(len(t.data.test))
	if c.Freeze.Frozen(0) {
		images := len(t.data.test) + len(t.data.train)*max(1, c.Freeze.Crops)
		all += m.image*time.Duration(images) + m.metrics // the cache, and what the features find
	}
	for step := range c.Steps() + 1 {
		if c.Evaluates(step) {
			all += m.metrics
			if !c.Freeze.Frozen(max(step-1, 0)) {
				all += embedding
			}
		}
	}
	for _, s := range spans(c, 0) {
		all += time.Duration(math.Round(float64(s.steps) * float64(m.step[s.kind])))
	}
	return all
}
