package method

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/loss"
)

// Method holds the choices of the method that stay fixed over a whole run.
type Method struct {
	// Objective is "dvml" (all four losses) or "plain" (the metric loss on z_I alone, no generator, no decoder).
	Objective string `yaml:"objective"`
	// Dim is D, the dimension of z_I, z_V and z. The paper takes 512, the report 128; 0 is as many as the backbone has features.
	Dim int `yaml:"dim"`
	// FeatureScale is what becomes of an image's features before anything else reads them: "none", or "root", see [Method.heads].
	FeatureScale string `yaml:"feature_scale"`
	// Start is what the head of z_I begins as: "random" (Glorot's uniform weights), or "features", which it then gives back: unchanged where Dim is
	// their number, else along their principal axes. A run that begins there begins as good as the features are.
	Start string `yaml:"start"`
	// FeatureNorm puts batch norm on the backbone's features before the heads, as the report's code does.
	FeatureNorm bool `yaml:"feature_norm"`
	// Decoder is the network that rebuilds the features from z.
	Decoder Decoder `yaml:"decoder"`
	// Reconstruction is "norm", the Euclidean norm of the rest (the paper), or "squared", half its square (the report's code).
	Reconstruction string `yaml:"reconstruction"`
	// FreeBits is how many nats of each dimension's KL, the mean over the batch, L1 does not charge for: sum over dimensions of max(FreeBits, KL), whose
	// gradient is 0 where a dimension holds less (Kingma et al., "Improved Variational Inference with Inverse Autoregressive Flow", 2016). Without it a KL
	// that weighs much empties every dimension of z_V. 0, the default, charges for all. What is logged as the KL is charged in full.
	FreeBits float64 `yaml:"free_bits"`
	// WeightDecay adds WeightDecay/2 * ||w||^2 of every weight but batch norm's to L4, so that l4 scales it (the report's code: 5e-3).
	WeightDecay float64 `yaml:"weight_decay"`
	// Dropout is the share of the features, behind batch norm, that the heads do not see in a training step; the others are scaled by 1/(1-Dropout)
	// (Srivastava et al. 2014). 0, the default, is off. The reconstruction's target stays whole.
	Dropout float64 `yaml:"dropout"`
	// Noise is the standard deviation of the normal noise that the plain objective adds to z_I before the metric loss. 0, the default, is off.
	// Under DVML z_V is the noise, and learnt.
	Noise float64 `yaml:"noise"`
	// Classifier adds a softmax cross entropy of the detached features, which trains its own layer alone: a thermometer, not a teacher.
	Classifier bool `yaml:"classifier"`
	// Loss is the metric loss Lm.
	Loss loss.Config `yaml:"loss"`
}

// Decoder says how x_hat is made from z: D -> Hidden -> activation -> F.
type Decoder struct {
	// Hidden is the width of the middle layer, 512 in paper and report.
	Hidden int `yaml:"hidden"`
	// Activation is "tanh" (the paper) or "relu_norm", ReLU and then batch norm (the report's code).
	Activation string `yaml:"activation"`
}

// Validate reports the first setting that is out of its range, by its name in the configuration file.
func (m Method) Validate() error {
	switch {
	case !slices.Contains([]string{"dvml", "plain"}, m.Objective):
		return fmt.Errorf("method.objective is %q; it is dvml or plain", m.Objective)
	case m.Dim < 0 || m.Dim > 1<<16:
		return fmt.Errorf("method.dim is %d; it is from 1 to 65536, or 0 for the number of the backbone's features", m.Dim)
	case !slices.Contains([]string{"none", "root"}, m.FeatureScale):
		return fmt.Errorf("method.feature_scale is %q; it is none or root", m.FeatureScale)
	case !slices.Contains([]string{"random", "features"}, m.Start):
		return fmt.Errorf("method.start is %q; it is random or features", m.Start)
	case m.Start == "features" && m.FeatureNorm:
		return fmt.Errorf("method.start is features, which batch norm before the heads would change: set method.feature_norm to false")
	case m.Objective == "dvml" && m.Decoder.Hidden < 1:
		return fmt.Errorf("method.decoder.hidden is %d; it is at least 1", m.Decoder.Hidden)
	case m.Objective == "dvml" && !slices.Contains([]string{"tanh", "relu_norm"}, m.Decoder.Activation):
		return fmt.Errorf("method.decoder.activation is %q; it is tanh or relu_norm", m.Decoder.Activation)
	case m.Objective == "dvml" && !slices.Contains([]string{"norm", "squared"}, m.Reconstruction):
		return fmt.Errorf("method.reconstruction is %q; it is norm or squared", m.Reconstruction)
	case !(m.FreeBits >= 0):
		return fmt.Errorf("method.free_bits is %g; it is not negative", m.FreeBits)
	case m.FreeBits > 0 && m.Objective != "dvml":
		return fmt.Errorf("method.free_bits is %g; it belongs to the KL of the dvml objective: set it to 0, or method.objective to dvml", m.FreeBits)
	case m.WeightDecay < 0:
		return fmt.Errorf("method.weight_decay is %g; it is not negative", m.WeightDecay)
	case !(m.Dropout >= 0 && m.Dropout < 1):
		return fmt.Errorf("method.dropout is %g; it is at least 0 and below 1", m.Dropout)
	case !(m.Noise >= 0):
		return fmt.Errorf("method.noise is %g; it is not negative", m.Noise)
	case m.Noise > 0 && m.Objective != "plain":
		return fmt.Errorf("method.noise is %g; it belongs to the plain objective, under dvml z_V is the noise: set it to 0, or method.objective to plain", m.Noise)
	}
	return nil
}

// NeedsEps reports whether training reads Inputs.Eps.
func (m Method) NeedsEps() bool { return m.Objective == "dvml" || m.Noise > 0 }
