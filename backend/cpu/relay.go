package cpu

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// apply changes the graph to the orders that were chosen: shapes and arguments, and what is laid out anew for its readers.
func (l *layout) apply() {
	l.laid = map[*node]map[string]*node{}
	forms := map[*node]form{}
	for _, n := range l.g.nodes {
		forms[n] = l.formOf(n)
	}
	old := l.g.nodes
	l.g.nodes = nil
	dims := map[*node][]int{} // as they stand in the graph
	for _, n := range old {
		dims[n] = n.dims()
		f := forms[n]
		in := slices.Clone(n.in)
		for i, x := range n.in {
			if x != nil && i < len(f.in) {
				in[i] = l.lay(x, dims[x], f.in[i])
			}
		}
		n.in, n.args = in, f.args
		if o := l.order[n]; o != nil {
			n.shape = permutedShape(n.shape, o)
		}
		if t, ok := n.args.(*transposeArgs); ok && order(t.permutation).same(nil, in[0].dims()) {
			n.kind, n.args = compute.OpTypeReshape, &reshapeArgs{n.dims()}
		}
		l.g.nodes = append(l.g.nodes, n)
	}
	for i, r := range l.g.results {
		if l.order[r] != nil {
			l.g.results[i] = l.lay(r, dims[r], nil)
			r.result, l.g.results[i].result = false, true
		}
	}
	for i, n := range l.g.nodes {
		n.id = i
	}
	l.g.sweep()
}

// lay returns x as it lies in order o; dims are the graph's.
func (l *layout) lay(x *node, dims []int, o order) *node {
	from := l.order[x]
	if slices.Equal(from, o) || len(dims) < 2 {
		return x
	}
	key := fmt.Sprint(o)
	if y := l.laid[x][key]; y != nil {
		return y
	}
	permutation := make([]int, len(dims))
	for i, a := range o.full(len(dims)) {
		permutation[i] = from.at(a)
	}
	y := &node{in: []*node{x}, param: -1, shape: permutedShape(x.shape, permutation)}
	y.first, y.outputs = y, []*node{y}
	switch c, constant := x.args.(*constantArgs); {
	case order(permutation).same(nil, x.dims()):
		y.kind, y.args = compute.OpTypeReshape, &reshapeArgs{y.dims()}
	case constant:
		y.kind, y.in = compute.OpTypeConstant, nil
		y.args = &constantArgs{transposedConstant(c.flat, x.dims(), permutation, x.shape.DType.Size()), y.dims()}
	default:
		y.kind, y.args = compute.OpTypeTranspose, &transposeArgs{permutation}
	}
	l.g.nodes = append(l.g.nodes, y)
	if l.laid[x] == nil {
		l.laid[x] = map[string]*node{}
	}
	l.laid[x][key] = y
	return y
}

// transposedConstant returns the values of a constant of dims with its axes permuted.
func transposedConstant(flat any, dims, permutation []int, unit int) any {
	from := rowMajor(dims, 1)
	out := reflect.MakeSlice(reflect.TypeOf(flat), reflect.ValueOf(flat).Len(), reflect.ValueOf(flat).Len()).Interface()
	b := newBox(permuted(permutation, dims), permuted(permutation, from), rowMajor(permuted(permutation, dims), 1), unit)
	b.copy(dtypes.UnsafeByteSliceFromAny(out), dtypes.UnsafeByteSliceFromAny(flat), 0, b.outer)
	return out
}
