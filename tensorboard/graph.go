package tensorboard

import (
	"fmt"
	"unicode/utf8"
)

// Node is an operation of a graph.
type Node struct {
	Name   string   // unique; slashes make scopes, which TensorBoard folds into boxes
	Op     string   // the kind of operation, such as Conv
	Inputs []string // names of the nodes whose results it takes
	Shape  []int    // of its result: -1 is an unknown size, empty a scalar, nil not known at all
}

// graphProducer is the GraphDef version that the graph is written for; the oldest one that TensorBoard takes as it is.
const graphProducer = 22

// Graph logs the model's graph. TensorBoard shows a run's last graph only. Names must be unique and each input must be a node's name.
func (w *Writer) Graph(nodes []Node) error {
	if err := check(nodes); err != nil {
		return fmt.Errorf("tensorboard: graph: %w", err)
	}
	return w.event(0, func(m message) message { return m.bytes(eventGraph, encodeGraph(nodes)) })
}

func check(nodes []Node) error {
	names := make(map[string]bool, len(nodes))
	for i, n := range nodes {
		switch {
		case n.Name == "":
			return fmt.Errorf("node %d has no name", i)
		case !utf8.ValidString(n.Name) || !utf8.ValidString(n.Op):
			return fmt.Errorf("node %d: name %q or operation %q is not UTF-8", i, n.Name, n.Op)
		case names[n.Name]:
			return fmt.Errorf("node %d: the name %q is taken by an earlier node", i, n.Name)
		}
		names[n.Name] = true
	}
	for i, n := range nodes {
		for _, input := range n.Inputs {
			if !names[input] {
				return fmt.Errorf("node %d (%s): its input %q is not a node of the graph", i, n.Name, input)
			}
		}
	}
	return nil
}

func encodeGraph(nodes []Node) message {
	var g message
	for _, n := range nodes {
		g = g.bytes(graphNode, n.encode())
	}
	return g.bytes(graphVersions, message(nil).varint(versionsProducer, graphProducer))
}

func (n Node) encode() message {
	m := message(nil).text(nodeName, n.Name).text(nodeOp, n.Op)
	for _, input := range n.Inputs {
		m = m.text(nodeInput, input)
	}
	if n.Shape == nil {
		return m
	}
	var shape message
	for _, size := range n.Shape {
		shape = shape.bytes(shapeDim, message(nil).varint(dimSize, int64(size)))
	}
	list := message(nil).bytes(listShape, shape)
	value := message(nil).bytes(attrList, list)
	return m.bytes(nodeAttr, message(nil).text(entryKey, outputShapes).bytes(entryValue, value))
}

// outputShapes is the attribute in which TensorBoard looks for the shapes that it writes on edges.
const outputShapes = "_output_shapes"
