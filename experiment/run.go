package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/diagnose"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

// Options say how a plan is carried out.
type Options struct {
	Out     string           // folder of all runs
	Data    string           // HDF5 file of images
	Weights string           // of the backbone, with its network and normalisation; empty: drawn
	Network backbone.Options // what the file of weights does not say
	Set     []string         // settings over the plan's
	Steps   int              // of all phases together, shared out as the plan's are; 0: the plan's
	Batch   int              // images of a batch, by fewer classes; 0: the plan's
	Seeds   []uint64         // instead of the plan's
	Cache   string           // folder of what frozen layers give; empty: see features.Place
	Backend compute.Backend
	Watch   train.Watcher
}

// Result is what one run gave under one seed.
type Result struct {
	Run       Run
	Seed      uint64
	Config    *config.Config
	Folder    run.Folder
	Rows      []run.Row
	Step      int                 // the last one taken
	Metrics   map[string]float64  // after it
	Seconds   float64             // of training and evaluating, over all sittings
	Diagnosis *diagnose.Diagnosis // nil where nobody asked for one
}

// Run carries out the plan. Results come in the order of runs, then seeds.
func (p *Plan) Run(ctx context.Context, o Options) ([]Result, error) {
	var weights *checkpoint.Backbone
	if o.Weights != "" {
		var err error
		if weights, err = checkpoint.ReadBackbone(o.Weights, o.Network); err != nil {
			return nil, fmt.Errorf("experiment: %w", err)
		}
	}
	seeds := p.Seeds
	if len(o.Seeds) > 0 {
		seeds = o.Seeds
	}
	var results []Result
	for _, r := range p.Runs {
		for _, seed := range seeds {
			c, err := p.Config(r, seed, o.Set)
			if err != nil {
				return nil, fmt.Errorf("experiment: %s: %w", r.Name, err)
			}
			c.Data = o.Data
			if weights != nil {
				c.UseBackbone(o.Weights, weights.Imported)
			}
			if o.Steps > 0 {
				c.ScaleSteps(o.Steps)
			}
			if o.Batch > 0 {
				c.ScaleBatch(o.Batch)
			}
			o.Watch.Say(fmt.Sprintf("%s, seed %d", r.Name, seed))
			if c.All {
				return nil, fmt.Errorf("experiment: %s: all is true: with nothing held out there is nothing to compare; it is for `dvml train`", r.Name)
			}
			about, err := train.DataOf(c)
			if err != nil {
				return nil, fmt.Errorf("experiment: %s: %w", r.Name, err)
			}
			c.FitBatches(about, o.Watch.Say)
			res, err := one(ctx, c, folderOf(o.Out, r, seed), o)
			if err != nil {
				return nil, fmt.Errorf("experiment: %s, seed %d: %w", r.Name, seed, err)
			}
			res.Run, res.Seed = r, seed
			results = append(results, res)
		}
	}
	return results, nil
}

// folderOf is where a run under a seed lies.
func folderOf(out string, r Run, seed uint64) run.Folder {
	return run.Folder(filepath.Join(out, "runs", strings.ReplaceAll(r.Name, " ", "-")+"-seed"+strconv.FormatUint(seed, 10)))
}

// one trains a run to its end, or goes on with it, or finds it finished.
func one(ctx context.Context, c *config.Config, folder run.Folder, o Options) (Result, error) {
	if res, ok, err := finished(folder); err != nil {
		return Result{}, err
	} else if ok {
		o.Watch.Say("finished: " + string(folder))
		return res, same(folder, res.Config, c)
	}
	t, err := open(c, folder, o)
	if err != nil {
		return Result{}, err
	}
	defer t.Close()
	t.Cache = o.Cache
	began := time.Now()
	err = t.Run(ctx)
	if more := addSeconds(folder, time.Since(began)); err == nil {
		err = more
	}
	if err != nil {
		return Result{}, err
	}
	rows, err := run.ReadRows(folder.Metrics())
	if err != nil {
		return Result{}, err
	}
	seconds, err := readSeconds(folder)
	return Result{Config: t.Config, Folder: folder, Rows: rows, Step: t.Step(), Metrics: t.Metrics(), Seconds: seconds}, err
}

// open resumes the run in folder, or starts it where there is none.
func open(c *config.Config, folder run.Folder, o Options) (*train.Trainer, error) {
	switch _, err := os.Stat(folder.Config()); {
	case errors.Is(err, fs.ErrNotExist):
		return train.New(c, folder, o.Backend, o.Watch)
	case err != nil:
		return nil, err
	}
	t, err := train.Resume(folder, o.Data, func(string) (compute.Backend, error) { return o.Backend, nil }, o.Watch)
	if err != nil {
		return nil, err
	}
	if err := same(folder, t.Config, c); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// same reports as an error where the run in folder has other settings than c. Files may have moved: of their paths only the names count.
func same(folder run.Folder, have, c *config.Config) error {
	was := *have
	was.Photographs = c.Photographs // where the numbers of steps come from; the numbers themselves are compared
	for _, d := range config.Differences(values(c), values(&was)) {
		return fmt.Errorf("%s holds a run with other settings (%s is %s, not %s); name another folder or remove it", string(folder), d.Name, d.Now, d.Before)
	}
	if a, b := filepath.Base(have.Data), filepath.Base(c.Data); a != b {
		return fmt.Errorf("%s holds a run on %s, not on %s; name another folder or remove it", string(folder), a, b)
	}
	if a, b := filepath.Base(have.Backbone.Weights), filepath.Base(c.Backbone.Weights); a != b {
		return fmt.Errorf("%s holds a run that began with the weights %s, not %s; name another folder or remove it", string(folder), a, b)
	}
	return nil
}

func secondsFile(folder run.Folder) string { return filepath.Join(string(folder), "seconds") }

// addSeconds keeps the time that a run has taken so far; finding a run finished adds nothing that counts.
func addSeconds(folder run.Folder, d time.Duration) error {
	before, err := readSeconds(folder)
	if err != nil {
		before = 0
	}
	if d < time.Second && before > 0 {
		return nil
	}
	return os.WriteFile(secondsFile(folder), []byte(strconv.FormatFloat(before+d.Seconds(), 'f', 1, 64)+"\n"), 0o644)
}

func readSeconds(folder run.Folder) (float64, error) {
	text, err := os.ReadFile(secondsFile(folder))
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
}
