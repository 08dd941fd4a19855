package loss

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/mine"
)

// Config chooses a loss and its options. An option left out (nil, "" or 0) takes the loss's default; an option that the loss does not read is an
// error. Each loss's doc comment says which it reads and its defaults. In Go, pointers are written new(0.2).
type Config struct {
	Name string `yaml:"name"` // Name is one of Names.

	// What is known about the data, for every loss; those that do not need it pass over it.
	NumClasses int    `yaml:"num_classes,omitempty"` // NumClasses is the number of training classes: labels lie in [0, NumClasses).
	Dim        int    `yaml:"dim,omitempty"`         // Dim is the length of an embedding.
	PerClass   int    `yaml:"per_class,omitempty"`   // PerClass is the most samples of one class that a batch holds (K of a P x K plan), 0 where unknown. Triplets cost far less where it is given.
	Seed       uint64 `yaml:"seed,omitempty"`        // Seed draws the first values of proxies.

	Distance  distance.Kind `yaml:"distance,omitempty"`  // Distance is euclidean, squared or cosine.
	Normalise *bool         `yaml:"normalise,omitempty"` // Normalise scales embeddings to length 1 first.

	Mining string       `yaml:"mining,omitempty"` // Mining is the triplet loss's own choice of triplets: semi-hard, hard or all.
	Miner  *mine.Config `yaml:"miner,omitempty"`  // Miner picks the pairs or triplets that the loss is computed over; none: all.
	Memory *Memory      `yaml:"memory,omitempty"` // Memory adds a cross-batch memory to a pair loss.

	Margin         *float64 `yaml:"margin,omitempty"`          // Margin of triplet, margin, circle (m), proxy-anchor, soft-triple, arcface (degrees), cosface.
	PositiveMargin *float64 `yaml:"positive_margin,omitempty"` // PositiveMargin is the distance under which a positive pair is satisfied.
	NegativeMargin *float64 `yaml:"negative_margin,omitempty"` // NegativeMargin is the distance above which a negative pair is satisfied.
	Temperature    *float64 `yaml:"temperature,omitempty"`     // Temperature divides similarities before a softmax.
	Scale          *float64 `yaml:"scale,omitempty"`           // Scale multiplies similarities before a softmax.
	Alpha          *float64 `yaml:"alpha,omitempty"`           // Alpha of multi-similarity, proxy-anchor, and angular (degrees).
	Beta           *float64 `yaml:"beta,omitempty"`            // Beta of multi-similarity; the boundary of margin.
	Base           *float64 `yaml:"base,omitempty"`            // Base is multi-similarity's lambda.
	Gamma          *float64 `yaml:"gamma,omitempty"`           // Gamma of circle and soft-triple.
	Regulariser    *float64 `yaml:"regulariser,omitempty"`     // Regulariser weighs n-pair's squared norm, margin's nu, soft-triple's tau.
	LearnBeta      string   `yaml:"learn_beta,omitempty"`      // LearnBeta lets margin learn its boundary: "shared" or "per-class"; default fixed.
	Bins           int      `yaml:"bins,omitempty"`            // Bins of fastap's histogram.
	Centres        int      `yaml:"centres,omitempty"`         // Centres a class of soft-triple.
	Denominator    string   `yaml:"denominator,omitempty"`     // Denominator of the proxy-NCA family: "all" proxies or "negatives" alone.
	RawNegatives   bool     `yaml:"raw_negatives,omitempty"`   // RawNegatives leaves angular's negatives unscaled where its pairs are normalised.
	ProxyDeviation *float64 `yaml:"proxy_deviation,omitempty"` // ProxyDeviation is the standard deviation of the proxies' first, normal values.

	Prefixes []int `yaml:"prefixes,omitempty"` // Prefixes are lengths to which embeddings may be cut later: the loss of their first dimensions alone is added. Every loss reads it.
}

// Memory is a cross-batch memory (XBM): a queue of earlier embeddings and their labels that a pair loss holds the batch against. It lies in the scope
// that Graph is given, one queue for each call of Graph in a graph.
type Memory struct {
	Size   int      `yaml:"size"`             // Size is how many embeddings it holds.
	Weight *float64 `yaml:"weight,omitempty"` // Weight of the memory's loss beside the batch's own; default 1.
	Start  int      `yaml:"start,omitempty"`  // Start is the step from which embeddings enter it, once they drift slowly; default 0.
}

// context names the options that every loss accepts.
var context = []string{"name", "num_classes", "dim", "per_class", "seed", "prefixes"}

// check reports the first option that is set but not read by the loss, and values that no loss takes.
func (c Config) check(reads []string) error {
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		option, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
		if value.Field(i).IsZero() || slices.Contains(context, option) || slices.Contains(reads, option) {
			continue
		}
		return fmt.Errorf("option %s is not read by this loss, which reads %s; take it out (null in the settings does)", option, strings.Join(reads, ", "))
	}
	if c.Distance != "" {
		if err := c.Distance.Validate(); err != nil {
			return err
		}
	}
	if c.PerClass < 0 {
		return fmt.Errorf("per_class is %d; give the samples of a class in a batch, or 0 where unknown", c.PerClass)
	}
	return nil
}

// counted reports that the number of classes is missing.
func (c Config) counted() error {
	if c.NumClasses < 1 {
		return errors.New("num_classes must be given")
	}
	return nil
}

// or is the option's value, or its default where it was left out.
func or[T any](option *T, byDefault T) T {
	if option == nil {
		return byDefault
	}
	return *option
}

// orName is the named choice, or its default where it was left out.
func orName[T ~string](choice, byDefault T) T {
	if choice == "" {
		return byDefault
	}
	return choice
}

// oneOf reports a choice that does not exist.
func oneOf(option, choice string, choices ...string) error {
	if slices.Contains(choices, choice) {
		return nil
	}
	return fmt.Errorf("%s is %q; choose one of %s", option, choice, strings.Join(choices, ", "))
}

// positive reports a value that must lie above 0 and does not (or is not a number).
func positive(option string, value float64) error {
	if value > 0 {
		return nil
	}
	return fmt.Errorf("%s is %g; it must be above 0", option, value)
}
