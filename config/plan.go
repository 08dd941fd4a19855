package config

import (
	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/evaluate"
)

// TrainPlan is how the network sees an image in training: cropped, mirrored and zoomed as the settings say.
func (c *Config) TrainPlan() augment.Plan {
	return augment.Plan{
		Crop: c.Image.Crop, RandomCrop: c.Image.RandomCrop, Mirror: c.Image.Mirror, Resize: c.Image.Resize, MinArea: c.Image.MinArea,
		Norm: c.Image.Normalisation,
	}
}

// TestPlan is how the network sees an image outside training: the centre crop.
func (c *Config) TestPlan() augment.Plan {
	return augment.Plan{Crop: c.Image.Crop, Resize: c.Image.Resize, Norm: c.Image.Normalisation}
}

// Options are the settings for package evaluate.
func (e Evaluate) Options(seed uint64) evaluate.Options {
	return evaluate.Options{K: e.K, Seed: seed, Restarts: e.Restarts}
}
