package tensorboard

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Node is an operation of a model's graph. Slashes in Name make TensorBoard's nested boxes: "inception_3a/1x1/conv".
type Node struct {
	Name   string
	Op     string   // what it does, for instance "Conv"
	Inputs []string // names of the nodes that it reads
	Shape  []int    // of its output; -1 for an axis of any length, nil if not known
}

// Field numbers of tensorflow/core/framework/{graph,node_def,attr_value,tensor_shape}.proto.
const (
	graphNode, graphVersions, versionsProducer = 1, 4, 1

	nodeName, nodeOp, nodeInput, nodeAttr = 1, 2, 3, 5

	mapKey, mapValue = 1, 2

	attrList, listShape = 1, 7

	shapeDim, dimSize = 2, 1
)

// outputShapes is the attribute from which TensorBoard labels edges.
const outputShapes = "_output_shapes"

// checkGraph finds nodes that TensorBoard could not draw.
func checkGraph(nodes []Node) error {
	seen := make(map[string]bool, len(nodes))
	for i, n := range nodes {
		switch {
		case n.Name == "":
			return fmt.Errorf("node %d has no name", i)
		case seen[n.Name]:
			return fmt.Errorf("node %d: the name %q is taken", i, n.Name)
		case n.Op == "":
			return fmt.Errorf("node %q has no op", n.Name)
		}
		seen[n.Name] = true
	}
	for _, n := range nodes {
		for _, in := range n.Inputs {
			if !seen[in] {
				return fmt.Errorf("node %q reads %q, which is not there", n.Name, in)
			}
		}
	}
	return nil
}

// encodeGraph returns nodes as a tensorflow.GraphDef.
func encodeGraph(nodes []Node) []byte {
	var b []byte
	for _, n := range nodes {
		m := appendBytes(nil, nodeName, []byte(n.Name))
		m = appendBytes(m, nodeOp, []byte(n.Op))
		for _, in := range n.Inputs {
			m = appendBytes(m, nodeInput, []byte(in))
		}
		if n.Shape != nil {
			list := appendBytes(nil, listShape, encodeShape(n.Shape))
			entry := appendBytes(nil, mapKey, []byte(outputShapes))
			entry = appendBytes(entry, mapValue, appendBytes(nil, attrList, list))
			m = appendBytes(m, nodeAttr, entry)
		}
		b = appendBytes(b, graphNode, m)
	}
	return appendBytes(b, graphVersions, appendInt(nil, versionsProducer, 22))
}

func encodeShape(shape []int) []byte {
	var b []byte
	for _, size := range shape {
		dim := protowire.AppendTag(nil, dimSize, protowire.VarintType)
		b = appendBytes(b, shapeDim, protowire.AppendVarint(dim, uint64(int64(size))))
	}
	return b
}
