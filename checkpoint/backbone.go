package checkpoint

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
)

// scope is where a backbone's variables lie in a model's store, and under which name in a checkpoint.
const scope = "backbone"

// LoadBackbone reads the backbone's weights from a checkpoint of dvml or any file that backbone.Spec.FromFile understands into store.
func LoadBackbone(path string, spec backbone.Spec, store *model.Store) error {
	variables, _, err := readBackbone(path, spec)
	if err != nil {
		return err
	}
	for name, t := range variables {
		if _, err := store.CreateVariable("/"+scope+"/"+name, tensors.FromFlatDataAndDimensions(t.Data, t.Shape...)); err != nil {
			return fmt.Errorf("checkpoint: %s: %w", path, err)
		}
	}
	return nil
}

// BackboneNormalisation returns how the weights in path want an image to be normalised.
func BackboneNormalisation(path string, spec backbone.Spec) (augment.Normalisation, error) {
	_, n, err := readBackbone(path, spec)
	return n, err
}

// readBackbone reads the variables of spec relative to the backbone's scope.
func readBackbone(path string, spec backbone.Spec) (map[string]weights.Tensor, augment.Normalisation, error) {
	file, err := weights.Read(path)
	if err != nil {
		return nil, augment.Normalisation{}, fmt.Errorf("checkpoint: %w", err)
	}
	own := map[string]weights.Tensor{}
	for name, t := range file.Tensors {
		if rest, ok := strings.CutPrefix(name, scope+"/"); ok {
			own[rest] = t
		}
	}
	if len(own) > 0 {
		file.Tensors = own
	}
	variables, n, err := spec.FromFile(file)
	if err != nil {
		return nil, n, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return variables, n, nil
}

// RecogniseBackbone says which backbone the file at path holds: form is "original", "bn" or "auto", which tries both, and width its width multiplier.
func RecogniseBackbone(path, form string, width float64) (backbone.Spec, augment.Normalisation, error) {
	forms := []string{form}
	if form == "auto" {
		forms = []string{backbone.Original, backbone.BN}
	}
	var bad []error
	for _, f := range forms {
		spec := backbone.Spec{Form: f, Width: width}
		_, n, err := readBackbone(path, spec)
		if err == nil {
			return spec, n, nil
		}
		bad = append(bad, fmt.Errorf("as form %s: %w", f, err))
	}
	return backbone.Spec{}, augment.Normalisation{}, errors.Join(bad...)
}
