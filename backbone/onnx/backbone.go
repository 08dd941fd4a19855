package onnx

import (
	"fmt"
	"slices"
	"sync"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/norm"
	"github.com/dvml/dvml/weights/onnxfile"
)

// Backbone is a network from an ONNX model, up to the tensor that is taken for its features. It implements [backbone.Backbone].
type Backbone struct {
	net       *Network
	spec      backbone.Spec
	size      int // the side of the images it takes; 0: any
	structure []byte
	features  int
	cuts      []string

	mutex    sync.Mutex
	sketches map[sketchKey]*builder
	sides    map[string]int // the side of the images that a cut's shape was last worked out for
}

type sketchKey struct {
	batch, height, width int
	cut                  string
}

// open makes the network of a structure.
func open(s backbone.Spec, structure []byte) (*Backbone, error) {
	net, size, err := unpruned(structure)
	if err != nil {
		return nil, err
	}
	b := &Backbone{net: net, spec: s, size: size, structure: structure, sketches: map[sketchKey]*builder{}, sides: map[string]int{}}
	if b.spec.Output = net.model.Graph.Outputs[0].Name; s.Output != "" && s.Output != b.spec.Output {
		return nil, fmt.Errorf("backbone.output is %q, but the features of this network were taken from %q; import the network anew with --output", s.Output, b.spec.Output)
	}
	whole, err := b.sketch(1, b.anySize(), backbone.Features)
	if err != nil {
		return nil, err
	}
	b.features = whole.values[backbone.Features].dims()[1]
	b.cuts = append(net.cuts(whole, b.spec.Output), backbone.Features)
	return b, nil
}

// anySize is a side of images that the network takes.
func (b *Backbone) anySize() int {
	if b.size > 0 {
		return b.size
	}
	return 224
}

// String names the network.
func (b *Backbone) String() string {
	size := ""
	if b.size > 0 {
		size = fmt.Sprintf(", images of %d pixels", b.size)
	}
	return fmt.Sprintf("a network from ONNX, features %q [N,%d]%s", b.spec.Output, b.features, size)
}

// Spec is what settings say of the network.
func (b *Backbone) Spec() backbone.Spec { return b.spec }

// Structure is the model without its weights.
func (b *Backbone) Structure() []byte { return b.structure }

// Features is the number of features of an image.
func (b *Backbone) Features() int { return b.features }

// Cuts are the tensors which all later ones are computed from, and the features. BuildUntil and the like take the name of any other tensor too; what
// then crosses the cut is flattened and joined.
func (b *Backbone) Cuts() []string { return slices.Clone(b.cuts) }

// Build adds the network to the graph of images [B,H,W,3].
func (b *Backbone) Build(scope *model.Scope, images *Node, training bool) *Node {
	return b.BuildUntil(scope, images, training, backbone.Features)
}

// BuildUntil is Build up to a tensor.
func (b *Backbone) BuildUntil(scope *model.Scope, images *Node, training bool, cut string) *Node {
	d := images.Shape().Dimensions
	if len(d) != 4 || d[3] != 3 {
		panic(fmt.Errorf("backbone: images of shape %v; expected [batch, height, width, 3]", d))
	}
	crossing := b.crossing(cut)
	nodes := b.net.needed(crossing, nil)
	at := b.in(scope, images.Graph(), training, nodes, crossing)
	at.start(images)
	at.run(nodes)
	return b.give(at, cut, crossing)
}

// give returns what BuildUntil gives: the features, one tensor as it lies, or several flattened and joined.
func (b *Backbone) give(at *builder, cut string, crossing []string) *Node {
	if cut == backbone.Features {
		return at.features(b.spec.Output)
	}
	if len(crossing) == 1 {
		return at.batchLeads(crossing[0]).node
	}
	var flat []*Node
	for _, name := range crossing {
		n := at.batchLeads(name).node
		flat = append(flat, Reshape(n, n.Shape().Dimensions[0], -1))
	}
	return Concatenate(flat, 1)
}

// batchLeads returns a value whose node has the batch first.
func (b *builder) batchLeads(name string) *value {
	v := b.value(name)
	if v.constant != nil || v.perm[0] != 0 {
		return nodeValue(v.straight(b.g))
	}
	return v
}

// in begins a builder whose weights are variables of a store.
func (b *Backbone) in(scope *model.Scope, g *Graph, training bool, nodes []*onnxfile.Node, crossing []string) *builder {
	at := b.net.begin(g, nodes, crossing...)
	at.training, at.statistics = training, !b.spec.FreezeStatistics
	variable := func(w *Weight) *model.Variable {
		v := scope.Store().GetVariable(model.JoinPath(scope.Scope(), w.Path))
		if v == nil {
			panic(fmt.Errorf("backbone: the weights %q are missing", w.Path))
		}
		if !slices.Equal(v.Shape().Dimensions, w.Shape) {
			panic(fmt.Errorf("backbone: the weights %q are of shape %v; expected %v", w.Path, v.Shape().Dimensions, w.Shape))
		}
		return v.SetTrainable(!w.Statistic)
	}
	at.read = func(w *Weight) *Node { return variable(w).NodeValue(g) }
	at.move = func(w *Weight, now *Node, share float64) {
		v := variable(w)
		v.SetNodeValue(norm.Towards(v.NodeValue(g), now, share))
	}
	return at
}

// BuildFrom is Build from a tensor on: x is what BuildUntil gave there.
func (b *Backbone) BuildFrom(scope *model.Scope, x *Node, training bool, cut string) *Node {
	if cut == backbone.Features {
		return x
	}
	crossing := b.crossing(cut)
	known := map[string]bool{}
	for _, name := range crossing {
		known[name] = true
	}
	sketch := b.sketchLike(x, cut)
	for name, v := range sketch.values { // shapes of what came before, and what is made of them
		known[name] = known[name] || v.constant != nil
	}
	nodes := b.net.needed([]string{b.spec.Output}, func(name string) bool { return known[name] })
	at := b.in(scope, x.Graph(), training, nodes, []string{b.spec.Output})
	at.declared, at.fixed, at.batch = sketch.declared, sketch.fixed, sketch.batch
	for name, v := range sketch.values {
		if v.constant != nil {
			at.values[name] = v
		}
	}
	b.take(at, sketch, x, crossing)
	at.run(nodes)
	return at.features(b.spec.Output)
}

// take undoes give.
func (b *Backbone) take(at, sketch *builder, x *Node, crossing []string) {
	if len(crossing) == 1 {
		at.values[crossing[0]] = permuted(x, sketch.batchLeads(crossing[0]).perm)
		return
	}
	from := 0
	for _, name := range crossing {
		v := sketch.batchLeads(name)
		dims := slices.Clone(v.node.Shape().Dimensions)
		n := volume(dims[1:])
		at.values[name] = permuted(Reshape(SliceAxis(x, 1, AxisRange(from, from+n)), dims...), v.perm)
		from += n
	}
}

// sketchLike works out the shapes of a network for images of which x is what BuildUntil gave.
func (b *Backbone) sketchLike(x *Node, cut string) *builder {
	dims := x.Shape().Dimensions
	b.mutex.Lock()
	tried := []int{b.sides[cut], b.size, 224, 227, 256, 240, 288, 384, 448}
	b.mutex.Unlock()
	for side := 16; side <= 1024; side++ {
		tried = append(tried, side)
	}
	for _, side := range tried {
		if side < 1 {
			continue
		}
		shape, err := b.CutShape(cut, side)
		if err == nil && slices.Equal(shape, dims[1:]) {
			sketch, err := b.sketch(dims[0], side, cut)
			if err != nil {
				panic(err)
			}
			return sketch
		}
	}
	panic(fmt.Errorf("backbone: %v is not the shape of what the network gives at %q", dims, cut))
}

// sketch works out shapes up to a cut; where that is Features, the features are the value of this name.
func (b *Backbone) sketch(batch, side int, cut string) (*builder, error) {
	height, width := side, side
	b.mutex.Lock()
	defer b.mutex.Unlock()
	key := sketchKey{batch, height, width, cut}
	if s := b.sketches[key]; s != nil {
		return s, nil
	}
	var s *builder
	var err error
	if cut == backbone.Features {
		s, err = b.net.sketchFeatures(batch, height, width, b.spec.Output)
	} else {
		s, err = b.net.sketch(batch, height, width, b.crossing(cut)...)
	}
	if err != nil {
		return nil, fmt.Errorf("images of %d pixels: %w", side, err)
	}
	if len(b.sketches) > 8 { // a graph each
		clear(b.sketches)
	}
	b.sketches[key] = s
	return s, nil
}

// crossing are the values that are needed after a cut at the named tensor and computed before: the tensor alone at one of Cuts.
func (b *Backbone) crossing(cut string) []string {
	if cut == backbone.Features {
		return []string{b.spec.Output}
	}
	if b.net.producer[cut] == nil {
		panic(backbone.CheckCut(b, cut))
	}
	return b.net.crossing(cut, b.spec.Output)
}
