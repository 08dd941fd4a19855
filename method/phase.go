package method

import "fmt"

// Phase is a stretch of training with fixed weights of the losses.
type Phase struct {
	// Steps is how many steps the phase lasts.
	Steps int `yaml:"steps"`
	// Lambda weighs KL, reconstruction, Lm(z) and Lm(z_I), in this order. Under the plain objective only the last is used.
	Lambda [4]float64 `yaml:"lambda,flow"`
	// TrainDecoder says whether the decoder's weights are updated.
	TrainDecoder bool `yaml:"train_decoder"`
	// CutReconstruction keeps the gradient of the reconstruction from z, so that the decoder learns and the embedding part does not hear it.
	CutReconstruction bool `yaml:"cut_reconstruction"`
	// Samples is T, how many z_V are drawn an image. The paper takes 20, the report 1.
	Samples int `yaml:"samples"`
}

// Validate reports the first setting that is out of its range.
func (p Phase) Validate() error {
	if p.Steps < 1 {
		return fmt.Errorf("steps is %d; it is at least 1", p.Steps)
	}
	if p.Samples < 1 {
		return fmt.Errorf("samples is %d; it is at least 1", p.Samples)
	}
	for i, l := range p.Lambda {
		if !(l >= 0) {
			return fmt.Errorf("lambda[%d] is %g; it is not negative", i, l)
		}
	}
	return nil
}
