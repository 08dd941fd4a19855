package main

import (
	"errors"
	"fmt"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/onnx"
	"github.com/dvml/dvml/checkpoint"
)

// networkFlags say of a network in an ONNX file what the file does not.
type networkFlags struct {
	Output        string `help:"Of an ONNX network: the tensor that is taken for its features. Default: what its classifier reads."`
	Size          int    `help:"Of an ONNX network: the side of its images in pixels. Default: what it was exported for."`
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
