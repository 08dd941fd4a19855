package checkpoint

import (
	"path/filepath"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
)

// FuzzLoad reads whole files of weights whose names, shapes and description are foreign: whatever they are, that is no more than an error.
func FuzzLoad(f *testing.F) {
	f.Add("backbone/conv1/7x7_s2/weights", "heads/w", uint8(7), uint8(7), uint8(3), `{"config": "seed: 1", "best_step": -1, "int32": ["heads/w"]}`)
	f.Add("conv1.conv.weight", "conv1.bn.running_mean", uint8(4), uint8(3), uint8(7), `{"int32": null}`)
	f.Add("backbone/", "", uint8(0), uint8(1), uint8(2), `{`)
	f.Add("a/b", "a/b/c", uint8(1), uint8(1), uint8(1), `{}`)
	f.Add("__averages/w", "//", uint8(1), uint8(1), uint8(1), `{"step": 1e30}`)
	f.Fuzz(func(t *testing.T, first, second string, a, b, c uint8, description string) {
		tensor := func(shape ...int) weights.Tensor {
			n := 1
			for _, d := range shape {
				n *= d
			}
			return weights.Tensor{Shape: shape, Data: make([]float32, n)}
		}
		path := filepath.Join(t.TempDir(), "x.safetensors")
		file := &weights.File{Meta: map[string]string{infoKey: description},
			Tensors: map[string]weights.Tensor{first: tensor(int(a%16), int(b%16), int(c%16)), second: tensor(int(b))}}
		if err := weights.WriteSafetensors(path, file); err != nil {
			return
		}
		for _, load := range []func(string) (*model.Store, Info, error){Load, LoadTraining} {
			if store, info, err := load(path); err == nil {
				if err := Save(path, store, info); err != nil {
					t.Fatalf("what was read cannot be written: %v", err)
				}
			}
		}
		if b, err := ReadBackbone(path, backbone.Options{}); err == nil {
			_ = b.Fill(model.NewStore())
		}
	})
}
