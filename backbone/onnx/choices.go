package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dvml/dvml/weights/onnxfile"
)

// maxChoices bounds the Ifs of a model.
const maxChoices = 256

// choices replaces each If whose condition is known before any image by the branch that is taken.
// Exporters write such Ifs where the shape of a tensor decides. A condition that is not the same
// for all batches and sizes of images, where the model leaves these open, is refused.
func (n *Network) choices(nodes []*onnxfile.Node, inputs []string) ([]*onnxfile.Node, error) {
	for range maxChoices {
		// The first hangs on no other: the nodes of a model stand in their order.
		at := slices.IndexFunc(nodes, func(node *onnxfile.Node) bool { return node.Op == "If" && node.Domain == "" })
		if at < 0 {
			return nodes, nil
		}
		part, err := n.choice(nodes, nodes[at], inputs)
		if err != nil {
			return nil, fmt.Errorf("node %q (If, opset %d): %w", nodeName(nodes[at]), n.opset, err)
		}
		if nodes = slices.Concat(nodes[:at], part, nodes[at+1:]); len(nodes) > maxNodes {
			return nil, fmt.Errorf("the model has more than %d nodes", maxNodes)
		}
	}
	return nil, fmt.Errorf("the model has more than %d nodes that choose (If)", maxChoices)
}

// choice returns the nodes of the branch that an If takes.
func (n *Network) choice(nodes []*onnxfile.Node, node *onnxfile.Node, inputs []string) ([]*onnxfile.Node, error) {
	if len(inputs) != 1 || len(node.Inputs) != 1 {
		return nil, errors.New("the operation is not supported")
	}
	taken, err := n.condition(nodes, node.Inputs[0])
	if err != nil {
		return nil, err
	}
	part, err := n.branch(node, taken)
	if err != nil {
		return nil, err
	}
	return inline(&onnxfile.Model{Functions: n.model.Functions, Graph: &onnxfile.Graph{Nodes: part}})
}

// condition works a condition out, for every batch and size that is tried.
func (n *Network) condition(nodes []*onnxfile.Node, name string) (bool, error) {
	for _, t := range n.model.Graph.Initializers {
		if t.Name == name {
			c, err := constantOf(t)
			if err != nil || c.size() != 1 {
				return false, fmt.Errorf("its condition %q is not a single value", name)
			}
			return c.at(0) != 0, nil
		}
	}
	var found []bool
	for _, size := range n.trials() {
		// A network of what the condition needs alone; others may need what stands in branches.
		alone := newNetwork(&onnxfile.Model{Opsets: n.model.Opsets, Graph: &onnxfile.Graph{Initializers: n.model.Graph.Initializers}})
		alone.Input = n.Input
		var err error
		if alone.nodes, err = alone.sorted(nodes); err != nil {
			return false, err
		}
		alone.nodes = alone.needed([]string{name}, nil)
		if err := alone.findWeights([]string{n.Input.Name}); err != nil {
			return false, err
		}
		s, err := alone.sketch(size[0], size[1], size[2], name)
		if err != nil {
			return false, err
		}
		v := s.value(name)
		if v == nil || v.constant == nil || v.constant.size() != 1 {
			return false, fmt.Errorf("its condition %q depends on the image's values; it has to be known before", name)
		}
		found = append(found, v.constant.at(0) != 0)
	}
	if slices.Contains(found, !found[0]) {
		return false, fmt.Errorf("its condition %q is not the same for all sizes of batches and images; export the model for one size", name)
	}
	return found[0], nil
}

// trials are batches and sizes [batch, height, width] of images for which conditions are worked out.
func (n *Network) trials() [][3]int {
	batches, sides := []int{1, 3}, [][2]int{}
	if n.Input.Batch > 0 {
		batches = []int{n.Input.Batch}
	}
	for _, asked := range []int{0, 256} {
		height, width := n.Sides(asked)
		if n.Input.Height > 0 && n.Input.Width > 0 {
			height, width = n.Input.Height, n.Input.Width
		}
		sides = append(sides, [2]int{height, width})
	}
	var list [][3]int
	for _, batch := range batches {
		for _, s := range sides {
			if t := [3]int{batch, s[0], s[1]}; !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	return list
}

// branch returns the nodes of a branch of an If, and what they give under the names of the If's.
// Its tensors become the model's: the names of a model are unique with those of its branches.
func (n *Network) branch(node *onnxfile.Node, taken bool) ([]*onnxfile.Node, error) {
	wanted := "else_branch"
	if taken {
		wanted = "then_branch"
	}
	at := slices.IndexFunc(node.Attributes, func(a *onnxfile.Attribute) bool { return a.Name == wanted && a.Graph != nil })
	if at < 0 || len(node.Attributes[at].Graph.Outputs) < len(node.Outputs) {
		return nil, fmt.Errorf("it has no %s with the same outputs", wanted)
	}
	g := node.Attributes[at].Graph
	model, graph := *n.model, *n.model.Graph
	graph.Initializers = slices.Concat(graph.Initializers, g.Initializers)
	model.Graph = &graph
	n.model = &model
	nodes := slices.Clone(g.Nodes)
	for i, name := range node.Outputs {
		if name != "" {
			nodes = append(nodes, &onnxfile.Node{Name: node.Name + "/output", Op: "Identity", Inputs: []string{g.Outputs[i].Name}, Outputs: []string{name}})
		}
	}
	return nodes, nil
}
