package onnx

import (
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/weights/onnxfile"
)

// choosing is small with an If in the place of the Reshape that makes features of the pooled map;
// condition makes "chosen" of what comes before.
func choosing(condition ...*onnxfile.Node) *onnxfile.Model {
	m := small(-1)
	branch := func(name string, nodes ...*onnxfile.Node) *onnxfile.Attribute {
		last := nodes[len(nodes)-1].Outputs[0]
		return &onnxfile.Attribute{Name: name, Type: onnxfile.GraphAttribute, Graph: &onnxfile.Graph{Name: name, Nodes: nodes,
			Initializers: []*onnxfile.Tensor{onnxfile.NewInts(name+" axes", []int{2}, 2, 3)}, Outputs: []*onnxfile.Value{{Name: last}}}}
	}
	inner := step("If", "chosen", "deep in", branch("then_branch", step("Squeeze", "pooled", "squeezed", nil...)), branch("else_branch", step("Quux", "pooled", "never")))
	inner.Attributes[0].Graph.Nodes[0].Inputs = []string{"pooled", "then_branch axes"}
	taken := step("If", "chosen", "features", branch("then_branch", inner, step("Identity", "x", "given")), branch("else_branch", step("Quux", "pooled", "other")))
	taken.Attributes[0].Graph.Nodes[1].Inputs = []string{"deep in"}
	taken.Attributes[0].Graph.Initializers = nil
	at := slices.IndexFunc(m.Graph.Nodes, func(n *onnxfile.Node) bool { return n.Op == "Reshape" })
	m.Graph.Initializers = append(m.Graph.Initializers, onnxfile.NewInts("four", []int{}, 4), onnxfile.NewInts("zero", []int{}, 0), onnxfile.NewInts("two", []int{}, 2))
	m.Graph.Nodes = slices.Concat(m.Graph.Nodes[:at], condition, []*onnxfile.Node{taken}, m.Graph.Nodes[at+1:])
	return m
}

// An If that the shape of a tensor decides is the branch that is taken.
func TestChoices(t *testing.T) {
	norm := backbone.Options{Normalisation: &augment.ImageNet}
	in, err := imported(t, choosing(step("Shape", "pooled", "shape"), step("Size", "shape", "rank"), step("Equal", "rank four", "chosen")), norm)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := imported(t, small(-1), norm)
	if err != nil {
		t.Fatal(err)
	}
	x := initial.Uniform(2, "images", 1, 3, 20, 20, 3)
	give := func(in backbone.Imported) []float32 {
		again, err := backbone.Open(in.Network.Spec(), in.Network.Structure())
		if err != nil {
			t.Fatal(err)
		}
		return evaluated(t, filled(t, in), x, func(s *model.Scope, x *Node) *Node { return again.Build(s, x, false) })
	}
	if got, want := give(in), give(plain); !near(got, want) {
		t.Errorf("with an If it gives %v, want %v", got, want)
	}
}

// One that the images decide, or their number, is refused.
func TestChoicesAreRefused(t *testing.T) {
	for want, condition := range map[string][]*onnxfile.Node{
		"depends on the image's values": {step("ReduceMax", "pooled", "largest", integer("keepdims", 0)), step("Cast", "largest", "whole", integer("to", 7)), step("Equal", "whole four", "chosen")},
		"not the same for all sizes":    {step("Shape", "pooled", "shape"), step("Gather", "shape zero", "batch"), step("Less", "batch two", "chosen")},
		"the operation is not":          {step("Shape", "pooled", "shape"), step("Size", "shape", "rank"), step("Less", "rank four", "chosen")},
	} {
		_, err := imported(t, choosing(condition...), backbone.Options{Normalisation: &augment.ImageNet})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
