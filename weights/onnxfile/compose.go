package onnxfile

import "fmt"

// Composer appends nodes and constants to a graph and gives what they make names under its scope.
type Composer struct {
	Graph *Graph
	Scope string // the first part of all names: "preprocessing"

	made int
}

// Add appends a node and returns the name of what it gives. An input that is "" is left out.
func (c *Composer) Add(op string, inputs []string, attributes ...*Attribute) string {
	return c.AddNamed(c.name(op), op, inputs, attributes...)
}

// AddNamed is Add where the result has a given name.
func (c *Composer) AddNamed(output, op string, inputs []string, attributes ...*Attribute) string {
	c.Graph.Nodes = append(c.Graph.Nodes, &Node{Name: output, Op: op, Inputs: inputs, Outputs: []string{output}, Attributes: attributes})
	return output
}

// Constant appends a tensor under its own name, or, where it has none, under one that is made, and returns the name.
func (c *Composer) Constant(t *Tensor) string {
	if t.Name == "" {
		t.Name = c.name("constant")
	}
	c.Graph.Initializers = append(c.Graph.Initializers, t)
	return t.Name
}

// Ints is Constant of a list of integers, [len(values)].
func (c *Composer) Ints(values ...int64) string {
	return c.Constant(NewInts("", []int{len(values)}, values...))
}

// Int is Constant of one integer, of no axes.
func (c *Composer) Int(value int64) string { return c.Constant(NewInts("", []int{}, value)) }

func (c *Composer) name(what string) string {
	c.made++
	return fmt.Sprintf("%s/%s_%d", c.Scope, what, c.made)
}

// IntOf makes an attribute.
func IntOf(name string, value int64) *Attribute {
	return &Attribute{Name: name, Type: IntAttribute, Int: value}
}

// IntsOf makes an attribute of a list.
func IntsOf(name string, values ...int64) *Attribute {
	return &Attribute{Name: name, Type: IntsAttribute, Ints: values}
}

// FloatOf makes an attribute.
func FloatOf(name string, value float32) *Attribute {
	return &Attribute{Name: name, Type: FloatAttribute, Float: value}
}

// TextOf makes an attribute.
func TextOf(name, value string) *Attribute {
	return &Attribute{Name: name, Type: TextAttribute, Text: value}
}
