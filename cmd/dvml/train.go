package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/train"
)

type trainCmd struct {
	Config   string   `short:"c" help:"Settings, YAML. What it does not name has its default."`
	Preset   string   `help:"Settings by name: see dvml presets. Default: best, with the way to train the heads that is the best on folds of your own classes; heads for fewer than six classes." values:"presets"`
	Data     string   `help:"The HDF5 file that dvml prepare wrote; with --resume, where it lies now if it has moved."`
	Backbone string   `help:"First weights of the backbone: what dvml import wrote, or a file it reads. Default: the preset's; without --preset torchvision's GoogLeNet, downloaded once."`
	Set      []string `sep:"none" help:"Change one setting: --set optimizer.rates.heads=1e-4. May be repeated." values:"set"`
	All      bool     `help:"Train the model that is put to use, on every class: nothing is held out, and nothing is measured. Choose settings and steps by a run without it first."`
	Steps    int      `help:"Steps in all, shared out over the phases as the preset's are. Default: the preset's, scaled to the number of photographs."`
	Minutes  float64  `placeholder:"N" help:"A budget: steps are left out until the run fits into so many minutes here, as measured before it begins."`
	Batch    int      `help:"Images of a batch: fewer or more classes in it, as many images of each; more of each where the data has too few classes. Default: the preset's."`
	Chunk    int      `help:"Images of a batch that go through the network at a time, so that a batch may be larger than memory; the losses see all of it. Default: the setting's, all."`
	Backend  string   `help:"Engine: cpu, cpu:bfloat16, go, xla; default the setting's, then $$DVML_BACKEND." values:"engines"`
	Cache    string   `help:"Folder of the cache of what frozen layers compute. Default: beside the data or, where that cannot be written, the user's cache folder."`
	DryRun   bool     `help:"Say what the run would take in memory, disk and time here, from a few steps that are tried, and write nothing."`
	Fold     string   `placeholder:"K/N" help:"Judge by fold K of N of the training classes and train on the others, so that settings are chosen without a look at the held-out classes."`
	Out      string   `short:"o" help:"Folder of the run. Default: runs/ and the preset's or the file's name with the time."`
	networkFlags
	Resume string `help:"Resume the run in this folder, bit for bit as if it had not stopped."`

	alone string // why nothing is trained, where the features are left as they are
}

// Run trains.
func (c *trainCmd) Run(ctx context.Context) error {
	screen := newScreen(os.Stdout)
	defer screen.close()
	if c.DryRun {
		return c.expect(ctx, screen)
	}
	t, err := c.trainer(ctx, screen)
	if err != nil {
		return err
	}
	defer t.Close()
	t.Cache = c.Cache
	screen.Say(t.Summary())
	defer context.AfterFunc(ctx, func() { screen.Say("stopping as soon as the state is saved") })()
	err = t.Run(ctx)
	screen.close()
	if errors.Is(err, train.ErrInterrupted) {
		printf("Stopped after step %d; the state is saved. To resume:\n  %s\n", t.Step(), commandLine("train", "--resume", string(t.Folder)))
		return err
	}
	if err != nil {
		return err
	}
	return c.report(ctx, t)
}

// expect prints what the run would take.
func (c *trainCmd) expect(ctx context.Context, screen *screen) error {
	if c.Resume != "" {
		return errors.New("--dry-run is of a run that begins: it cannot be combined with --resume")
	}
	cfg, name, err := c.settings()
	if err != nil {
		return err
	}
	backend, err := engine.New(cfg.Backend)
	if err != nil {
		return err
	}
	if cfg, err = c.withBackbone(ctx, cfg, name, backend, screen); err != nil {
		return err
	}
	f, err := train.Expect(cfg, backend, screen)
	if err != nil {
		return err
	}
	screen.close()
	how := ""
	if !f.Measured {
		how = " (by arithmetic: this system does not tell what a process takes)"
	}
	printf("batch      %d images, %d at a time through the network\n", f.Batch, f.Chunk)
	printf("memory     %s%s\n", bytesOf(f.Memory), how)
	printf("disk       %s\n", bytesOf(f.Disk))
	printf("time       %s for %d steps and the evaluations, %s a step at the end\n", f.Time.Round(time.Second), f.Steps, f.Step.Round(time.Millisecond))
	return nil
}

// report prints what was reached and what to do next.
func (c *trainCmd) report(ctx context.Context, t *train.Trainer) error {
	if t.Config.All {
		printf(`
Done. The model was trained on every class, for %d steps. Nothing was held out, so that nothing is known of it by itself: what it is worth with
classes that it has not seen is what a run with the same settings without --all showed.

The model               %s
Losses                  %s
`, t.Step(), t.Folder.Best(), t.Folder.Curves())
		return nil
	}
	before, best, last, err := evaluations(t)
	if err != nil {
		return err
	}
	features, err := t.Features(ctx)
	if err != nil {
		return err
	}
	_, step := t.Best()
	o := outcome{t.Folder, t.JudgedBy(), step, features, before, best, last, t.Config.Backbone.Weights, t.Config.Data, c.alone}
	o.print(stdout)
	printf(`
The best model          %s
Losses and metrics      %s
The same and more       tensorboard --logdir %s
What it finds nearest   %s
`, t.Folder.Best(), t.Folder.Curves(), quoted(t.Folder.Events()),
		commandLine("eval", t.Folder.Best(), "--neighbours", filepath.Join(string(t.Folder), "neighbours.png")))
	if weights := t.Config.Backbone.Weights; weights != "" { // with few classes training may be worse than none
		printf("What no training finds  %s\n", commandLine("eval", weights, "--data", t.Config.Data))
	}
	return nil
}

// outcome is what became of a run: whether training has helped, and whether the features alone would do better.
type outcome struct {
	folder                       run.Folder
	by                           string             // the metric that states are judged by
	step                         int                // of the best state
	features, before, best, last map[string]float64 // of the features alone, where they are known; before the first step; of the best state; of the last
	weights, data                string             // of the backbone, and the data file
	alone                        string             // why the features were left as they are; empty: they were not
}

func (o outcome) print(out io.Writer) {
	better := o.features[o.by] > o.best[o.by] // the features than any state
	switch {
	case o.alone != "":
		fmt.Fprintf(out, "\nDone. Nothing was trained, and the model embeds as the features do: %s.\nOn the held-out classes:\n\n", o.alone)
		beforeAndAfter(out, o.before, o.last)
		fmt.Fprintf(out, "\nTo train all the same: %s\n", commandLine("train", "--data", o.data, "--preset", defaultPreset))
		return
	case o.step > 0:
		fmt.Fprintf(out, "\nDone. The state after step %d is the best by %s:\n\n", o.step, o.by)
		beforeAndAfter(out, o.before, o.best)
	default:
		fmt.Fprintf(out, "\nDone. Training did not help on the held-out classes: by %s no state is better than the one before the first step.\n\n", o.by)
		beforeAndAfter(out, o.before, o.last)
	}
	if better {
		fmt.Fprintf(out, "\nThe backbone's features alone are better than every state, without any training: %s %.3f, the best state has %.3f (R@1 %.3f against %.3f).\n",
			o.by, o.features[o.by], o.best[o.by], o.features["R@1"], o.best["R@1"])
		if o.weights != "" {
			fmt.Fprintf(out, "To use them, name the weights in place of a model:\n   %s\n   %s\n   %s\n", commandLine("eval", o.weights, "--data", o.data),
				commandLine("embed", o.weights, "PHOTOGRAPHS", "embeddings.npy"), commandLine("index", o.weights, "PHOTOGRAPHS", "-o", "photographs.index"))
		}
	}
	if o.step > 0 {
		return
	}
	if !better {
		fmt.Fprintln(out, "\nThe best model is therefore the untrained one.")
	}
	fmt.Fprintf(out, `What may help, most of all first:
   more classes to train on (a few dozen are what it learns from) and more photographs of each
   fewer steps and lower rates: change phases and optimizer.rates in a copy of %s, and train -c that
`, o.folder.Config())
}

// trainer makes the run that the flags ask for, or goes on with one.
func (c *trainCmd) trainer(ctx context.Context, screen *screen) (*train.Trainer, error) {
	if c.Resume != "" {
		if c.Config != "" || c.Preset != "" || c.Backbone != "" || len(c.Set) > 0 || c.Out != "" || c.Steps != 0 || c.All || c.Minutes != 0 || c.Batch != 0 || c.Chunk != 0 {
			return nil, errors.New("--resume takes its settings from the run's folder; it cannot be combined with -c, --preset, --backbone, --set, --all, --steps, --minutes, --batch, --chunk and -o")
		}
		return c.resume(screen)
	}
	cfg, name, err := c.settings()
	if err != nil {
		return nil, err
	}
	backend, err := engine.New(cfg.Backend)
	if err != nil {
		return nil, err
	}
	out := run.Folder(first(c.Out, filepath.Join("runs", name+"-"+time.Now().Format("20060102-150405"))))
	if err := out.Free(); err != nil {
		return nil, err
	}
	if cfg, err = c.withBackbone(ctx, cfg, name, backend, screen); err != nil {
		return nil, err
	}
	return train.New(cfg, out, backend, screen)
}

// resume goes on with a run.
func (c *trainCmd) resume(screen *screen) (*train.Trainer, error) {
	folder := run.Folder(c.Resume)
	if _, err := os.Stat(folder.Config()); err != nil {
		return nil, fmt.Errorf("--resume: %s is not the folder of a run: %w", c.Resume, err)
	}
	if c.Data != "" {
		if err := checkData(c.Data); err != nil {
			return nil, err
		}
	}
	t, err := train.Resume(folder, c.Data, func(name string) (compute.Backend, error) {
		return engine.New(first(c.Backend, name))
	}, screen)
	if errors.Is(err, fs.ErrNotExist) && c.Data == "" {
		err = fmt.Errorf("%w; where the data has moved, say where it lies now by --data FILE.h5 (its path in %s counts from the folder where the run began)", err, folder.Config())
	}
	return t, err
}

// settings reads the file or the preset, lays the flags over it, and checks it all: nothing is downloaded or computed for settings that are wrong.
func (c *trainCmd) settings() (cfg *config.Config, name string, err error) {
	switch {
	case c.Config != "" && c.Preset != "":
		return nil, "", errors.New("-c and --preset exclude each other")
	case c.Steps < 0 || c.Minutes < 0 || c.Batch < 0 || c.Chunk < 0:
		return nil, "", errors.New("--steps, --minutes, --batch and --chunk are not negative")
	case c.Steps > 0 && c.Minutes > 0:
		return nil, "", errors.New("--steps and --minutes exclude each other")
	case c.Config != "":
		name = strings.TrimSuffix(filepath.Base(c.Config), filepath.Ext(c.Config))
		cfg, err = config.Read(c.Config)
	default:
		if name, err = c.preset(); err == nil {
			cfg, err = config.Preset(name)
		}
	}
	if err != nil {
		return nil, "", err
	}
	cfg.Data = first(c.Data, cfg.Data)
	cfg.Backend = first(c.Backend, cfg.Backend)
	if err := checkData(cfg.Data); err != nil {
		return nil, "", err
	}
	if c.Fold != "" {
		if cfg.Fold, err = config.ParseFold(c.Fold); err != nil {
			return nil, "", fmt.Errorf("--fold: %w", err)
		}
	}
	checked, err := c.changed(cfg)
	if err != nil {
		return nil, "", err
	}
	if c.Backbone == "" { // another network has cuts and sizes of its own
		if err := checked.Validate(); err != nil {
			return nil, "", fmt.Errorf("settings:\n%w", err)
		}
	}
	return cfg, name, nil
}

// changed is a copy of the settings with --set, --steps, --minutes, --batch and --chunk.
func (c *trainCmd) changed(cfg *config.Config) (*config.Config, error) {
	text, err := cfg.YAML()
	if err != nil {
		return nil, err
	}
	if cfg, err = config.Parse(text); err != nil {
		return nil, err
	}
	cfg.Fit = true
	cfg.All = cfg.All || c.All
	if c.Config != "" && !c.All {
		cfg.Photographs = 0 // the steps of a file stand, but for more data
	}
	for _, s := range c.Set {
		if strings.HasPrefix(s, "phases") {
			cfg.Photographs = 0 // steps that are asked for stand
		}
		if err := cfg.Set(s); err != nil {
			return nil, err
		}
	}
	if c.Steps > 0 {
		cfg.ScaleSteps(c.Steps)
	}
	if c.Batch > 0 {
		cfg.ScaleBatch(c.Batch)
		cfg.KeepBatch = true
	}
	if c.Chunk > 0 {
		cfg.Chunk = c.Chunk
	}
	cfg.Minutes = c.Minutes
	return cfg, nil
}

// withBackbone are the settings, of the preset called name where nothing else was asked for, with the weights that the run begins with, which that preset
// downloads, the way to train the heads that suits the data, and the flags over all.
func (c *trainCmd) withBackbone(ctx context.Context, cfg *config.Config, name string, backend compute.Backend, screen *screen) (*config.Config, error) {
	weights := c.Backbone
	if c.Config == "" && c.Preset == "" {
		why := "heads first, then the whole network"
		if name == fewPreset {
			why = "since so few classes to train on teach heads that begin as the features, and nothing more"
		}
		screen.Say(fmt.Sprintf("preset     %s, %s; %s presets lists others", name, why, program()))
		if weights == "" && !c.sets("backbone.network", "backbone.weights") {
			var err error
			if weights, err = pretrained(ctx, screen); err != nil {
				return nil, err
			}
		}
	}
	if weights != "" {
		b, err := c.read(weights)
		if err != nil {
			return nil, fmt.Errorf("--backbone: %w", err)
		}
		cfg.UseBackbone(weights, b.Imported)
		if c.chooses(name) {
			if err := c.choose(ctx, cfg, weights, b.Imported, backend, screen); err != nil {
				return nil, err
			}
		}
	}
	return c.changed(cfg)
}

// What is taken where nothing else is asked for: with fewer classes to train on than fewClasses the second, since end to end training on them did harm on
// others in every trial (docs/training.md).
const (
	defaultPreset = "best"
	fewPreset     = "heads"
	fewClasses    = 6
)

// preset is the one that is asked for, or fits the data.
func (c *trainCmd) preset() (string, error) {
	if c.Preset != "" {
		return c.Preset, nil
	}
	r, err := openData(c.Data)
	if err != nil {
		return "", err
	}
	classes := 0
	for _, images := range count(r).train {
		classes += min(images, 1)
	}
	if classes < fewClasses {
		return fewPreset, r.Close()
	}
	return defaultPreset, r.Close()
}

// pretrained returns a file with the weights that the default preset begins with.
func pretrained(ctx context.Context, screen *screen) (string, error) {
	const name = "torchvision:googlenet"
	path, err := fetch(ctx, name, screen)
	if err != nil {
		return "", fmt.Errorf("%w\nor name other weights by --backbone; or --preset laptop trains a small network from nothing, which takes thousands of photographs to learn from", err)
	}
	return path, nil
}

// checkData says what is wrong with a data file before anything else is done.
func checkData(path string) error {
	r, err := openData(path)
	if err != nil {
		return err
	}
	return r.Close()
}

// first returns the first of values that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
