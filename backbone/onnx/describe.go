package onnx

import (
	"fmt"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights/onnxfile"
)

// Description is what can be told of a network in a file before it is imported.
type Description struct {
	Opset         int
	Producer      string
	Input         Input
	Height, Width int         // of the images that the figures are for
	Candidates    []Candidate // what can be taken for the features
	Chosen        string      // what is; empty: it has to be said
	Network       *Backbone   // up to Chosen; nil where that is empty
	Tensors       []Tensor    // all that depends on the images, in order
}

// Tensor is one that a network can be cut at.
type Tensor struct {
	Name  string
	Op    string
	Shape []int // without the batch, in the model's order; nil where it is not a tensor of its own
	Cut   bool  // whether all that comes later is computed from it alone
}

// Describe reads the ONNX model at path.
func Describe(path string, o backbone.Options) (*Description, error) {
	m, err := onnxfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	n, err := New(m)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d := &Description{Opset: n.opset, Producer: m.Producer, Input: n.Input}
	d.Height, d.Width = n.Sides(o.Size)
	if d.Candidates, d.Chosen, err = n.Candidates(d.Height, d.Width); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if o.Output != "" {
		d.Chosen = o.Output
	}
	if d.Chosen == "" {
		return d, nil
	}
	output, size, err := n.choose(backbone.Options{Output: d.Chosen, Size: o.Size})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d.Network, err = open(backbone.Spec{Network: Name, FreezeStatistics: true}, n.pruned(output, size).Marshal()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, d.list(output)
}

// list lists the tensors of the network.
func (d *Description) list(output string) error {
	s, err := d.Network.net.sketch(1, d.Height, d.Width, output)
	if err != nil {
		return err
	}
	cuts := map[string]bool{}
	for _, name := range d.Network.cuts {
		cuts[name] = true
	}
	for _, node := range d.Network.net.needed([]string{output}, nil) {
		for _, name := range node.Outputs {
			v := s.values[name]
			if v == nil || v.constant != nil {
				continue
			}
			t := Tensor{Name: name, Op: node.Op, Cut: cuts[name]}
			if v.node != nil {
				t.Shape = v.dims()[min(1, v.rank()):]
			}
			d.Tensors = append(d.Tensors, t)
		}
	}
	return nil
}
