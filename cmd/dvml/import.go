package main

import (
	"fmt"
	"os"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/train"
)

type importCmd struct {
	Source string  `arg:"" help:"A file (ONNX, torchvision .pth, safetensors), or torchvision:googlenet to download that."`
	Out    string  `arg:"" optional:"" help:"Where to write the backbone. Default: googlenet-FORM.safetensors."`
	Form   string  `enum:"auto,original,bn" default:"auto" help:"GoogLeNet's form: original (biases, LRN) or bn (batch norm); auto tries both."`
	Width  float64 `default:"1" help:"Width multiplier of the backbone that the file holds."`
}

// Run imports.
func (c *importCmd) Run() error {
	path, err := c.fetch()
	if err != nil {
		return err
	}
	cfg, err := train.Preset("report-1")
	if err != nil {
		return err
	}
	cfg.Backbone.Spec, cfg.Image.Normalisation, err = checkpoint.RecogniseBackbone(path, c.Form, c.Width)
	if err != nil {
		return err
	}
	store := model.NewStore()
	if err := checkpoint.LoadBackbone(path, cfg.Backbone.Spec, store); err != nil {
		return err
	}
	text, err := cfg.YAML()
	if err != nil {
		return err
	}
	out := first(c.Out, "googlenet-"+cfg.Backbone.Form+".safetensors")
	if _, err := os.Stat(out); err == nil {
		return fmt.Errorf("%s is there already; name another file", out)
	}
	if err := checkpoint.Save(out, store, checkpoint.Info{Config: string(text), BestStep: -1}); err != nil {
		return err
	}
	n := cfg.Image.Normalisation
	order := "RGB"
	if n.BGR {
		order = "BGR"
	}
	fmt.Printf("%s: GoogLeNet, %s form, %d weights, wants %s less %v divided by %v\nTrain on it: dvml train --data YOUR.h5 --backbone %s\n",
		out, cfg.Backbone.Form, store.NumParameters(), order, n.Mean, n.Std, out)
	return nil
}
