package onnx

import (
	"slices"

	"github.com/dvml/dvml/backbone"
)

// CutShape is the shape, without the batch, of what BuildUntil gives for images of size x size.
func (b *Backbone) CutShape(cut string, size int) ([]int, error) {
	if cut != backbone.Features && b.net.producer[cut] == nil {
		return nil, backbone.CheckCut(b, cut)
	}
	s, err := b.sketch(1, size, cut)
	if err != nil {
		return nil, err
	}
	b.mutex.Lock()
	b.sides[cut] = size
	b.mutex.Unlock()
	if cut == backbone.Features {
		return []int{b.features}, nil
	}
	crossing := b.crossing(cut)
	if len(crossing) == 1 {
		return slices.Clone(s.batchLeads(crossing[0]).node.Shape().Dimensions[1:]), nil
	}
	total := 0
	for _, name := range crossing {
		total += volume(s.values[name].dims()[1:])
	}
	return []int{total}, nil
}

// HasCut reports whether the network can be cut at a name: that of any tensor that is computed from the images.
func (b *Backbone) HasCut(name string) (ok bool) {
	defer func() {
		if recover() != nil { // what cannot be built cannot be cut
			ok = false
		}
	}()
	if name == backbone.Features {
		return true
	}
	needed := b.net.needed([]string{b.spec.Output}, nil)
	if node := b.net.producer[name]; node == nil || !slices.Contains(needed, node) {
		return false
	}
	_, err := b.CutShape(name, b.anySize())
	return err == nil
}

// Variables lists the network's variables.
func (b *Backbone) Variables() []backbone.Variable { return b.VariablesUntil(backbone.Features) }

// VariablesUntil lists those that BuildUntil reads.
func (b *Backbone) VariablesUntil(cut string) []backbone.Variable {
	read := map[string]bool{}
	for _, node := range b.net.needed(b.crossing(cut), nil) {
		for _, name := range node.Inputs {
			read[name] = true
		}
	}
	var list []backbone.Variable
	for _, w := range b.net.ordered {
		if read[w.Name] {
			list = append(list, backbone.Variable{Path: w.Path, Shape: w.Shape, Trainable: !w.Statistic})
		}
	}
	return list
}

// Parameters is the number of trainable values.
func (b *Backbone) Parameters() int {
	total := 0
	for _, v := range b.Variables() {
		if v.Trainable {
			total += volume(v.Shape)
		}
	}
	return total
}

// FLOPs are the floating point operations of convolutions and products for one image, two per multiply-add.
func (b *Backbone) FLOPs(size int) int64 { return b.FLOPsUntil(backbone.Features, size) }

// FLOPsUntil is FLOPs up to the named cut. It is 0 for images that the network does not take.
func (b *Backbone) FLOPsUntil(cut string, size int) int64 {
	s, err := b.sketch(1, size, cut)
	if err != nil {
		return 0
	}
	return 2 * int64(s.macs)
}

// Activations is the number of values that the network computes for one image.
func (b *Backbone) Activations(size int) int64 {
	s, err := b.sketch(1, size, backbone.Features)
	if err != nil {
		return 0
	}
	var total int64
	for name, v := range s.values {
		if v.node != nil && b.net.weights[name] == nil {
			total += int64(volume(v.dims()))
		}
	}
	return total
}

// Nodes describes the network for a drawing of it, the input first. Shapes are in the model's order of axes.
func (b *Backbone) Nodes(size int) []backbone.GraphNode {
	list := []backbone.GraphNode{{Name: backbone.Input, Op: backbone.Input, Shape: []int{-1, size, size, 3}}}
	s, err := b.sketch(1, size, backbone.Features)
	if err != nil {
		return list
	}
	shown, taken := map[string]string{b.net.Input.Name: backbone.Input}, newNamer()
	for _, node := range b.net.needed([]string{b.spec.Output}, nil) {
		v := s.values[node.Outputs[0]]
		if v == nil || v.constant != nil {
			continue
		}
		g := backbone.GraphNode{Name: taken.unique(clean(nodeName(node))), Op: node.Op}
		if v.node != nil {
			g.Shape = append([]int{-1}, v.dims()[min(1, v.rank()):]...)
		}
		for _, name := range node.Inputs {
			if from := shown[name]; from != "" {
				g.Inputs = append(g.Inputs, from)
			}
		}
		for _, name := range node.Outputs {
			shown[name] = g.Name
		}
		list = append(list, g)
	}
	return list
}
