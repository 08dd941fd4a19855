package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/imageset/drawn"
)

func TestChooses(t *testing.T) {
	for _, c := range []struct {
		cmd  trainCmd
		name string
		want bool
	}{
		{trainCmd{}, defaultPreset, true},
		{trainCmd{All: true, Batch: 64, Set: []string{"image.mirror=false", "seed=2", "methodology=1"}}, defaultPreset, true},
		{trainCmd{}, fewPreset, false},
		{trainCmd{Preset: defaultPreset}, defaultPreset, false},
		{trainCmd{Config: "x.yaml"}, "x", false},
		{trainCmd{Steps: 3}, defaultPreset, false},
		{trainCmd{Minutes: 3}, defaultPreset, false},
		{trainCmd{DryRun: true}, defaultPreset, false},
		{trainCmd{Fold: "1/4"}, defaultPreset, false},
		{trainCmd{Set: []string{"method.dim=64"}}, defaultPreset, false},
		{trainCmd{Set: []string{"phases=[{steps: 3}]"}}, defaultPreset, false},
		{trainCmd{Set: []string{"frozen=[]"}}, defaultPreset, false},
	} {
		if got := c.cmd.chooses(c.name); got != c.want {
			t.Errorf("%+v, preset %s: chooses is %t", c.cmd, c.name, got)
		}
	}
}

// The choice is made on the training classes, is told, and is laid over the default settings.
func TestChoose(t *testing.T) {
	dir := t.TempDir()
	pictures, data := filepath.Join(dir, "pictures"), filepath.Join(dir, "x.h5")
	if err := drawn.Draw(pictures, drawn.Options{Classes: 14, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	if status := execute([]string{"prepare", pictures, data, "--size", "40"}); status != 0 {
		t.Fatalf("prepare: %d", status)
	}
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Preset(defaultPreset)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Data = data
	var out strings.Builder
	c := trainCmd{Data: data, Set: []string{"backbone.width=0.125", "image.crop=32", "evaluate.every=1"}}
	if err := c.choose(context.Background(), cfg, "", backbone.Imported{}, backend, &screen{out: &out}); err != nil {
		t.Fatal(err)
	}
	said := out.String()
	for _, want := range []string{"3 ways to train the heads, each on 3 folds", "dvml", "plain", "softmax", "fold 3 of 3"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	// Seven classes train the heads alone, whatever was chosen.
	if len(cfg.Phases) != 1 || cfg.Freeze.UnfreezeAt != 0 {
		t.Errorf("%d phases train, the network from step %d on", len(cfg.Phases), cfg.Freeze.UnfreezeAt)
	}
	if told := strings.Contains(said, "the heads alone: 7 classes"); told == (c.alone != "") {
		t.Errorf("it says that the heads train alone: %t; why the features are left: %q", told, c.alone)
	}
}
