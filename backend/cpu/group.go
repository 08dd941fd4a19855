package cpu

import "slices"

// group is a set of element-wise nodes that run together, tile by tile, in one pass over memory. All have the shape of its last node.
type group struct {
	members []*node // in graph order
	outputs []*node // members that others read
}

// cluster puts element-wise nodes into groups: a node joins the group of its readers if they are all in one group of its shape, or are results.
// Nodes are visited from the end, so a group grows upwards from its last node and never waits for one of its own readers.
func (g *graph) cluster() {
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		if !elementwise(n) || n.param >= 0 {
			continue
		}
		n.group = joinable(n)
		if n.group == nil {
			n.group = &group{}
		}
		n.group.members = append(n.group.members, n)
	}
	seen := map[*group]bool{}
	for _, n := range g.nodes {
		gr := n.group
		if gr == nil || seen[gr] {
			continue
		}
		seen[gr] = true
		slices.Reverse(gr.members)
		for _, m := range gr.members {
			if m.result || slices.ContainsFunc(m.users, func(u *node) bool { return u.group != gr }) {
				gr.outputs = append(gr.outputs, m)
			}
		}
	}
}

// maxMembers bounds a group, whose registers must stay in the cache.
const maxMembers = 64

// joinable returns the group that n may join: the one of all its readers.
func joinable(n *node) *group {
	var gr *group
	for _, u := range n.users {
		if u.group == nil || gr != nil && u.group != gr || !slices.Equal(u.dims(), n.dims()) {
			return nil
		}
		gr = u.group
	}
	if gr == nil || len(gr.members) >= maxMembers {
		return nil
	}
	return gr
}
