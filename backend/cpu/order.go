package cpu

import "slices"

// order says how a tensor lies in memory: axis order[i] of the tensor is axis i of what lies there. nil is as it is.
type order []int

// at returns the axis of what lies in memory that is axis a of the tensor.
func (o order) at(a int) int {
	if o == nil {
		return a
	}
	return slices.Index(o, a)
}

// full returns o with the axes written out.
func (o order) full(rank int) order {
	if o != nil {
		return o
	}
	o = make(order, rank)
	for i := range o {
		o[i] = i
	}
	return o
}

// real returns the axes longer than 1 in the order in which they lie.
func (o order) real(dims []int) []int {
	var axes []int
	for _, a := range o.full(len(dims)) {
		if dims[a] != 1 {
			axes = append(axes, a)
		}
	}
	return axes
}

// same reports whether tensors of dims lie equally in both orders: axes of length 1 lie anywhere.
func (o order) same(p order, dims []int) bool {
	return slices.Equal(o, p) || slices.Equal(o.real(dims), p.real(dims))
}

// permuted returns list, which has an element for each axis of a tensor, in the order of what lies in memory. Empty lists stay empty.
func permuted[T any](o order, list []T) []T {
	if o == nil || len(list) == 0 {
		return list
	}
	out := make([]T, len(list))
	for i, a := range o {
		out[i] = list[a]
	}
	return out
}

// axesAt returns where axes of a tensor lie.
func (o order) axesAt(axes []int) []int {
	out := make([]int, len(axes))
	for i, a := range axes {
		out[i] = o.at(a)
	}
	return out
}

// through returns the order in which a reshape from dims to into leaves a tensor that lies in order o, where there is one: o moves whole groups of
// axes that the reshape parts or joins.
func (o order) through(dims, into []int) (order, bool) {
	var groups [][2][]int // axes of dims and of into of one size
	i, j := 0, 0
	for i < len(dims) || j < len(into) {
		var g [2][]int
		a, b := 1, 1
		take := func() bool {
			switch {
			case a <= b && i < len(dims):
				a *= dims[i]
				if dims[i] != 1 {
					g[0] = append(g[0], i)
				}
				i++
			case j < len(into):
				b *= into[j]
				if into[j] != 1 {
					g[1] = append(g[1], j)
				}
				j++
			default:
				return false
			}
			return true
		}
		for take() && (a != b || a == 1) {
		}
		groups = append(groups, g)
	}
	var out order
	left := o.real(dims)
	for len(left) > 0 {
		found := false
		for _, g := range groups {
			if n := len(g[0]); n > 0 && n <= len(left) && slices.Equal(left[:n], g[0]) {
				out, left, found = append(out, g[1]...), left[n:], true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	for a, d := range into {
		if d == 1 {
			out = append(out, a)
		}
	}
	if slices.IsSorted(out) {
		return nil, true
	}
	return out, true
}

// sortedAxes returns the order of a tensor's axes by what key gives for each.
func sortedAxes(rank int, key func(a int) int) order {
	o := order(nil).full(rank)
	slices.SortStableFunc(o, func(a, b int) int { return key(a) - key(b) })
	if slices.IsSorted(o) {
		return nil
	}
	return o
}
