package train

import (
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/resident"
	"github.com/dvml/dvml/run"
)

// Forecast is what a run is expected to take here.
type Forecast struct {
	Batch, Chunk int           // images of the largest batch, and that go through the network at once
	Steps        int           // of the run, as fitted to the data
	Step         time.Duration // of the last phase
	Time         time.Duration // of the whole run, with its evaluations and the cache
	Memory       int64         // bytes that the process has at most
	Disk         int64         // bytes that the run's folder and the cache take
	Measured     bool          // Memory comes from trial steps; false: from arithmetic, since the system does not tell
}

// Expect says what a run with settings c would take here, and writes nothing. It takes a few steps on noise of each kind that the run has, of a batch that is small enough
// to try, twice as large as a chunk at most, and goes on from there in proportion.
func Expect(c *config.Config, backend compute.Backend, w Watcher) (Forecast, error) {
	if err := c.Validate(); err != nil {
		return Forecast{}, fmt.Errorf("settings:\n%w", err)
	}
	scratch, err := os.MkdirTemp("", "dvml-dry-run-") // how long a state takes to be written is tried too
	if err != nil {
		return Forecast{}, err
	}
	defer os.RemoveAll(scratch)
	t := &Trainer{Config: c, Folder: run.Folder(scratch), backend: backend, watch: w}
	defer t.Close()
	if err := t.fresh(); err != nil {
		return Forecast{}, err
	}
	if err := t.load(); err != nil {
		return Forecast{}, err
	}
	if err := t.describe(); err != nil {
		return Forecast{}, err
	}
	return t.forecast()
}

// A step is tried with its whole batch where that takes no more than small bytes, and otherwise with tried images at most, or two chunks.
const (
	tried = 32
	small = 2 << 30
)

func (t *Trainer) forecast() (Forecast, error) {
	c := t.Config
	f := Forecast{Steps: c.Steps(), Chunk: c.Chunk, Measured: true}
	m := costs{step: map[kind]taken{}, images: c.Evaluate.Batch}
	for _, s := range spans(c, 0) {
		if _, known := m.step[s.kind]; known {
			continue
		}
		d, memory, err := t.extrapolated(s)
		if err != nil {
			return f, err
		}
		m.step[s.kind], f.Step = d, d.each
		f.Memory, f.Measured = max(f.Memory, memory), f.Measured && memory > 0
		f.Batch = max(f.Batch, c.BatchOf(s.phase).Size())
	}
	if f.Chunk == 0 || f.Chunk > f.Batch {
		f.Chunk = f.Batch
	}
	if !f.Measured {
		f.Memory = int64(t.memory())
	}
	if err := t.evaluationCosts(&m); err != nil {
		return f, err
	}
	f.Time = t.cost(c, m)
	disk, err := t.disk()
	f.Disk = disk
	return f, err
}

// extrapolated is how long a step of span s takes, and the memory that the process has in it, from trials of smaller batches.
func (t *Trainer) extrapolated(s span) (taken, int64, error) {
	c := t.Config
	whole := c.BatchOf(s.phase).Size()
	perImage := 8 * t.Model.Backbone.Activations(c.Image.Crop) // activations and their gradients
	sizes := []int{tried / 2, tried}
	switch {
	case s.cached && c.Freeze.Until == "", whole <= tried, perImage*int64(whole) <= small && !c.Chunks(s.phase):
		sizes = []int{whole}
	case c.Chunks(s.phase):
		sizes = []int{min(whole, 2*c.Chunk)}
	}
	var images []int // of a trial's steps
	var times []taken
	var peaks []int64
	for i, size := range sizes {
		settings := *c
		settings.Phases = slices.Clone(c.Phases)
		settings.Accumulate = min(c.Accumulate, 2) // more are alike
		b := c.BatchOf(s.phase)
		if size < whole {
			b.Classes = max(2, size/b.PerClass)
			if b.Sampler == "npair" {
				b.Classes = max(2, size/2)
			}
			settings.Phases[s.phase].Batch = &b
		}
		sizes[i] = b.Size()
		resident.Reset()
		trial := &Trainer{Config: &settings, Model: t.Model, data: t.data, backend: t.backend, store: t.store}
		took, err := trial.try(s.kind, s.phase)
		if err != nil {
			return taken{}, 0, err
		}
		images, times, peaks = append(images, b.Size()*settings.Accumulate), append(times, took), append(peaks, resident.Peak())
	}
	last := len(images) - 1
	step := times[last]
	more := time.Duration(float64(step.each) * (float64(whole*c.Accumulate)/float64(images[last]) - 1))
	step.first, step.each = step.first+more, step.each+more
	if peaks[last] == 0 {
		return step, 0, nil
	}
	memory := float64(peaks[last])
	if left := float64(whole - sizes[last]); last > 0 { // what an image takes shows in two trials; it is no less than its activations and their gradients
		shown := max(0, float64(peaks[last]-peaks[0])) / float64(sizes[last]-sizes[0])
		memory += left * max(shown, float64(perImage))
	} else if left > 0 { // the network's part is that of a chunk, and what the losses see grows
		memory += 4*left*float64(8*t.Model.Backbone.Features()+4*c.Phases[s.phase].Samples*c.Method.Dim) + pairs*4*left*float64(whole)
	}
	if !s.cached {
		at := whole
		if c.Chunks(s.phase) {
			at = c.Chunk
		}
		memory += ahead * 4 * 3 * float64(c.Image.Crop*c.Image.Crop*at)
	}
	return step, int64(memory), nil
}

// What is beside the trial's memory: batches of images that are made ready while a step runs or not freed yet, and the matrices over all pairs of a batch.
const (
	ahead = 7
	pairs = 12
)

// disk is how many bytes the run writes: its states, one more while it is written, and the cache.
func (t *Trainer) disk() (int64, error) {
	c := t.Config
	values := int64(t.Model.Backbone.Parameters())
	f, d := int64(t.Model.Backbone.Features()), int64(c.Method.Dim)
	heads := f*d + d
	if c.Method.Objective == "dvml" {
		heads += 2*(f*d+d) + int64(c.Method.Decoder.Hidden)*(d+f+1) + f
	}
	if c.Method.Classifier {
		heads += (f + 1) * int64(t.data.classes)
	}
	moments := int64(2)
	if c.Optimizer.Name == "sgd" {
		moments = 1
	}
	if c.EMA > 0 {
		moments++
	}
	trained := heads
	if !c.Freeze.Frozen(c.Steps()-1) || c.Freeze.Until != "" {
		trained += values
	}
	state := 4 * (values + heads + moments*trained)
	all := state * int64(c.Checkpoint.Keep+1)
	if stage := c.Freeze.Stage(); stage != "" {
		shape, err := t.Model.Backbone.CutShape(stage, c.Image.Crop)
		if err != nil {
			return 0, err
		}
		row := int64(4)
		for _, n := range shape {
			row *= int64(n)
		}
		all += row * int64(len(t.data.test)+len(t.data.train)*max(1, c.Freeze.Crops))
	}
	return all, nil
}
