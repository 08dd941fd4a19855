package train

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/calibrate"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/sampler"
)

// try takes a few steps of kind k, as phase p takes them, in a model of its own, and returns how long they take.
func (t *Trainer) try(k kind, p int) (taken, error) {
	c := t.Config
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, c.Seed)
	stage, shape := "", []int{c.Image.Crop, c.Image.Crop, 3}
	if k.cached {
		stage = c.Freeze.Stage()
		var err error
		if shape, err = t.Model.Backbone.CutShape(stage, c.Image.Crop); err != nil {
			return taken{}, err
		}
	}
	plan, err := t.data.sampler(c.BatchOf(p), c.Seed)
	if err != nil {
		return taken{}, err
	}
	s, err := newStep(t.backend, store, t.Model, c, p, stage)
	if err != nil {
		return taken{}, err
	}
	defer s.close()
	if plan, _, err = s.parts(plan, c); err != nil {
		return taken{}, err
	}
	batches := &noiseBatches{plan: plan, shape: shape}
	table := steering(c, 0, make([]int, len(config.Groups)))
	return timed(t.trial(), func() error {
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

// taken is how long something takes that is done again and again: the first time its graph is compiled too.
type taken struct{ first, each time.Duration }

// times is how long n times take.
func (d taken) times(n int) time.Duration {
	if n < 1 {
		return 0
	}
	return d.first + time.Duration(n-1)*d.each
}

// timed is how long do takes, tried for about as long as most.
func timed(most time.Duration, do func() error) (d taken, err error) {
	const enough = 10
	began := time.Now()
	if err := do(); err != nil {
		return d, err
	}
	d.first = time.Since(began)
	began = time.Now()
	for n := 1; ; n++ {
		if err := do(); err != nil {
			return d, err
		}
		if took := time.Since(began); took > most || n == enough {
			d.each = took / time.Duration(n)
			return d, nil
		}
	}
}

// trial is how long a part is tried to know how long it takes: a second, or less of a small budget.
func (t *Trainer) trial() time.Duration {
	if m := t.Config.Minutes; m > 0 {
		return min(time.Second, time.Duration(m*float64(time.Minute)/50))
	}
	return time.Second
}

// costs is what the parts of a run take here.
type costs struct {
	step    map[kind]taken
	batch   taken         // of images through the network, without training
	images  int           // in a batch
	metrics time.Duration // of one evaluation, with its embeddings at hand
	save    time.Duration // of the weights
}

// budget shortens a new run to config.Minutes, which begin with New. How long its parts take is measured first, which
// counts too, and so does the compiling of each graph, once more in the run. The numbers of steps stand in the settings
// of the run then, so that nothing later depends on the clock.
func (t *Trainer) budget() error {
	c := t.Config
	if c.Minutes == 0 {
		return nil
	}
	t.watch.Say(fmt.Sprintf("budget     trying how long steps and evaluations take, for %g minutes in all", c.Minutes))
	measured, err := t.costs()
	if err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	spent := time.Since(t.began)
	short, err := t.fitting(measured, spent)
	if err != nil {
		return err
	}
	words, whole := "", spent+t.cost(c, measured)
	for _, s := range spans(c, 0) {
		if d, ok := measured.step[s.kind]; ok {
			words += fmt.Sprintf("%s %s a step, ", s.name(c), d.each.Round(100*time.Microsecond))
			delete(measured.step, s.kind)
			t.pace.guess[s.kind], t.measured[s.kind] = d.each, true
		}
	}
	if short == c {
		t.watch.Say(fmt.Sprintf("budget     all %d steps fit into %g minutes here (%sabout %s in all)", c.Steps(), c.Minutes, words, whole.Round(time.Second)))
		return nil
	}
	t.watch.Say(fmt.Sprintf("budget     %d steps, not %d: what fits into %g minutes here (%san evaluation %s; measuring took %s)", short.Steps(), c.Steps(), c.Minutes,
		words, measured.metrics.Round(time.Millisecond), spent.Round(100*time.Millisecond)))
	*c = *short
	return nil
}

// fitting is the settings with as many steps as fit into what of the budget was not spent yet.
func (t *Trainer) fitting(m costs, spent time.Duration) (*config.Config, error) {
	const share = .95 // of the time: the rest is for drawing, and for what else the machine does
	c := t.Config
	available := time.Duration(share*c.Minutes*float64(time.Minute)) - spent
	short := c
	for steps := c.Steps(); ; {
		took := t.cost(short, m)
		if took <= available {
			return short, nil
		}
		if least := t.cost(c.Shortened(1), m); steps == 1 || least > available {
			return nil, fmt.Errorf("%g minutes are not enough: measuring took %s, and what is computed before and after the steps takes %s; give more, or hold fewer photographs out",
				c.Minutes, about(spent, time.Second), about(least, time.Second))
		}
		steps = min(steps-1, max(1, int(float64(steps)*float64(available)/float64(took))))
		short = c.Shortened(steps)
	}
}

// overspent is an error where measuring has taken the whole budget already.
func (t *Trainer) overspent() error {
	if spent := time.Since(t.began); t.Config.Minutes > 0 && spent > time.Duration(t.Config.Minutes*float64(time.Minute)) {
		return fmt.Errorf("%g minutes are not enough: measuring alone takes longer here; give more", t.Config.Minutes)
	}
	return nil
}

// costs measures what the parts of the run take.
func (t *Trainer) costs() (costs, error) {
	c := t.Config
	m := costs{step: map[kind]taken{}, images: c.Evaluate.Batch}
	for _, s := range spans(c, 0) {
		if _, known := m.step[s.kind]; known {
			continue
		}
		d, err := t.try(s.kind, s.phase)
		if err != nil {
			return m, err
		}
		m.step[s.kind] = d
		if err := t.overspent(); err != nil {
			return m, err
		}
	}
	err := t.evaluationCosts(&m)
	return m, err
}

// evaluationCosts measures what evaluations and states take.
func (t *Trainer) evaluationCosts(m *costs) error {
	c := t.Config
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, c.Seed)
	e, err := embed.New(t.backend, store, t.Model, embed.ZI, c.Evaluate.Batch)
	if err != nil {
		return err
	}
	defer e.Close()
	images, err := tensors.CopyFlatData[float32](noise(c.Evaluate.Batch, c.Image.Crop, c.Image.Crop, 3))
	if err != nil {
		return err
	}
	if m.batch, err = timed(t.trial(), func() error { _, err := e.Images(images, c.Image.Crop); return err }); err != nil {
		return err
	}
	if err := t.overspent(); err != nil {
		return err
	}
	scratch := t.Folder.Best() + ".trial"
	began := time.Now()
	if err := errors.Join(checkpoint.Save(scratch, store, t.info), os.Remove(scratch)); err != nil {
		return err
	}
	m.save = time.Since(began)
	if len(t.data.test) == 0 {
		return nil
	}
	rows, err := tensors.CopyFlatData[float32](noise(len(t.data.test), c.Method.Dim))
	if err != nil {
		return err
	}
	began = time.Now()
	if _, err = evaluate.EvaluateMarked(rows, c.Method.Dim, t.data.testLabels(), t.data.gallery(), c.Evaluate.Options(c.Seed)); err != nil {
		return err
	}
	// What similarities mean is fitted to each state that is the best so far.
	if _, err = calibrate.Fit(rows, c.Method.Dim, t.data.testLabels(), c.Seed); errors.Is(err, calibrate.ErrTooFew) {
		err = nil
	}
	m.metrics = time.Since(began)
	return err
}

// cost is how long a run with settings c takes.
func (t *Trainer) cost(c *config.Config, m costs) (all time.Duration) {
	batches := func(images int) int { return (images + m.images - 1) / m.images }
	embedded := 0 // batches
	if c.Freeze.Frozen(0) {
		embedded += batches(len(t.data.test) + len(t.data.train)*max(1, c.Freeze.Crops))
		all += m.metrics // the cache, and what the features find
	}
	const copies = 4 // the weights of the best state, and those of the newest with two moments each
	all += copies * m.save
	for step := range c.Steps() + 1 {
		if c.Evaluates(step) {
			all += m.metrics + copies*m.save
			if !c.Freeze.Frozen(max(step-1, 0)) {
				embedded += batches(len(t.data.test))
			}
		}
	}
	all += m.batch.times(embedded)
	steps := map[kind]int{}
	for _, s := range spans(c, 0) {
		steps[s.kind] += s.steps
	}
	for k, n := range steps {
		all += m.step[k].times(n)
	}
	return all
}
