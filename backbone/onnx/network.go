package onnx

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/weights/onnxfile"
)

// Network is a network that was read from an ONNX model.
type Network struct {
	Input Input

	model     *onnxfile.Model
	opset     int
	nodes     []*onnxfile.Node // each after those it reads
	producer  map[string]*onnxfile.Node
	constants map[string]*constant
	weights   map[string]*Weight
	ordered   []*Weight
}

// Input describes the network's input.
type Input struct {
	Name          string
	ChannelsFirst bool // [N,C,H,W]; otherwise [N,H,W,C]
	Batch         int  // -1: any
	Height, Width int  // -1: any
}

// The opsets that are supported.
const (
	minOpset = 7
	maxOpset = 23
)

// New makes a network of a model.
func New(m *onnxfile.Model) (*Network, error) {
	m, err := inner(m)
	if err != nil {
		return nil, err
	}
	n := newNetwork(m)
	if n.opset < minOpset || n.opset > maxOpset {
		return nil, fmt.Errorf("the model is of opset %d; supported are %d to %d", n.opset, minOpset, maxOpset)
	}
	if err := n.findInput(); err != nil {
		return nil, err
	}
	return n, n.prepare(n.Input.Name)
}

func newNetwork(m *onnxfile.Model) *Network {
	return &Network{model: m, opset: m.Opsets[""], producer: map[string]*onnxfile.Node{}, constants: map[string]*constant{}, weights: map[string]*Weight{}}
}

// prepare orders the nodes and finds the weights, given the inputs.
func (n *Network) prepare(inputs ...string) error {
	nodes, err := inline(n.model)
	if err != nil {
		return err
	}
	if nodes, err = n.choices(nodes, inputs); err != nil {
		return err
	}
	if n.nodes, err = n.sorted(nodes); err != nil {
		return err
	}
	return n.findWeights(inputs)
}

// findInput finds the images among the inputs.
func (n *Network) findInput() error {
	var images []*onnxfile.Value
	held := map[string]bool{}
	for _, t := range n.model.Graph.Initializers {
		held[t.Name] = true
	}
	for _, v := range n.model.Graph.Inputs {
		if !held[v.Name] && len(v.Dims) == 4 {
			images = append(images, v)
		}
	}
	if len(images) != 1 {
		return fmt.Errorf("the model has %d inputs of four axes; expected one, the images", len(images))
	}
	v := images[0]
	if v.Type != onnxfile.Float && v.Type != onnxfile.Float16 {
		return fmt.Errorf("input %q is of type %s; expected float32", v.Name, v.Type)
	}
	d := v.Dims
	n.Input = Input{Name: v.Name, ChannelsFirst: true, Batch: d[0].Size, Height: d[2].Size, Width: d[3].Size}
	switch {
	case d[1].Size == 3:
	case d[3].Size == 3:
		n.Input.ChannelsFirst, n.Input.Height, n.Input.Width = false, d[1].Size, d[2].Size
	case d[1].Size == -1 && d[3].Size != -1 || d[1].Size == -1: // channels first is what exporters write by default
	default:
		return fmt.Errorf("input %q has shape %s; expected three channels, [N,3,H,W] or [N,H,W,3]", v.Name, shapeText(d))
	}
	if n.Input.Batch == 0 {
		n.Input.Batch = -1
	}
	return nil
}

// shapeText writes a shape with its names.
func shapeText(dims []onnxfile.Dim) string {
	text := "["
	for i, d := range dims {
		if i > 0 {
			text += ","
		}
		switch {
		case d.Size >= 0:
			text += fmt.Sprint(d.Size)
		case d.Name != "":
			text += d.Name
		default:
			text += "?"
		}
	}
	return text + "]"
}

// declaredBatch is the size of batch that the model was exported for, or -1.
func (n *Network) declaredBatch() int { return n.Input.Batch }

// sorted orders nodes so that each comes after those it reads, keeping their order where it serves.
func (n *Network) sorted(nodes []*onnxfile.Node) ([]*onnxfile.Node, error) {
	for _, node := range nodes {
		for _, name := range node.Outputs {
			if name == "" {
				continue
			}
			if n.producer[name] != nil {
				return nil, fmt.Errorf("the model gives %q twice", name)
			}
			n.producer[name] = node
		}
	}
	const entered, left = 1, 2
	state := map[*onnxfile.Node]int{}
	order := make([]*onnxfile.Node, 0, len(nodes))
	type step struct {
		node *onnxfile.Node
		next int // the input to look at
	}
	for _, root := range nodes {
		if state[root] != 0 {
			continue
		}
		state[root] = entered
		for stack := []step{{node: root}}; len(stack) > 0; { // not recursive: a chain may be long
			top := &stack[len(stack)-1]
			if top.next == len(top.node.Inputs) {
				state[top.node] = left
				order = append(order, top.node)
				stack = stack[:len(stack)-1]
				continue
			}
			from := n.producer[top.node.Inputs[top.next]]
			top.next++
			if from == nil || state[from] == left {
				continue
			}
			if state[from] == entered {
				return nil, fmt.Errorf("node %q (%s) reads, by way of others, what it gives: the graph has a cycle", nodeName(from), from.Op)
			}
			state[from] = entered
			stack = append(stack, step{node: from})
		}
	}
	return order, nil
}

// needed returns the nodes that the named values depend on, in order. It stops at values that known reports.
func (n *Network) needed(names []string, known func(name string) bool) []*onnxfile.Node {
	want := map[*onnxfile.Node]bool{}
	for stack := slices.Clone(names); len(stack) > 0; {
		name := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		node := n.producer[name]
		if node == nil || want[node] || known != nil && known(name) {
			continue
		}
		want[node] = true
		stack = append(stack, node.Inputs...)
	}
	var nodes []*onnxfile.Node
	for _, node := range n.nodes {
		if want[node] {
			nodes = append(nodes, node)
		}
	}
	return nodes
}
