package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// Sums along the last axis are taken by the group that computes what they sum: a tile is a number of whole rows, so that each row's sum is known within
// the tile, and what is computed of it, a value per row, goes back to the row's elements there. Layer norm and softmax's gradient are one pass each.

// leastRow is how long rows must be for their sums to be worth a call each.
const leastRow = 8

// rowSum reports whether n adds up the rows of a matrix [k, width], several rows which fit a tile.
func rowSum(n *node) bool {
	if n.kind != compute.OpTypeReduceSum || !n.float() || n.in[0].shape.Rank() < 2 {
		return false
	}
	d := n.in[0].dims()
	width := d[len(d)-1]
	outer, k, inner, ok := middle(d, n.args.(*reduceSumArgs).axes)
	return ok && inner == 1 && k == width && outer > 1 && width >= leastRow && width <= tile
}

// startRows makes a group of each sum of rows, which others then join.
func (g *graph) startRows() {
	for _, n := range g.nodes {
		if n.group == nil && rowSum(n) {
			n.group = &group{dims: n.in[0].dims(), members: []*node{n}, last: n}
			n.perRow = true
		}
	}
}

// sumsRows reports whether sums of rows are among the members.
func (gr *group) sumsRows() bool {
	return slices.ContainsFunc(gr.members, func(m *node) bool { return m.perRow })
}

// elements is how many a group has.
func (gr *group) elements() int {
	n := 1
	for _, d := range gr.dims {
		n *= d
	}
	return n
}

// perRowOf reports whether n names a value per row that into computes, perhaps under another shape; reshapes are the names between, in
// their order.
func (n *node) perRowOf(into *group) (reshapes []*node, ok bool) {
	for n.group == nil && n.kind == compute.OpTypeReshape && n.float() {
		reshapes = append([]*node{n}, reshapes...)
		n = n.in[0]
	}
	return reshapes, n.group == into && n.perRow
}

// joinRows moves gr into the group whose sums of rows it reads, or that computes what it sums, and reports whether it did.
func (gr *group) joinRows(position map[*node]int) bool {
	into := gr.rowHost(position)
	if into == nil || into.lastPass() || gr.lastPass() || len(into.members)+len(gr.members) >= maxMembers {
		return false
	}
	rows := !slices.Equal(gr.dims, into.dims)
	if rows && gr.elements()*into.dims[len(into.dims)-1] != into.elements() {
		return false
	}
	var names []*node
	for _, m := range gr.members {
		if m.kind == compute.OpTypeReduceSum && (rows || !into.width(m)) || rows && m.kind == compute.OpTypeBroadcastInDim && !m.splats() {
			return false
		}
		for _, in := range m.in {
			reshapes, own := in.perRowOf(into)
			switch {
			case in.group == gr:
			case own:
				if !rows && !spreads(m, in) {
					return false
				}
				names = append(names, reshapes...)
			case in.group == into:
				if in.kind == compute.OpTypeReduceSum || rows { // a sum of columns, or what has no value per row
					return false
				}
			case ready(in, position) >= position[into.last]:
				return false
			case rows && !in.splats() && !slices.Equal(in.dims(), gr.dims):
				return false
			}
		}
	}
	for _, n := range names {
		if n.group == nil {
			n.group, n.perRow = into, true
			into.members = append(into.members, n)
		}
	}
	for _, m := range gr.members {
		m.perRow = m.perRow || rows
	}
	gr.moveTo(into)
	return true
}

// spreads reports whether m, which has the group's shape, takes its operand in, a value per row, for each element of the row.
func spreads(m, in *node) bool {
	d := in.dims()
	if m.kind != compute.OpTypeBroadcastInDim {
		return len(d) == m.shape.Rank() && d[len(d)-1] == 1
	}
	for i, a := range m.args.(*broadcastInDimArgs).broadcastAxes {
		if d[i] > 1 && a == m.shape.Rank()-1 {
			return false
		}
	}
	return true
}

// rowHost returns the group that gr may move to: the last of those that compute what it reads, if it is one whose sums of rows gr reads or has.
func (gr *group) rowHost(position map[*node]int) *group {
	var into *group
	reads := false
	for _, m := range gr.members {
		for _, in := range m.in {
			for in.group == nil && in.kind == compute.OpTypeReshape {
				in = in.in[0]
			}
			if in.group == nil || in.group == gr {
				continue
			}
			h := in.group
			if into == nil || position[h.last] > position[into.last] {
				into, reads = h, false
			}
			reads = reads || h == into && (in.perRow || m.perRow && slices.Equal(h.dims, gr.dims))
		}
	}
	if !reads {
		return nil
	}
	return into
}
