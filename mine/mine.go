package mine

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strings"

	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
	"github.com/dvml/dvml/internal/spelling"
)

// Config chooses a miner and its options; an option left out takes the default.
type Config struct {
	Name      string        `yaml:"name"`                // Name is one of Names.
	Distance  distance.Kind `yaml:"distance,omitempty"`  // Distance is euclidean (default), squared or cosine; distance-weighted and multi-similarity have their own.
	Normalise *bool         `yaml:"normalise,omitempty"` // Normalise scales embeddings to length 1 first; default true.
	Margin    *float64      `yaml:"margin,omitempty"`    // Margin of semi-hard: how much farther than the positive a negative may be; default 0.2.
	Epsilon   *float64      `yaml:"epsilon,omitempty"`   // Epsilon of multi-similarity; default 0.1.
	Negatives string        `yaml:"negatives,omitempty"` // Negatives of easy-positive: semi-hard (default) or hard.
	Cutoff    *float64      `yaml:"cutoff,omitempty"`    // Cutoff of distance-weighted: closer negatives weigh as if they were this far; default 0.5.
	Farthest  *float64      `yaml:"farthest,omitempty"`  // Farthest of distance-weighted: negatives beyond weigh nothing; default 1.4.
}

// Input is what a miner looks at: A anchors against N references (in a batch against itself A = N = B).
type Input struct {
	Embeddings *Node          // Embeddings [A,D] of the anchors, as the network gave them.
	References *Node          // References [N,D]; the same node as Embeddings for a batch against itself.
	Positive   *Node          // Positive [A,N] bool, pairs of one class.
	Negative   *Node          // Negative [A,N] bool, pairs of two classes.
	Table      distance.Table // Table of Positive, for triplets.
	Uniform    *Node          // Uniform [A,N] in [0,1), for miners that draw; else nil.
}

// Pairs is what a miner picked, as float32 weights [A,N]: in how many of the picked triplets a pair stands, or 0 and 1 from a pair miner.
type Pairs struct {
	Positive, Negative *Node
}

// Miner picks pairs or triplets.
type Miner interface {
	// Name is the name that New knows it by.
	Name() string
	// NeedsUniform says whether Input.Uniform must be given.
	NeedsUniform() bool
	// NeedsTable says whether Pairs too reads Input.Table, because the miner picks triplets.
	NeedsTable() bool
	// Pairs gives the pairs that were picked.
	Pairs(in Input) Pairs
	// Triplets gives the triplets that were picked, bool [A,R,N]: anchor, slot of the positive in Input.Table, negative.
	Triplets(in Input) *Node
}

// maker is the options that a miner reads (yaml names, separated by blanks) and how it is made from them.
type maker struct {
	options string
	build   func(Config) (Miner, error)
}

// makers holds the miners by their names.
var makers = map[string]maker{
	"semi-hard":         {"distance normalise margin", newSemiHard},
	"hard":              {"distance normalise", newHard},
	"batch-hard":        {"distance normalise", newBatchHard},
	"easy-positive":     {"distance normalise negatives", newEasyPositive},
	"distance-weighted": {"cutoff farthest", newDistanceWeighted},
	"multi-similarity":  {"epsilon", newMultiSimilarity},
}

// Names lists the miners that New makes, in alphabetic order.
func Names() []string {
	names := make([]string, 0, len(makers))
	for name := range makers {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// New makes the miner that c names. An unknown name, an option that the miner does not read and a value out of range are errors.
func New(c Config) (Miner, error) {
	maker, known := makers[c.Name]
	if !known {
		return nil, fmt.Errorf("mine: %q is not a miner; choose one of %s%s", c.Name, strings.Join(Names(), ", "), spelling.Hint(c.Name, Names()))
	}
	if err := c.check(strings.Fields(maker.options)); err != nil {
		return nil, fmt.Errorf("mine: %s: %w", c.Name, err)
	}
	m, err := maker.build(c)
	if err != nil {
		return nil, fmt.Errorf("mine: %s: %w", c.Name, err)
	}
	return m, nil
}

// check reports the first option that is set but not read by the miner, and a distance that does not exist.
func (c Config) check(reads []string) error {
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		option, _, _ := strings.Cut(value.Type().Field(i).Tag.Get("yaml"), ",")
		if option == "name" || value.Field(i).IsZero() || slices.Contains(reads, option) {
			continue
		}
		return fmt.Errorf("option %s is not read by this miner, which reads %s; take it out (null in the settings does)", option, strings.Join(reads, ", "))
	}
	if c.Distance == "" {
		return nil
	}
	return c.Distance.Validate()
}

// or is the option's value, or its default where it was left out.
func or[T any](option *T, byDefault T) T {
	if option == nil {
		return byDefault
	}
	return *option
}

// measure is how a miner sees distances.
type measure struct {
	kind      distance.Kind
	normalise bool
}

func (c Config) measure() measure {
	m := measure{c.Distance, or(c.Normalise, true)}
	if m.kind == "" {
		m.kind = distance.Euclidean
	}
	return m
}

// between gives the distances [A,N] of an input, without gradient.
func (m measure) between(in Input) *Node {
	x, y := StopGradient(in.Embeddings), StopGradient(in.References)
	if in.Embeddings == in.References {
		y = x
	}
	if m.normalise {
		same := x == y
		x = distance.Normalise(x)
		if same {
			y = x
		} else {
			y = distance.Normalise(y)
		}
	}
	return distance.Between(m.kind, x, y)
}

// pairsOf counts how often each pair stands in triplets [A,R,N].
func pairsOf(in Input, triplets *Node) Pairs {
	counts := distance.Count(triplets)
	return Pairs{
		Positive: in.Table.Spread(ReduceSum(counts, 2)),
		Negative: ReduceSum(counts, 1),
	}
}

// join makes all triplets [A,R,N] of positive and negative pairs [A,N].
func join(in Input, positive, negative *Node) *Node {
	counts := in.Table.Gather(distance.Count(positive))
	picked := in.Table
	picked.Valid = LogicalAnd(picked.Valid, GreaterThan(counts, ZerosLike(counts)))
	return picked.Triplets(negative)
}

// far stands for infinity where a masked entry must lose every minimum; its negative every maximum.
const far = 1e30

// least and most are the extremes of each row of x [...,N] where mask holds, far and -far in rows without any; [...,1].
func least(x, mask *Node) *Node {
	return ReduceAndKeep(Where(mask, x, MulScalar(OnesLike(x), far)), ReduceMin, -1)
}

func most(x, mask *Node) *Node {
	return ReduceAndKeep(Where(mask, x, MulScalar(OnesLike(x), -far)), ReduceMax, -1)
}
