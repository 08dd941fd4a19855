package onnx

import (
	"fmt"

	"github.com/dvml/dvml/weights/onnxfile"
)

// maxNodes bounds what functions expand to.
const maxNodes = 1 << 17

// inline returns the nodes of the model's graph with calls of the model's own functions replaced by their bodies.
func inline(m *onnxfile.Model) ([]*onnxfile.Node, error) {
	functions := map[[2]string]*onnxfile.Function{}
	for _, f := range m.Functions {
		functions[[2]string{f.Domain, f.Name}] = f
	}
	e := &expander{functions: functions}
	if err := e.expand(m.Graph.Nodes, 0); err != nil {
		return nil, err
	}
	return e.nodes, nil
}

type expander struct {
	functions map[[2]string]*onnxfile.Function
	nodes     []*onnxfile.Node
	calls     int
}

func (e *expander) expand(nodes []*onnxfile.Node, depth int) error {
	if depth > 32 {
		return fmt.Errorf("functions of the model call each other more than 32 deep")
	}
	for _, n := range nodes {
		f := e.functions[[2]string{n.Domain, n.Op}]
		if f == nil {
			if e.nodes = append(e.nodes, n); len(e.nodes) > maxNodes {
				return fmt.Errorf("the model has more than %d nodes", maxNodes)
			}
			continue
		}
		if e.calls++; e.calls > maxNodes {
			return fmt.Errorf("the model calls its functions more than %d times", maxNodes)
		}
		if err := e.expand(body(f, n, fmt.Sprintf("%s/%d/", nodeName(n), e.calls)), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// body returns a function's nodes as a call needs them: its own names behind a prefix, its inputs, outputs and attributes those of the call.
func body(f *onnxfile.Function, call *onnxfile.Node, prefix string) []*onnxfile.Node {
	names := map[string]string{"": ""}
	for i, name := range f.Inputs {
		names[name] = ""
		if i < len(call.Inputs) {
			names[name] = call.Inputs[i]
		}
	}
	for i, name := range f.Outputs {
		if i < len(call.Outputs) && call.Outputs[i] != "" {
			names[name] = call.Outputs[i]
		}
	}
	renamed := func(list []string) []string {
		out := make([]string, len(list))
		for i, name := range list {
			outer, ok := names[name]
			if !ok {
				outer = prefix + name
			}
			out[i] = outer
		}
		return out
	}
	given := map[string]*onnxfile.Attribute{}
	for _, a := range f.Defaults {
		given[a.Name] = a
	}
	for _, a := range call.Attributes {
		given[a.Name] = a
	}
	var nodes []*onnxfile.Node
	for _, n := range f.Nodes {
		copied := &onnxfile.Node{Name: prefix + n.Name, Op: n.Op, Domain: n.Domain, Inputs: renamed(n.Inputs), Outputs: renamed(n.Outputs)}
		for _, a := range n.Attributes {
			if a.Refers != "" {
				from := given[a.Refers]
				if from == nil {
					continue // left out by the call: the operation's default
				}
				value := *from
				value.Name = a.Name
				a = &value
			}
			copied.Attributes = append(copied.Attributes, a)
		}
		nodes = append(nodes, copied)
	}
	return nodes
}
