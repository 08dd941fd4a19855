package method

import "fmt"

// Names of the losses: in settings, logs, curves and diagrams.
const (
	KL             = "kl"             // L1, of the variation's distribution
	Reconstruction = "reconstruction" // L2, of the features by the decoder
	Synthetic      = "synthetic"      // L3, the metric loss of z
	Invariant      = "invariant"      // L4, the metric loss of z_I
	Classifier     = "classifier"     // cross entropy of the classifier's layer
	Total          = "total"          // what is minimised
)

// Lambda weighs the losses. In YAML it is a group by their names, {kl: 1, reconstruction: 1, synthetic: 0.1, invariant: 1}, in which those that are
// not named weigh 0, or the list of all four in this order. Under the plain objective only Invariant is used.
type Lambda struct {
	KL             float64 `yaml:"kl"`
	Reconstruction float64 `yaml:"reconstruction"`
	Synthetic      float64 `yaml:"synthetic"`
	Invariant      float64 `yaml:"invariant"`
}

// UnmarshalYAML reads the group or the list.
func (l *Lambda) UnmarshalYAML(unmarshal func(any) error) error {
	var list []float64
	if unmarshal(&list) == nil {
		if len(list) != 4 {
			return fmt.Errorf("lambda is %v; it is a list of four weights, or {kl: A, reconstruction: B, synthetic: C, invariant: D}", list)
		}
		*l = Lambda{list[0], list[1], list[2], list[3]}
		return nil
	}
	type group Lambda // without this method
	var g group
	if err := unmarshal(&g); err != nil {
		return err
	}
	*l = Lambda(g)
	return nil
}

// Phase is a stretch of training with fixed weights of the losses.
type Phase struct {
	// Steps is how many steps the phase lasts.
	Steps int `yaml:"steps"`
	// Lambda weighs the losses.
	Lambda Lambda `yaml:"lambda,flow"`
	// KLWarmup is the share of the phase's steps, from 0 to 1, over which the KL's weight rises from 0 to Lambda.KL in a line, so that the decoder learns to
	// read z_V before z_V has to be short (Bowman et al., "Generating Sentences from a Continuous Space", 2016). 0, the default: it has its weight at once.
	KLWarmup float64 `yaml:"kl_warmup,omitempty"`
	// TrainDecoder says whether the decoder's weights are updated.
	TrainDecoder bool `yaml:"train_decoder"`
	// CutReconstruction stops the gradient of the reconstruction at z, so that the decoder learns and the embedding is not changed by it.
	CutReconstruction bool `yaml:"cut_reconstruction"`
	// Samples is T, how many z_V are drawn per image. The paper takes 20, the report 1.
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
	if !(p.KLWarmup >= 0 && p.KLWarmup <= 1) {
		return fmt.Errorf("kl_warmup is %g; it is a share of the phase's steps, from 0 to 1", p.KLWarmup)
	}
	for _, l := range []struct {
		name   string
		weight float64
	}{{KL, p.Lambda.KL}, {Reconstruction, p.Lambda.Reconstruction}, {Synthetic, p.Lambda.Synthetic}, {Invariant, p.Lambda.Invariant}} {
		if !(l.weight >= 0) {
			return fmt.Errorf("lambda.%s is %g; it is not negative", l.name, l.weight)
		}
	}
	return nil
}

// KLShare is the share of Lambda.KL that the KL weighs in step (from 0) of the phase, in [0,1].
func (p Phase) KLShare(step int) float64 {
	rise := p.KLWarmup * float64(p.Steps)
	if float64(step) >= rise {
		return 1
	}
	return float64(step) / rise
}
