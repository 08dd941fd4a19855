package cpu

import "slices"

// group is a set of element-wise nodes that run together, tile by tile, in one pass over memory, with sums of what they give.
type group struct {
	dims    []int   // of its members; sums reduce it
	members []*node // in an order in which each stands after those it reads; sums among them
	outputs []*node // members that others read
	last    *node   // the member in whose place the group runs
}

// cluster puts element-wise nodes into groups: a node joins the group of its readers if they are all in one group of its shape, or are results.
// Nodes are visited from the end, so a group grows upwards from its last node and never waits for one of its own readers.
func (g *graph) cluster() {
	copies := map[*node][]*node{}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		n := g.nodes[i]
		if !elementwise(n) || n.param >= 0 {
			continue
		}
		if copies[n] = g.repeat(n); copies[n] != nil {
			continue
		}
		n.group = joinable(n)
		if n.group == nil {
			n.group = &group{dims: n.dims(), last: n}
		}
		n.group.members = append(n.group.members, n)
	}
	var nodes []*node
	for _, n := range g.nodes {
		if c := copies[n]; c != nil {
			nodes = append(nodes, c...)
		} else {
			nodes = append(nodes, n)
		}
	}
	g.nodes = nodes
	g.link()
	for _, gr := range g.groups() {
		slices.Reverse(gr.members)
		gr.findOutputs()
	}
}

// groups returns the graph's groups in the order of their first members.
func (g *graph) groups() []*group {
	var list []*group
	seen := map[*group]bool{}
	for _, n := range g.nodes {
		if gr := n.group; gr != nil && !seen[gr] {
			seen[gr] = true
			list = append(list, gr)
		}
	}
	return list
}

// findOutputs lists the members that others read. Other groups know a constant that is the same everywhere without reading it.
func (gr *group) findOutputs() {
	gr.outputs = nil
	for _, m := range gr.members {
		constant := m.splats()
		if m.result || slices.ContainsFunc(m.users, func(u *node) bool { return u.group != gr && !(constant && u.group != nil) }) {
			gr.outputs = append(gr.outputs, m)
		}
	}
}

// maxMembers bounds a group, whose registers must stay in the cache.
const maxMembers = 64

// joinable returns the group that n may join: the one of all its readers.
func joinable(n *node) *group {
	var gr *group
	for _, u := range n.users {
		if u.group == nil || gr != nil && u.group != gr || !slices.Equal(u.group.dims, n.dims()) {
			return nil
		}
		gr = u.group
	}
	if gr == nil || len(gr.members) >= maxMembers {
		return nil
	}
	return gr
}

// repeat gives each of the groups that read n a copy of its own, where n is so cheap that to compute it again costs less than to write and read it: a
// tensor that is in memory anyway, and a smaller one. It returns the copies.
func (g *graph) repeat(n *node) []*node {
	if n.result || !has(binaries, n.kind) || len(n.users) < 2 {
		return nil
	}
	x, row := n.in[0], n.in[1]
	if slices.Equal(row.dims(), n.dims()) {
		x, row = row, x
	}
	if elementwise(x) && x.param < 0 || !slices.Equal(x.dims(), n.dims()) || row.size() >= x.size() {
		return nil
	}
	readers := map[*group]*node{}
	var copies []*node
	for _, u := range n.users {
		gr := u.group
		if gr == nil || !slices.Equal(gr.dims, n.dims()) || len(gr.members) >= maxMembers {
			return nil
		}
		if readers[gr] == nil {
			c := *n
			c.in, c.users, c.group, c.outputs = slices.Clone(n.in), nil, gr, nil
			c.first = &c
			readers[gr] = &c
			copies = append(copies, &c)
		}
	}
	if len(copies) < 2 {
		return nil
	}
	for _, u := range n.users {
		for i, in := range u.in {
			if in == n {
				u.in[i] = readers[u.group]
			}
		}
	}
	for _, c := range copies {
		c.group.members = append(c.group.members, c)
	}
	return copies
}
