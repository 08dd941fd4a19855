package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/train"
)

type trainCmd struct {
	Config   string   `short:"c" type:"existingfile" help:"Settings, YAML. What it does not name has its default."`
	Preset   string   `help:"Settings by name: see dvml presets. Default: cars-best with --backbone, else laptop."`
	Data     string   `help:"The HDF5 file that dvml prepare wrote."`
	Backbone string   `help:"First weights of the backbone: what dvml import wrote, or a file it reads."`
	Set      []string `sep:"none" help:"Change one setting: --set optimizer.rates.heads=1e-4. May be given again."`
	Backend  string   `help:"Engine: cpu, go, xla; default the setting's, then $$DVML_BACKEND."`
	Out      string   `short:"o" help:"Folder of the run. Default: runs/ and the preset's or the file's name with the time."`
	Resume   string   `type:"existingdir" help:"Go on with the run in this folder, bit for bit as if it had not stopped."`
}

// Run trains.
func (c *trainCmd) Run(ctx context.Context) error {
	screen := newScreen(os.Stdout)
	defer screen.close()
	t, err := c.trainer(screen)
	if err != nil {
		return err
	}
	defer t.Close()
	screen.Say(t.Summary())
	err = t.Run(ctx)
	screen.close()
	if errors.Is(err, train.ErrInterrupted) {
		fmt.Printf("Stopped after step %d; the state is saved. To go on:\n  dvml train --resume %s\n", t.Step(), t.Folder)
		return err
	}
	if err != nil {
		return err
	}
	best, step := t.Best()
	fmt.Printf("Done. Best %s %.3f after step %d: %s\nCurves: %s   TensorBoard: tensorboard --logdir %s\nEvaluate: dvml eval %s\n",
		t.Config.Evaluate.Best, best, step, t.Folder.Best(), t.Folder.Curves(), t.Folder.Events(), t.Folder.Best())
	return nil
}

// trainer makes the run that the flags ask for, or goes on with one.
func (c *trainCmd) trainer(screen *screen) (*train.Trainer, error) {
	if c.Resume != "" {
		if c.Config != "" || c.Preset != "" || c.Data != "" || c.Backbone != "" || len(c.Set) > 0 {
			return nil, errors.New("--resume takes its settings from the run's folder; leave -c, --preset, --data, --backbone and --set away")
		}
		return train.Resume(train.Folder(c.Resume), func(name string) (compute.Backend, error) {
			return engine.New(first(c.Backend, name))
		}, screen)
	}
	cfg, name, err := c.settings(screen)
	if err != nil {
		return nil, err
	}
	backend, err := engine.New(cfg.Backend)
	if err != nil {
		return nil, err
	}
	out := c.Out
	if out == "" {
		out = filepath.Join("runs", name+"-"+time.Now().Format("20060102-150405"))
	}
	return train.New(cfg, train.Folder(out), backend, screen)
}

// settings reads the file or the preset, and lays the flags over it.
func (c *trainCmd) settings(screen *screen) (cfg *train.Config, name string, err error) {
	switch {
	case c.Config != "" && c.Preset != "":
		return nil, "", errors.New("-c and --preset exclude each other")
	case c.Config != "":
		name = strings.TrimSuffix(filepath.Base(c.Config), filepath.Ext(c.Config))
		cfg, err = train.ReadConfig(c.Config)
	default:
		name = c.Preset
		if name == "" && c.Backbone != "" {
			name = "cars-best" // warm heads, then end to end: the best recipe known for a pretrained backbone
		}
		name = first(name, "laptop")
		cfg, err = train.Preset(name)
	}
	if err != nil {
		return nil, "", err
	}
	cfg.Data = first(c.Data, cfg.Data)
	cfg.Backend = first(c.Backend, cfg.Backend)
	if c.Backbone != "" {
		b, err := checkpoint.ReadBackbone(c.Backbone)
		if err != nil {
			return nil, "", fmt.Errorf("--backbone: %w", err)
		}
		cfg.UseBackbone(c.Backbone, b)
	}
	for _, s := range c.Set {
		if err := cfg.Set(s); err != nil {
			return nil, "", err
		}
	}
	if c.Config == "" {
		if err := cfg.FitClasses(screen.Say); err != nil {
			return nil, "", err
		}
	}
	return cfg, name, nil
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
