package loss

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/spelling"
)

// Batch is what a loss is computed on.
type Batch struct {
	Embeddings *Node // Embeddings [B,D] float32, not normalised: a loss does that itself where it wants it.
	Labels     *Node // Labels [B] int32, dense class numbers from 0.
	Uniform    *Node // Uniform [B,B] float32 in [0,1), noise for miners that draw; nil where NeedsUniform says no.
}

// Value is a loss and the fraction of its terms that are active.
type Value struct {
	Loss   *Node // Loss is a scalar.
	Active *Node // Active is the share in [0,1] of the terms (triplets, pairs, anchors, samples: each loss says which) that are not yet satisfied.
}

// Loss is a metric loss.
type Loss interface {
	// Name is the name that New knows it by.
	Name() string
	// Graph adds the loss of a batch to the graph. Learned parts become variables of scope; two calls with one scope share them.
	Graph(scope *model.Scope, b Batch) Value
	// NeedsUniform says whether Batch.Uniform must be given.
	NeedsUniform() bool
}

// family is how a loss is registered: the options that it reads and how it is made from them.
type family struct {
	options string // yaml names, separated by blanks
	build   func(Config) (Loss, error)
}

// families is filled in by each loss's file.
var families = map[string]family{}

// register makes a loss known to New. Called from init functions only.
func register(name, options string, build func(Config) (Loss, error)) {
	families[name] = family{options, build}
}

// Names lists the losses that New makes, in alphabetic order.
func Names() []string {
	names := make([]string, 0, len(families))
	for name := range families {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Options lists the yaml names of the options that a loss reads, nil for an unknown loss.
func Options(name string) []string {
	f, known := families[name]
	if !known {
		return nil
	}
	return strings.Fields(f.options)
}

// HasProxies says whether a loss holds images against learned proxies of the classes. The others compare images with each other and learn nothing
// where no class has two.
func HasProxies(name string) bool { return slices.Contains(Options(name), "proxy_deviation") }

// New makes the loss that cfg names. An unknown name, an option that the loss does not read and a value out of range are errors.
func New(cfg Config) (Loss, error) {
	f, known := families[cfg.Name]
	if !known {
		return nil, fmt.Errorf("loss: %q is not a loss; choose one of %s%s", cfg.Name, strings.Join(Names(), ", "), spelling.Hint(cfg.Name, Names()))
	}
	if err := cfg.check(strings.Fields(f.options)); err != nil {
		return nil, fmt.Errorf("loss: %s: %w", cfg.Name, err)
	}
	l, err := f.build(cfg)
	if err == nil && len(cfg.Prefixes) > 0 {
		l, err = newPrefixed(l, cfg, f)
	}
	if err != nil {
		return nil, fmt.Errorf("loss: %s: %w", cfg.Name, err)
	}
	return guarded{l}, nil
}

// guarded makes a loss NaN where an embedding is not a finite number. Comparisons with NaN are false, so a miner would leave such samples out and the
// loss would look sound.
type guarded struct{ Loss }

// Graph implements Loss.
func (l guarded) Graph(scope *model.Scope, b Batch) Value {
	v := l.Loss.Graph(scope, b)
	v.Loss = Add(v.Loss, MulScalar(ReduceAllSum(StopGradient(b.Embeddings)), 0))
	return v
}
