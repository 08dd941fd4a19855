package checkpoint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/weights"
)

// scope is where a backbone's variables lie in a model's store, and under which name in a checkpoint.
const scope = "backbone"

// Backbone is a backbone's weights, read from a file.
type Backbone struct {
	backbone.Imported
	Own bool // whether the file is a checkpoint of dvml
}

// ReadBackbone reads the backbone out of a checkpoint of dvml or any file of weights that package
// backbone understands; the options say what such a file does not. A checkpoint says all.
func ReadBackbone(path string, o backbone.Options) (*Backbone, error) {
	file, err := weights.Read(path)
	if err != nil {
		return nil, err
	}
	if info, own, err := description(path, file); err != nil {
		return nil, err
	} else if own {
		return fromCheckpoint(path, file, info)
	}
	in, err := backbone.Read(path, file, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Backbone{Imported: in}, nil
}

// fromCheckpoint takes the backbone out of a checkpoint, which holds heads and the optimiser's state too, and says which network it is.
func fromCheckpoint(path string, file *weights.File, info Info) (*Backbone, error) {
	cfg, err := info.Settings()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	network, err := info.network(cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	in := backbone.Imported{Network: network, Tensors: map[string]weights.Tensor{}, Normalisation: info.Normalisation, Naming: "dvml's", Size: info.Size, BatchNorm: info.BatchNorm}
	for _, v := range network.Variables() {
		t, ok := file.Tensors[scope+"/"+v.Path]
		if !ok {
			return nil, fmt.Errorf("%s: the weights %s are missing", path, v.Path)
		}
		if !slices.Equal(t.Shape, v.Shape) {
			return nil, fmt.Errorf("%s: %s has shape %v and should have %v", path, v.Path, t.Shape, v.Shape)
		}
		in.Tensors[v.Path] = t
	}
	if err := in.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Backbone{in, true}, nil
}

// Fits reports an error where the weights are not of the network that settings name.
func (b *Backbone) Fits(s backbone.Spec) error {
	named, err := backbone.Open(s, b.Network.Structure())
	same := err == nil && named.Features() == b.Network.Features()
	if same { // a network without forms or outputs leaves out what the settings say of them
		have, want := b.Network.Spec(), named.Spec()
		same = have.Network == want.Network && have.Form == want.Form && have.Output == want.Output
	}
	if !same {
		return fmt.Errorf("the weights are of %s; the settings name another network: %s", b.Network, settings(s))
	}
	return nil
}

// settings writes a network as a settings file names it.
func settings(s backbone.Spec) string {
	return fmt.Sprintf("network %s, form %s, width %g", cmp.Or(s.Network, backbone.Default), s.Form, s.Width)
}

// Alone returns the state of a model of the backbone without heads, of which only the features can be had.
func (b *Backbone) Alone() (*model.Store, Info, error) {
	cfg, err := config.Preset("report-1")
	if err != nil {
		return nil, Info{}, err
	}
	cfg.UseBackbone("", b.Imported)
	var prepared Prepared
	if p := b.Prepared; p != nil {
		cfg.Image.Resize, prepared = p.Resize, Prepared{Size: p.Size, Fit: p.Fit}
	}
	text, err := cfg.YAML()
	if err != nil {
		return nil, Info{}, err
	}
	store := model.NewStore()
	info := Info{Config: string(text), BestStep: -1, Normalisation: b.Normalisation, Structure: b.Network.Structure(), Size: b.Size, BatchNorm: b.BatchNorm, Prepared: prepared}
	return store, info, b.Fill(store)
}

// Fill puts the weights into store.
func (b *Backbone) Fill(store *model.Store) error {
	for name, t := range b.Tensors {
		if _, err := store.CreateVariable("/"+scope+"/"+name, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}
