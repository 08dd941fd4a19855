package googlenet

import (
	"fmt"
	"math"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
)

// The forms of GoogLeNet.
const (
	Original = "original" // biases and local response normalisation, as Caffe's bvlc_googlenet
	BN       = "bn"       // batch norm, as torchvision's googlenet
)

// MinSize is the smallest height and width of an image: at 32 the last inception modules see one pixel.
const MinSize = 32

// Spec says which GoogLeNet to build. It is a [backbone.Backbone].
type Spec struct {
	// Form is "original" or "bn".
	Form string
	// Width multiplies the channels of every layer, for small machines; weights that circulate fit width 1 only.
	Width float64
	// FreezeStatistics makes batch norm use its running averages in training too and leave them as they are. It says nothing of scale and
	// offset, which go on learning. For the bn form only.
	FreezeStatistics bool
}

var _ backbone.Backbone = Spec{}

// Validate reports the first setting that is out of its range, by its name in the configuration file.
func (s Spec) Validate() error {
	switch {
	case s.Form != Original && s.Form != BN:
		return fmt.Errorf("backbone.form is %q; it is %s or %s", s.Form, Original, BN)
	case !(s.Width >= 1.0/64 && s.Width <= 16):
		return fmt.Errorf("backbone.width is %g; it is from 1/64 to 16", s.Width)
	case s.FreezeStatistics && s.Form == Original:
		return fmt.Errorf("backbone.freeze_statistics is set, but the form %s has no batch norm", Original)
	}
	return nil
}

// String names the network as a person would.
func (s Spec) String() string { return fmt.Sprintf("GoogLeNet, %s form, width %g", s.Form, s.Width) }

// Features returns F, the number of features of an image: 1024 at width 1.
func (s Spec) Features() int {
	layers := s.Layers()
	return layers[len(layers)-1].Channels
}

// DefaultNormalisation returns the normalisation of images that the published weights of this form want.
func (s Spec) DefaultNormalisation() augment.Normalisation {
	if s.Form == BN {
		return augment.TorchGoogLeNet
	}
	return augment.Caffe
}

// channels returns the width of a layer that has c channels at width 1: a multiple of 8, or 4 for the smallest.
func (s Spec) channels(c int) int {
	wide := float64(c) * s.Width
	if wide < 6 {
		return 4
	}
	return 8 * int(math.Max(1, math.Round(wide/8)))
}
