package onnx

import (
	"encoding/json"
	"fmt"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights/onnxfile"
)

// inner returns the part of a model that dvml exported which begins at the normalised images: what
// stands before them prepares photographs, which an import does itself. Models of others are
// returned as they are.
func inner(m *onnxfile.Model) (*onnxfile.Model, error) {
	name := m.Meta[backbone.MetaInner]
	if name == "" {
		return m, nil
	}
	p, err := preparedOf(m)
	if err != nil {
		return nil, err
	}
	side, three, any := onnxfile.Dim{Size: p.Crop}, onnxfile.Dim{Size: 3}, onnxfile.Dim{Size: -1, Name: "N"}
	dims := []onnxfile.Dim{any, three, side, side}
	if m.Meta[backbone.MetaLayout] == "NHWC" {
		dims = []onnxfile.Dim{any, side, side, three}
	}
	producer := map[string]*onnxfile.Node{}
	for _, n := range m.Graph.Nodes {
		for _, out := range n.Outputs {
			producer[out] = n
		}
	}
	var stack []string
	for _, v := range m.Graph.Outputs {
		stack = append(stack, v.Name)
	}
	kept, read := map[*onnxfile.Node]bool{}, map[string]bool{}
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		read[at] = true
		if n := producer[at]; n != nil && at != name && !kept[n] {
			kept[n] = true
			stack = append(stack, n.Inputs...)
		}
	}
	g := &onnxfile.Graph{Name: m.Graph.Name, Outputs: m.Graph.Outputs, Inputs: []*onnxfile.Value{{Name: name, Type: onnxfile.Float, Dims: dims}}}
	for _, n := range m.Graph.Nodes {
		if kept[n] {
			g.Nodes = append(g.Nodes, n)
		}
	}
	for _, t := range m.Graph.Initializers {
		if read[t.Name] {
			g.Initializers = append(g.Initializers, t)
		}
	}
	cut := *m
	cut.Graph = g
	return &cut, nil
}

// preparedOf reads how a model that dvml exported prepares photographs.
func preparedOf(m *onnxfile.Model) (p backbone.Prepared, err error) {
	text := m.Meta[backbone.MetaPrepared]
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("the model's metadata %q: %w", backbone.MetaPrepared, err)
	}
	if p.Crop < 1 || p.Crop > maxSide || p.Size < 1 || p.Size > maxSide || p.Resize < 0 || p.Resize > maxSide {
		return p, fmt.Errorf("the model's metadata %q is %s: sizes are from 1 to %d", backbone.MetaPrepared, text, maxSide)
	}
	return p, nil
}
