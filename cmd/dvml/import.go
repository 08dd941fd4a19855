package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/train"
	"github.com/dvml/dvml/weights/download"
)

type importCmd struct {
	Source string `arg:"" help:"A file (ONNX, torchvision .pth, safetensors, a checkpoint of dvml), or torchvision:googlenet to download that."`
	Out    string `arg:"" optional:"" help:"Where to write the backbone. Default: googlenet-FORM.safetensors."`
	Force  bool   `help:"Replace OUT where it exists."`
}

// Run imports.
func (c *importCmd) Run(ctx context.Context) error {
	path := c.Source
	if slices.Contains(download.Names(), c.Source) {
		screen := newScreen(os.Stdout)
		defer screen.close()
		progress := screen.count("downloading, MB")
		var err error
		path, err = download.Fetch(ctx, c.Source, download.Options{Progress: func(done, total int64) { progress(int(done>>20), int(max(total, done)>>20)) }})
		screen.close()
		if err != nil {
			return err
		}
	}
	b, err := checkpoint.ReadBackbone(path)
	if err != nil {
		return err
	}
	out := first(c.Out, "googlenet-"+b.Spec.Form+".safetensors")
	if _, err := os.Stat(out); err == nil && !c.Force {
		return fmt.Errorf("%s is there already; name another file, or --force replaces it", out)
	}
	cfg, err := train.Preset("report-1")
	if err != nil {
		return err
	}
	cfg.Backbone.Spec, cfg.Image.Normalisation = b.Spec, b.Normalisation
	store := model.NewStore()
	if err := b.Fill(store); err != nil {
		return err
	}
	text, err := cfg.YAML()
	if err != nil {
		return err
	}
	if err := checkpoint.Save(out, store, checkpoint.Info{Config: string(text), BestStep: -1, Normalisation: b.Normalisation}); err != nil {
		return err
	}
	order := "RGB"
	if b.Normalisation.BGR {
		order = "BGR"
	}
	fmt.Printf("%s: GoogLeNet, %s form, width %g, named as %s; wants %s less %v divided by %v\nTrain on it: dvml train --data YOUR.h5 --backbone %s\n",
		out, b.Spec.Form, b.Spec.Width, b.Naming, order, b.Normalisation.Mean, b.Normalisation.Std, out)
	return nil
}
