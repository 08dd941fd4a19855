package onnx

import (
	"slices"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights/onnxfile"
)

// cuts lists the values, in order, through which all that comes after them gets the images. whole is a sketch of the network up to output.
func (n *Network) cuts(whole *builder, output string) []string {
	nodes := n.needed([]string{output}, nil)
	moves := func(name string) bool {
		v := whole.values[name]
		return v != nil && v.node != nil && n.weights[name] == nil || v != nil && v.waiting != nil
	}
	last := map[string]int{output: len(nodes)} // the last node that reads a value
	for i, node := range nodes {
		if !slices.ContainsFunc(node.Outputs, moves) {
			continue // it reads a shape alone
		}
		for _, name := range node.Inputs {
			if moves(name) {
				last[name] = max(last[name], i)
			}
		}
	}
	var cuts []string
	live := map[string]bool{n.Input.Name: true}
	for i, node := range nodes {
		for _, name := range node.Outputs {
			if moves(name) && last[name] > 0 {
				live[name] = true
			}
		}
		for name := range live {
			if last[name] <= i {
				delete(live, name)
			}
		}
		if len(live) != 1 {
			continue
		}
		for name := range live {
			v := whole.values[name]
			if name != n.Input.Name && name != output && name != backbone.Features && !slices.Contains(cuts, name) && v.node != nil && v.rank() > 0 && v.dims()[0] == 1 {
				cuts = append(cuts, name)
			}
		}
	}
	return cuts
}

// crossing lists the values that are computed, from the images, with the named one or before it, and are needed after it.
func (n *Network) crossing(cut, output string) []string {
	before := map[*onnxfile.Node]bool{}
	for _, node := range n.needed([]string{cut}, nil) {
		before[node] = true
	}
	s := newSorter([]string{n.Input.Name}, n.nodes)
	var list []string
	for _, node := range n.needed([]string{output}, nil) {
		if before[node] || node.Op == "Shape" || node.Op == "Size" {
			continue
		}
		for _, name := range node.Inputs {
			from := n.producer[name]
			if from != nil && before[from] && s.dynamic[name] && !slices.Contains(list, name) {
				list = append(list, name)
			}
		}
	}
	if len(list) == 0 {
		return []string{cut} // the output itself
	}
	return list
}
