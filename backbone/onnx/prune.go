package onnx

import (
	"fmt"
	"strconv"

	"github.com/dvml/dvml/weights/onnxfile"
)

// sizeKey is, in the metadata of a structure, the side of the images that the network takes.
const sizeKey = "dvml.size"

// pruned returns the model with what the named tensor needs and nothing else, its weights without their values: what a checkpoint keeps of a network.
func (n *Network) pruned(output string, size int) *onnxfile.Model {
	g := &onnxfile.Graph{Name: n.model.Graph.Name, Outputs: []*onnxfile.Value{{Name: output, Type: onnxfile.Float}}}
	for _, v := range n.model.Graph.Inputs {
		if v.Name == n.Input.Name {
			g.Inputs = append(g.Inputs, v)
		}
	}
	kept := map[string]bool{}
	tensors := map[string]*onnxfile.Tensor{}
	for _, t := range n.model.Graph.Initializers {
		tensors[t.Name] = t
	}
	for _, node := range n.needed([]string{output}, nil) {
		if len(node.Outputs) > 0 && n.weights[node.Outputs[0]] != nil {
			continue // a Constant that is a weight stands among the initialisers
		}
		g.Nodes = append(g.Nodes, node)
		for _, name := range node.Inputs {
			if kept[name] {
				continue
			}
			kept[name] = true
			switch {
			case n.weights[name] != nil:
				t := *n.weights[name].tensor
				t.Name = name
				t.Strip()
				g.Initializers = append(g.Initializers, &t)
			case tensors[name] != nil:
				g.Initializers = append(g.Initializers, tensors[name].Inside())
			}
		}
	}
	meta := map[string]string{sizeKey: strconv.Itoa(size)}
	return &onnxfile.Model{IR: 8, Producer: "dvml", Opsets: map[string]int{"": n.opset}, Meta: meta, Graph: g}
}

// unpruned reads what pruned wrote.
func unpruned(structure []byte) (*Network, int, error) {
	m, err := onnxfile.Parse(structure)
	if err != nil {
		return nil, 0, fmt.Errorf("the network's structure: %w", err)
	}
	size, err := strconv.Atoi(m.Meta[sizeKey])
	if err != nil || size < 0 || size > maxSide {
		return nil, 0, fmt.Errorf("the network's structure: its size is %q", m.Meta[sizeKey])
	}
	n, err := New(m)
	return n, size, err
}

// maxSide bounds the side of images.
const maxSide = 4096
