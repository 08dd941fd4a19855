package backbone

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"
)

// Features is the name of the last cut of every network: what BuildUntil gives there are the features [B,F].
const Features = "pool"

// Backbone is a network from images to features. Like all graph builders, its Build methods panic
// on what cannot be built; GoMLX's executors turn that into an error.
type Backbone interface {
	// String names the network in words.
	String() string
	// Spec is what settings say of the network.
	Spec() Spec
	// Structure is what the network is made of beside its Spec, nil where the Spec says all. It is kept in checkpoints; see Open.
	Structure() []byte
	// Features is F, the number of features of an image.
	Features() int

	// Build adds the network to the graph of images [B,H,W,3], normalised as the weights want it,
	// and returns the features [B,F]. In training, batch norm uses the batch's statistics and
	// updates its running averages, unless the Spec freezes them.
	Build(scope *model.Scope, images *Node, training bool) *Node
	// Cuts are the names of the places at which the network can be cut in two, in their order. The last is Features.
	Cuts() []string
	// BuildUntil is Build up to the named cut: [B,h,w,C] or another shape, see CutShape.
	BuildUntil(scope *model.Scope, images *Node, training bool, cut string) *Node
	// BuildFrom is Build from the named cut on: x is what BuildUntil gave there.
	BuildFrom(scope *model.Scope, x *Node, training bool, cut string) *Node
	// CutShape is the shape, without the batch, of what BuildUntil gives for images of size x size.
	CutShape(cut string, size int) ([]int, error)

	// Variables lists the network's variables.
	Variables() []Variable
	// VariablesUntil lists those that BuildUntil reads.
	VariablesUntil(cut string) []Variable

	// Parameters is the number of trainable values.
	Parameters() int
	// FLOPs are the floating point operations of one forward pass of an image of size x size, two
	// per multiply-add. A training step takes about three times as many.
	FLOPs(size int) int64
	// FLOPsUntil is FLOPs up to the named cut.
	FLOPsUntil(cut string, size int) int64
	// Activations is the number of values that the layers give for one image of size x size: what a
	// training step keeps for the gradient, to within a small factor that depends on the engine.
	Activations(size int) int64
	// Nodes describes the network for a drawing of it, for images of size x size, the input first.
	Nodes(size int) []GraphNode
}

// Variable describes one variable of a network.
type Variable struct {
	Path      string // relative to the backbone's scope
	Shape     []int
	Trainable bool // false for batch norm's running averages
}

// GraphNode is an operation in a drawing of a model.
type GraphNode struct {
	Name   string   // unique; slashes make scopes
	Op     string   // what it does
	Inputs []string // names of the nodes it reads
	Shape  []int    // of its result, -1 for the batch
}

// Input is the name of the network's input among the inputs of its nodes.
const Input = "images"

// Divisible is a Backbone that can be cut at more places than it lists: HasCut reports those, and takes what Cuts lists too.
type Divisible interface {
	HasCut(name string) bool
}

// CheckCut returns an error that lists the cuts where the network cannot be cut at the named place.
func CheckCut(b Backbone, cut string) error {
	cuts := b.Cuts()
	if d, ok := b.(Divisible); ok && d.HasCut(cut) || slices.Contains(cuts, cut) {
		return nil
	}
	const most = 20
	list := strings.Join(cuts[:min(most, len(cuts))], ", ")
	if len(cuts) > most {
		list = fmt.Sprintf("%s and %d more (`dvml info` lists them)", list, len(cuts)-most)
	}
	return fmt.Errorf("the network has no %q to cut at; it has %s", cut, list)
}
