package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/onnx"
	"github.com/dvml/dvml/checkpoint"
)

// networkFlags say of a network in an ONNX file what the file does not.
type networkFlags struct {
	Output        string `help:"Of an ONNX network: the tensor that is taken for its features. Default: what its classifier reads."`
	Size          int    `help:"Of an ONNX network: the side of its images in pixels. Default: what it was exported for." min:"1"`
	Normalisation string `help:"Of an ONNX network: how its images are normalised: imagenet, half, caffe, or MEAN/STD of 0..255."`
}

// options reads the flags.
func (f networkFlags) options() (backbone.Options, error) {
	o := backbone.Options{Output: f.Output, Size: f.Size}
	if f.Size < 0 {
		return o, fmt.Errorf("--size is %d; it is positive", f.Size)
	}
	if f.Normalisation != "" {
		n, err := augment.ParseNormalisation(f.Normalisation)
		if err != nil {
			return o, fmt.Errorf("--normalisation: %w", err)
		}
		o.Normalisation = &n
	}
	return o, nil
}

// read reads a backbone as the flags say.
func (f networkFlags) read(path string) (*checkpoint.Backbone, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
	b, err := checkpoint.ReadBackbone(path, o)
	if err != nil {
		return nil, err
	}
	if f != (networkFlags{}) && (b.Network.Spec().Network != onnx.Name || b.Own) {
		return nil, errors.New("--output, --size and --normalisation are for networks in ONNX files; " + path + " says itself what it is")
	}
	return b, nil
}

// describeNetwork prints what an ONNX file holds: its input, what can be taken for the features, what it costs, where it can be cut.
func describeNetwork(path string, o backbone.Options, all bool) error {
	d, err := onnx.Describe(path, o)
	if err != nil {
		return err
	}
	layout := "[N,H,W,3], channels last"
	if d.Input.ChannelsFirst {
		layout = "[N,3,H,W], channels first"
	}
	side := func(n int) string {
		if n < 0 {
			return "any"
		}
		return strconv.Itoa(n)
	}
	printf("%s: opset %d, by %s\n", path, d.Opset, first(d.Producer, "an unnamed exporter"))
	printf("input       %s, %s; batch %s, height %s, width %s\n", d.Input.Name, layout, side(d.Input.Batch), side(d.Input.Height), side(d.Input.Width))
	for _, c := range d.Candidates {
		mark := " "
		if c.Name == d.Chosen {
			mark = "*"
		}
		printf("candidate %s %s %v, %s: %s\n", mark, c.Name, c.Shape, c.Form(), c.Why)
	}
	if d.Network == nil {
		println("which of them is the embedding is not told; say it by --output")
		return nil
	}
	printf("features    %s [N,%d]\n", d.Chosen, d.Network.Features())
	printf("parameters  %.2f million\n", float64(d.Network.Parameters())/1e6)
	printf("arithmetic  %.2f billion multiply-adds per image of %d x %d\n", float64(d.Network.FLOPs(max(d.Height, d.Width)))/2e9, d.Height, d.Width)
	println("\ncuts, for freeze.until (--all lists every tensor; one that is not a cut is kept with what crosses beside it):")
	for _, t := range d.Tensors {
		if t.Cut || all {
			printf("  %-60s %-20s %v\n", t.Name, t.Op, t.Shape)
		}
	}
	return nil
}
