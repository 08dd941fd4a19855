package cpu

import (
	"slices"

	"github.com/gomlx/compute"
)

// joinSums gives column sums of what groups compute to these groups, so that what is summed is not read again, and often not even written: batch norm's
// statistics and its gradients'. Then a group that reads what another computes moves there, if it only sums it or is the last one outside to read it.
func (g *graph) joinSums() {
	position := map[*node]int{}
	for i, n := range g.nodes {
		position[n] = i
	}
	for _, n := range g.nodes {
		if gr := n.in0Group(); gr != nil && columnSum(n) && gr.width(n) && !gr.lastPass() {
			n.group = gr
			gr.members = append(gr.members, n)
		}
	}
	g.startRows()
	groups := g.groups()
	for _, gr := range groups {
		gr.findOutputs()
	}
	for moved := true; moved; {
		moved = false
		for i, gr := range groups {
			if gr == nil {
				continue
			}
			if into := gr.host(position); into != nil {
				gr.moveTo(into)
				groups[i], moved = nil, true
			} else if gr.joinRows(position) {
				groups[i], moved = nil, true
			}
		}
	}
}

// moveTo makes gr's members into's.
func (gr *group) moveTo(into *group) {
	for _, m := range gr.members {
		m.group = into
	}
	into.members = append(into.members, gr.members...)
	into.findOutputs()
}

// in0Group is the group of n's first operand, or nil.
func (n *node) in0Group() *group {
	if len(n.in) == 0 || n.in[0] == nil {
		return nil
	}
	return n.in[0].group
}

// columnSum reports whether n adds up the rows of a matrix [k, inner] whose rows fit a tile.
func columnSum(n *node) bool {
	if n.kind != compute.OpTypeReduceSum || !n.float() || n.group != nil {
		return false
	}
	outer, k, inner, ok := middle(n.in[0].dims(), n.args.(*reduceSumArgs).axes)
	return ok && outer == 1 && k > 1 && inner > 1 && inner <= tile
}

// width reports whether the sum n is of the group's shape, and of rows as wide as those that the group sums or adds up.
func (gr *group) width(n *node) bool {
	if !slices.Equal(n.in[0].dims(), gr.dims) || len(gr.members) >= maxMembers {
		return false
	}
	for _, m := range gr.members {
		if m.kind == compute.OpTypeReduceSum && m.rowWidth() != n.rowWidth() {
			return false
		}
	}
	return true
}

// rowWidth is how long the rows are that the sum n adds up, or that it takes the sum of each of.
func (n *node) rowWidth() int {
	if d := n.in[0].dims(); n.perRow {
		return d[len(d)-1]
	}
	return n.size()
}

// onlySums reports whether nothing of the group is written but sums.
func (gr *group) onlySums() bool {
	return !slices.ContainsFunc(gr.outputs, func(o *node) bool { return o.kind != compute.OpTypeReduceSum })
}

// lastReader reports whether what gr reads of into is read by no third group or step, so that it need not be written when gr moves there.
func (gr *group) lastReader(into *group) bool {
	for _, o := range into.outputs {
		if slices.ContainsFunc(o.users, func(u *node) bool { return u.group == gr }) &&
			(o.result || slices.ContainsFunc(o.users, func(u *node) bool { return u.group != gr && u.group != into })) {
			return false
		}
	}
	return true
}

// lastPass reports whether a convolution's last pass stands for the group.
func (gr *group) lastPass() bool {
	for _, m := range gr.members {
		for _, in := range m.in {
			if in.kind == compute.OpTypeConvGeneral {
				if _, ok := epilogueOf(in); ok {
					return true
				}
			}
		}
	}
	return false
}

// host returns a group that computes what gr reads, after all else that gr reads, and may compute gr too: then its result is not read again.
func (gr *group) host(position map[*node]int) *group {
	var into *group
	for _, m := range gr.members {
		for _, in := range m.in {
			if h := in.group; h != nil && h != gr && slices.Equal(h.dims, gr.dims) && (into == nil || position[h.last] > position[into.last]) {
				into = h
			}
		}
	}
	if into == nil || into.lastPass() || gr.lastPass() || !gr.onlySums() && !into.sumsRows() && !gr.lastReader(into) || len(into.members)+len(gr.members) > maxMembers {
		return nil
	}
	for _, m := range gr.members {
		if m.kind == compute.OpTypeReduceSum && !into.width(m) {
			return nil
		}
		for _, in := range m.in {
			member := in.group == gr || in.group == into && in.kind != compute.OpTypeReduceSum && !in.perRow // into's sums are known when all its tiles are done
			if !member && ready(in, position) >= position[into.last] {
				return nil
			}
		}
	}
	return into
}

// ready is the position of the step that computes n; what is known before all steps comes before the first.
func ready(n *node, position map[*node]int) int {
	if n.param >= 0 || n.splats() || n.kind == compute.OpTypeConstant {
		return -1
	}
	if n.group != nil {
		return position[n.group.last]
	}
	if n.sameMemory() {
		return ready(n.in[0], position)
	}
	return position[n.first]
}
