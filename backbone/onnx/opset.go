package onnx

import (
	"fmt"
	"math"
	"slices"

	"github.com/dvml/dvml/weights/onnxfile"
)

// upgraded returns nodes in the operations of the opset of the export, 17, given those of the
// network's, which may be older. Operations that are not named here have the same meaning in all
// opsets from 7 to 17, or are only wider in what they take.
func upgraded(e *exporter, nodes []*onnxfile.Node) []*onnxfile.Node {
	if e.net.opset >= e.nodes.Opset {
		return nodes
	}
	u := &upgrade{exporter: e, from: e.net.opset}
	for _, n := range nodes {
		copied := *n
		copied.Inputs, copied.Attributes = slices.Clone(n.Inputs), slices.Clone(n.Attributes)
		u.node(&copied)
	}
	return u.out
}

type upgrade struct {
	*exporter
	from int
	out  []*onnxfile.Node
}

// node appends what a node becomes. It may change the node.
func (u *upgrade) node(n *onnxfile.Node) {
	switch n.Op {
	case "Squeeze", "Unsqueeze", "ReduceSum":
		if u.from < 13 {
			u.operand(n, 1, "axes")
		}
	case "Split":
		if u.from < 13 {
			u.operand(n, 1, "split")
		}
	case "Softmax", "LogSoftmax":
		if u.from < 13 {
			u.softmax(n)
			return
		}
	case "Dropout": // which does nothing outside training
		n.Op, n.Inputs, n.Outputs, n.Attributes = "Identity", n.Inputs[:1], n.Outputs[:1], nil
	case "Clip":
		if u.from < 11 {
			u.bound(n, 1, "min", -math.MaxFloat32)
			u.bound(n, 2, "max", math.MaxFloat32)
		}
	case "Pad":
		if u.from < 11 {
			u.operand(n, 1, "pads")
			u.bound(n, 2, "value", 0)
		}
	case "Slice":
		if u.from < 10 {
			u.operand(n, 1, "starts")
			u.operand(n, 2, "ends")
			u.operand(n, 3, "axes")
		}
	case "Upsample", "Resize":
		u.resize(n)
	case "BatchNormalization":
		n.Outputs = n.Outputs[:1]
		take(n, "spatial")
	}
	u.out = append(u.out, n)
}

// take removes and returns an attribute, or nil.
func take(n *onnxfile.Node, name string) *onnxfile.Attribute {
	i := slices.IndexFunc(n.Attributes, func(a *onnxfile.Attribute) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	a := n.Attributes[i]
	n.Attributes = slices.Delete(n.Attributes, i, i+1)
	return a
}

// set makes a name operand i of a node.
func set(n *onnxfile.Node, i int, name string) {
	for len(n.Inputs) <= i {
		n.Inputs = append(n.Inputs, "")
	}
	n.Inputs[i] = name
}

// operand turns an attribute that lists integers into operand i.
func (u *upgrade) operand(n *onnxfile.Node, i int, name string) {
	if a := take(n, name); a != nil {
		set(n, i, u.Ints(a.Ints...))
	}
}

// bound turns an attribute that is a number into operand i.
func (u *upgrade) bound(n *onnxfile.Node, i int, name string, otherwise float32) {
	if a := take(n, name); a != nil {
		otherwise = a.Float
	}
	set(n, i, u.Constant(onnxfile.NewFloats("", []int{}, []float32{otherwise})))
}

// softmax writes what was over all axes from one on as one over a single axis.
func (u *upgrade) softmax(n *onnxfile.Node) {
	x := u.sketch.values[n.Inputs[0]]
	axis := 1
	if a := take(n, "axis"); a != nil {
		axis = int(a.Int)
	}
	last := onnxfile.IntOf("axis", -1)
	if axis = axisOf(axis, x.rank()); axis == x.rank()-1 {
		n.Attributes = append(n.Attributes, last)
		u.out = append(u.out, n)
		return
	}
	part := onnxfile.Composer{Graph: &onnxfile.Graph{}, Scope: n.Outputs[0]}
	shape := part.Add("Shape", n.Inputs[:1])
	flat := part.Add("Flatten", n.Inputs[:1], onnxfile.IntOf("axis", int64(axis)))
	part.AddNamed(n.Outputs[0], "Reshape", []string{part.Add(n.Op, []string{flat}, last), shape})
	u.out = append(u.out, part.Graph.Nodes...)
}

// resize writes Upsample, and Resize as it was in opset 10, as Resize is from opset 11 on.
func (u *upgrade) resize(n *onnxfile.Node) {
	if n.Op == "Resize" && u.from >= 11 {
		return
	}
	scales := ""
	if a := take(n, "scales"); a != nil {
		scales = u.Constant(onnxfile.NewFloats("", []int{len(a.Floats)}, a.Floats))
	} else if len(n.Inputs) > 1 {
		scales = n.Inputs[1]
	} else {
		panic(fmt.Errorf("node %q (%s): it has no scales", nodeName(n), n.Op))
	}
	if mode := take(n, "mode"); mode != nil {
		text := mode.Text
		if text == "bilinear" {
			text = "linear"
		}
		n.Attributes = append(n.Attributes, onnxfile.TextOf("mode", text))
	}
	n.Attributes = append(n.Attributes, onnxfile.TextOf("coordinate_transformation_mode", "asymmetric"), onnxfile.TextOf("nearest_mode", "floor"))
	n.Op, n.Inputs = "Resize", []string{n.Inputs[0], "", scales}
}
