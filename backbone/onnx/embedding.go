package onnx

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// Candidate is a tensor of a network that can be taken for the features.
type Candidate struct {
	Name  string
	Shape []int // without the batch
	Why   string
}

// Form says in words how features are made of the tensor.
func (c Candidate) Form() string {
	switch {
	case len(c.Shape) == 1:
		return "as it is"
	case len(c.Shape) == 2:
		return "its first token, the class token"
	case c.Shape[1]*c.Shape[2] == 1:
		return "flattened"
	}
	return "the mean of its map"
}

// features turns a tensor [N,F], [N,T,F] or [N,F,h,w] into features [N,F].
func (b *builder) features(name string) *Node {
	v := b.value(name)
	if v == nil || v.node == nil {
		panic(fmt.Errorf("output %q does not depend on the images", name))
	}
	switch v.rank() {
	case 2:
		return v.straight(b.g)
	case 3:
		first := b.sliced(v, 1, 0, 1, 1)
		return b.reshaped(first, []int{first.dims()[0], first.dims()[2]}).straight(b.g)
	case 4:
		x := v.channelsLast(b.g)
		return ReduceMean(x, spatialAxes(x)...)
	}
	panic(fmt.Errorf("output %q has shape %v; expected [N,F], [N,T,F] with a class token or [N,F,h,w]", name, v.dims()))
}

// passing are operations between a last linear layer and an output that turn logits into probabilities, or only move them.
var passing = map[string]bool{"Softmax": true, "LogSoftmax": true, "Sigmoid": true, "Identity": true, "Reshape": true, "Flatten": true, "Squeeze": true, "Unsqueeze": true,
	"Dropout": true, "Cast": true, "Add": true, "Transpose": true}

// classifierWidths are the numbers of classes of the sets that networks are published for: ImageNet's, with and without a background, and its larger sets.
var classifierWidths = []int{1000, 1001, 10450, 11221, 11821, 21841, 21842, 21843}

// head is the last linear layer before an output.
type head struct {
	reads   string // what it reads
	softmax bool   // whether probabilities are made of what it gives
}

// linearHead finds the linear layer that an output comes from, with nothing but passing operations after it.
func (n *Network) linearHead(output string) (h head, ok bool) {
	for name := output; ; {
		node := n.producer[name]
		if node == nil || len(node.Inputs) == 0 {
			return h, false
		}
		switch {
		case node.Op == "Gemm" || node.Op == "MatMul" || node.Op == "Conv":
			if n.weights[node.Inputs[1]] == nil {
				if len(node.Inputs) < 2 || !n.fromWeight(node.Inputs[1]) {
					return h, false
				}
			}
			h.reads = node.Inputs[0]
			return h, true
		case !passing[node.Op]:
			return h, false
		}
		h.softmax = h.softmax || strings.Contains(node.Op, "Softmax") || node.Op == "Sigmoid"
		next := node.Inputs[0]
		if node.Op == "Add" && (n.weights[next] != nil || n.constants[next] != nil) {
			next = node.Inputs[1]
		}
		name = next
	}
}

// fromWeight reports whether a value is a weight that was only moved.
func (n *Network) fromWeight(name string) bool {
	for n.weights[name] == nil {
		node := n.producer[name]
		if node == nil || !moving[node.Op] || len(node.Inputs) == 0 {
			return false
		}
		name = node.Inputs[0]
	}
	return true
}

// sameValues reports whether two names stand for the same numbers, in another shape at most.
func (n *Network) sameValues(a, b string) bool { return n.origin(a) == n.origin(b) }

func (n *Network) origin(name string) string {
	for {
		node := n.producer[name]
		if node == nil || len(node.Inputs) == 0 || !slices.Contains([]string{"Identity", "Dropout", "Flatten", "Reshape", "Squeeze", "Unsqueeze"}, node.Op) {
			return name
		}
		name = node.Inputs[0]
	}
}

// Candidates lists the tensors that can be taken for the features, and the one that is: what a classifier reads, or an output that is none. An empty
// chosen means that the model does not tell.
func (n *Network) Candidates(height, width int) (list []Candidate, chosen string, err error) {
	var names []string
	for _, v := range n.model.Graph.Outputs {
		names = append(names, v.Name)
	}
	batch := n.sketchBatch()
	all, err := n.sketch(batch, height, width, names...)
	if err != nil {
		return nil, "", err
	}
	shape := func(name string) []int {
		v := all.values[name]
		if v == nil || v.node == nil || v.rank() < 2 || v.rank() > 4 || v.dims()[0] != batch {
			return nil
		}
		return v.dims()[1:]
	}
	add := func(name, why string) {
		s := shape(name)
		if s == nil || slices.ContainsFunc(list, func(c Candidate) bool { return c.Name == name }) {
			return
		}
		list = append(list, Candidate{name, s, why})
	}
	var open []string // outputs that may be features
	asked := false
	for _, name := range names {
		s := shape(name)
		if s == nil {
			continue
		}
		h, linear := n.linearHead(name)
		classifier := linear && (h.softmax || slices.Contains(classifierWidths, s[0]))
		switch {
		case classifier:
			if i := slices.IndexFunc(names, func(other string) bool { return other != name && n.sameValues(other, h.reads) }); i >= 0 {
				h.reads = names[i]
			}
			add(h.reads, fmt.Sprintf("what the classifier of %q reads", name))
			if shape(h.reads) != nil {
				chosen = h.reads
			}
		case linear:
			add(name, "an output of a last linear layer")
			add(h.reads, fmt.Sprintf("what the linear layer of %q reads", name))
			asked = true
			open = append(open, name)
		default:
			add(name, "an output")
			open = append(open, name)
		}
	}
	switch {
	case chosen != "":
	case len(open) == 1 && !asked:
		chosen = open[0]
	default:
		chosen = n.onlyEmbedding(open, shape)
	}
	return list, chosen, nil
}

// onlyEmbedding picks, among outputs that may be features, the one that is called so.
func (n *Network) onlyEmbedding(open []string, shape func(string) []int) string {
	var called []string
	for _, name := range open {
		lower := strings.ToLower(name)
		if len(shape(name)) == 1 && (strings.Contains(lower, "embed") || strings.Contains(lower, "feature")) {
			called = append(called, name)
		}
	}
	if len(called) == 1 {
		return called[0]
	}
	return ""
}

// sketchBatch is a size of batch to work out shapes with.
func (n *Network) sketchBatch() int {
	if n.Input.Batch > 0 {
		return n.Input.Batch
	}
	return 2
}

// check reports why a name cannot be taken for the features.
func (n *Network) check(output string, height, width int) error {
	if n.producer[output] == nil {
		return fmt.Errorf("the network has no tensor %q", output)
	}
	_, err := n.sketchFeatures(1, height, width, output)
	return err
}
