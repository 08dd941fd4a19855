package diagnose

import (
	"image"

	"github.com/dvml/dvml/variation"
)

// Diagnosis is what was found of one state of a run.
type Diagnosis struct {
	Key        string      `json:"key"`  // of what it was made from
	Step       int         `json:"step"` // of the state
	Images     int         `json:"images"`
	Classes    int         `json:"classes"`
	Dim        int         `json:"dim"`
	Objective  string      `json:"objective"`
	Variations []Variation `json:"variations"`
	Spreads    []Spread    `json:"spreads"`
	Generator  *Generator  `json:"generator,omitempty"` // nil under the plain objective
	Factors    []string    `json:"factors,omitempty"`   // of Options.Factors
	Probes     []Probe     `json:"probes,omitempty"`    // what is read of them; none where no factors are known
	Shown      []string    `json:"shown"`               // classes of the map, with their numbers

	Map        image.Image `json:"-"`
	Neighbours image.Image `json:"-"` // of photographs
	Walk       image.Image `json:"-"` // of photographs; nil under the plain objective
}

// Variation is one kind of vector, with what it would show if classes meant nothing.
type Variation struct {
	Of        string                 `json:"of"`
	Found     variation.Independence `json:"found"`
	Control   variation.Independence `json:"control"`
	Effective float64                `json:"effective"` // dimensions that hold the variance: the participation ratio of the principal axes' variances
}

// Spread is a variance of each dimension, the largest first.
type Spread struct {
	Of        string    `json:"of"` // one of the Spread names
	Variances []float64 `json:"variances"`
}

// What Spreads are of.
const (
	SpreadBetween = "variance of z_I's class centres"
	SpreadWithin  = "variance of z_I about its class centres"
	SpreadMu      = "variance of μ, the mean of z_V, over the images"
	SpreadSigma   = "median over the images of σ², the variance of z_V for one image"
)

// Generator says what became of z_V.
type Generator struct {
	// Active counts the dimensions whose mean varies over the images by more than .01 (Burda et al. 2016): the others say nothing of the image.
	Active int `json:"active"`
	// Variance is the median of s^2 over images and dimensions: 1 is the prior's. (A mean would be ruled by images for which s^2 runs away.)
	Variance float64 `json:"variance"`
	// MeanVariance is the mean over dimensions of the variance of mu over the images.
	MeanVariance float64 `json:"mean_variance"`
	// Divergence is the median over the images of KL(N(mu, s^2) || N(0, I)), in nats, and MostDivergence the largest.
	Divergence     float64 `json:"divergence"`
	MostDivergence float64 `json:"most_divergence"`
	// Deviation is the standard deviation of z_V along the direction of the walk, with the median s^2 of each dimension, and Length the mean length of
	// z_I.
	Deviation float64 `json:"deviation"`
	Length    float64 `json:"length"`
}
