package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/weights/download"
)

// trainData prepares a small data file.
func trainData(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := drawn.Draw(filepath.Join(dir, "pictures"), drawn.Options{Classes: 8, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "x.h5")
	if status := execute([]string{"prepare", filepath.Join(dir, "pictures"), data, "--size", "40"}); status != 0 {
		t.Fatalf("prepare: %d", status)
	}
	return data
}

// Settings, engine and folder are checked before anything is downloaded.
func TestTrainIsCheckedBeforeTheDownload(t *testing.T) {
	data, dir := trainData(t), t.TempDir()
	t.Setenv(download.CacheVariable, filepath.Join(dir, "cache"))
	held := filepath.Join(dir, "held")
	if err := os.MkdirAll(filepath.Join(held, "checkpoints"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(held, "checkpoints", "step-000001.safetensors"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]trainCmd{
		"there is no setting optimizer.rate":          {Set: []string{"optimizer.rate=1"}},
		"ema is 2":                                    {Set: []string{"ema=2"}},
		"no-such":                                     {Backend: "no-such"},
		"already holds a run":                         {Out: held},
		"--steps and --minutes exclude":               {Steps: 3, Minutes: 1},
		"--steps, --minutes, --batch and --chunk are": {Batch: -1},
		"it cannot be combined with":                  {Resume: held, Steps: 3},
		"there is no phase 2 to be changed":           {Set: []string{"phases=[{}, {steps: 3}]"}}, // of heads, which so few classes are trained by
		"there is no phase 3 to be changed":           {Preset: "cars-best", Set: []string{"phases=[{}, {}, {steps: 3}]"}},
		"--fold: a fold is written as 2/5":            {Fold: "x"},
	} {
		c.Data = data
		var out strings.Builder
		if _, err := c.trainer(context.Background(), &screen{out: &out}); err == nil || !strings.Contains(err.Error(), want) || out.Len() > 0 {
			t.Errorf("%+v: %v, and said %q; want %q", c, err, out.String(), want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "cache")); err == nil {
		t.Error("the cache of downloads was made")
	}
}

// --steps, --batch and --set are laid over the preset, and the run keeps what came of them.
func TestTrainFlags(t *testing.T) {
	data := trainData(t)
	for _, c := range []struct {
		flags         trainCmd
		steps, images int
	}{
		{trainCmd{Steps: 60}, 60, 16}, // 4 classes to train on, 4 images of each
		{trainCmd{Batch: 8}, 600, 8},
		{trainCmd{Set: []string{"phases=[{steps: 40}]"}}, 340, 16},
	} {
		c.flags.Preset, c.flags.Data, c.flags.Out = "laptop", data, filepath.Join(t.TempDir(), "run")
		c.flags.Set = append(c.flags.Set, "backbone.width=0.125", "image.crop=32")
		tr, err := c.flags.trainer(context.Background(), &screen{out: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		tr.Close()
		kept, err := config.Read(filepath.Join(c.flags.Out, "config.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if kept.Steps() != c.steps || kept.Batch.Size() != c.images {
			t.Errorf("%+v: %d steps in batches of %d", c.flags, kept.Steps(), kept.Batch.Size())
		}
	}
}
