package onnx

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas

	"github.com/dvml/dvml/weights/onnxfile"
)

// call is one node of the network while it is built: its operands, and its settings as they are asked for. A setting that nothing asked for is not
// supported, and the node is refused.
type call struct {
	*builder
	n  *onnxfile.Node
	in []*value // nil is one that is left out

	attributes map[string]*onnxfile.Attribute // those not asked for yet
}

// op builds a node of the network. It panics on what it cannot build.
type op func(c *call) []*value

// one makes an op of a function that gives one value.
func one(f func(c *call) *value) op {
	return func(c *call) []*value { return []*value{f(c)} }
}

// apply runs the operation of a node.
func (b *builder) apply(n *onnxfile.Node, in []*value) (out []*value, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, b.explain(n, r)
		}
	}()
	f, ok := operations[n.Op]
	if !ok || n.Domain != "" {
		return nil, b.explain(n, errors.New("the operation is not supported"))
	}
	c := &call{builder: b, n: n, in: in, attributes: map[string]*onnxfile.Attribute{}}
	for _, a := range n.Attributes {
		c.attributes[a.Name] = a
	}
	out = f(c)
	if len(c.attributes) > 0 {
		return nil, b.explain(n, fmt.Errorf("attribute %s is not supported", strings.Join(slices.Sorted(maps.Keys(c.attributes)), ", ")))
	}
	return out, nil
}

// explain makes an error of what a node said: where it stands and what it is.
func (b *builder) explain(n *onnxfile.Node, said any) error {
	err, ok := said.(error)
	if !ok {
		err = fmt.Errorf("%v", said)
	}
	op := n.Op
	if n.Domain != "" {
		op = n.Domain + "." + op
	}
	text, _, _ := strings.Cut(err.Error(), "\n") // GoMLX appends stacks
	return fmt.Errorf("node %q (%s, opset %d): %s", nodeName(n), op, b.opset, text)
}

// nodeName names a node: by its own name, or by what it gives.
func nodeName(n *onnxfile.Node) string {
	if n.Name == "" && len(n.Outputs) > 0 {
		return n.Outputs[0]
	}
	return n.Name
}

// has reports whether operand i is given.
func (c *call) has(i int) bool { return i < len(c.in) && c.in[i] != nil }

// input returns operand i.
func (c *call) input(i int) *value {
	if !c.has(i) {
		panic(fmt.Errorf("input %d is missing", i))
	}
	return c.in[i]
}

// known returns operand i, which has to be a constant.
func (c *call) known(i int) *constant {
	v := c.input(i)
	if v.constant == nil {
		panic(fmt.Errorf("input %d depends on the image's values; it has to be known before", i))
	}
	return v.constant
}

// allKnown reports whether all operands are constants.
func (c *call) allKnown() bool {
	return !slices.ContainsFunc(c.in, func(v *value) bool { return v != nil && v.constant == nil })
}

func (c *call) attribute(name string, want onnxfile.AttributeType) *onnxfile.Attribute {
	a := c.attributes[name]
	if a == nil {
		return nil
	}
	if a.Type != want {
		panic(fmt.Errorf("attribute %s is of the wrong type", name))
	}
	delete(c.attributes, name)
	return a
}

// int returns an attribute, or otherwise where it is left out.
func (c *call) int(name string, otherwise int) int {
	if a := c.attribute(name, onnxfile.IntAttribute); a != nil {
		return int(a.Int)
	}
	return otherwise
}

func (c *call) flag(name string, otherwise int) bool { return c.int(name, otherwise) != 0 }

func (c *call) float(name string, otherwise float64) float64 {
	if a := c.attribute(name, onnxfile.FloatAttribute); a != nil {
		return float64(a.Float)
	}
	return otherwise
}

func (c *call) text(name, otherwise string) string {
	if a := c.attribute(name, onnxfile.TextAttribute); a != nil {
		return a.Text
	}
	return otherwise
}

// choice is text that has to be one of those listed, the first being the default.
func (c *call) choice(name string, options ...string) string {
	text := c.text(name, options[0])
	if !slices.Contains(options, text) {
		panic(fmt.Errorf("attribute %s is %q, which is not supported", name, text))
	}
	return text
}

// ints returns an attribute, or nil where it is left out.
func (c *call) ints(name string) []int {
	a := c.attribute(name, onnxfile.IntsAttribute)
	if a == nil {
		return nil
	}
	list := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		list[i] = int(v)
	}
	return list
}

// intsOr is ints with a value for each of n places where it is left out.
func (c *call) intsOr(name string, n, value int) []int {
	list := c.ints(name)
	if len(list) == 0 {
		return slices.Repeat([]int{value}, n)
	}
	if len(list) != n {
		panic(fmt.Errorf("attribute %s has %d values, expected %d", name, len(list), n))
	}
	return list
}

// ignore passes over attributes that change nothing here.
func (c *call) ignore(names ...string) {
	for _, name := range names {
		delete(c.attributes, name)
	}
}

// axis returns an attribute that names an axis of rank axes.
func (c *call) axis(name string, otherwise, rank int) int {
	return axisOf(c.int(name, otherwise), rank)
}

// axisOf counts negative axes from the end.
func axisOf(axis, rank int) int {
	if axis < -rank || axis >= rank {
		panic(fmt.Errorf("axis %d of a tensor of rank %d", axis, rank))
	}
	if axis < 0 {
		axis += rank
	}
	return axis
}

func axesOf(axes []int, rank int) []int {
	out := make([]int, len(axes))
	for i, a := range axes {
		out[i] = axisOf(a, rank)
	}
	return out
}

// axesFrom returns axes that are an attribute up to an opset and an operand from then on; nil where they are left out.
func (c *call) axesFrom(i, opset int) []int {
	axes := c.ints("axes")
	if c.opset >= opset && c.has(i) {
		axes = c.known(i).integers()
	}
	return axes
}

// node returns operand i in the model's order of axes.
func (c *call) node(i int) *Node { return c.input(i).straight(c.g) }
