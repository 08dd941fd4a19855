package checkpoint

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/weights"
)

// scope is where a backbone's variables lie in a model's store, and under which name in a checkpoint.
const scope = "backbone"

// Backbone is a backbone's weights, read from a file.
type Backbone struct {
	Spec          backbone.Spec
	Normalisation augment.Normalisation // what the weights want
	Naming        string                // whose names the file uses
	tensors       map[string]weights.Tensor
}

// ReadBackbone reads the backbone out of a checkpoint of dvml or any file of weights that package backbone understands.
func ReadBackbone(path string) (*Backbone, error) {
	file, err := weights.Read(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	own := map[string]weights.Tensor{}
	for name, t := range file.Tensors {
		if rest, ok := strings.CutPrefix(name, scope+"/"); ok {
			own[rest] = t
		}
	}
	if len(own) > 0 { // a checkpoint holds heads and the optimiser's state too
		file.Tensors = own
	}
	spec, err := backbone.Detect(file)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	in, err := spec.Import(file)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return &Backbone{spec, in.Normalisation, in.Naming, in.Tensors}, nil
}

// Fits reports an error where the weights are not of the backbone that spec names.
func (b *Backbone) Fits(spec backbone.Spec) error {
	if b.Spec.Form != spec.Form || b.Spec.Features() != spec.Features() {
		return fmt.Errorf("the weights are of form %s, width %g; the settings say form %s, width %g", b.Spec.Form, b.Spec.Width, spec.Form, spec.Width)
	}
	return nil
}

// Alone returns the state of a model of the backbone without heads, of which only the features can be had.
func (b *Backbone) Alone() (*model.Store, Info, error) {
	cfg, err := config.Preset("report-1")
	if err != nil {
		return nil, Info{}, err
	}
	cfg.Backbone.Spec, cfg.Image.Normalisation = b.Spec, b.Normalisation
	text, err := cfg.YAML()
	if err != nil {
		return nil, Info{}, err
	}
	store := model.NewStore()
	return store, Info{Config: string(text), BestStep: -1, Normalisation: b.Normalisation}, b.Fill(store)
}

// Fill puts the weights into store.
func (b *Backbone) Fill(store *model.Store) error {
	for name, t := range b.tensors {
		if _, err := store.CreateVariable("/"+scope+"/"+name, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
	}
	return nil
}
