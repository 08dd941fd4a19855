package onnx

import (
	"fmt"
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas

	"github.com/dvml/dvml/weights/onnxfile"
)

// builder adds nodes of a network to a graph. All shapes are known while it does, so what a network computes from shapes are constants.
type builder struct {
	*Network
	g    *Graph
	read func(w *Weight) *Node // a weight's value in this graph
	// move takes a running average of batch norm towards the batch's value by the given share; nil where the averages stay.
	move                 func(w *Weight, now *Node, share float64)
	training, statistics bool // statistics: batch norm uses the batch's in training

	values map[string]*value
	uses   map[string]int            // how often a value is read, by nodes and as a result
	reader map[string]*onnxfile.Node // one node that reads it
	asked  []string                  // the results
	macs   int                       // multiply-adds so far

	// A network exported for one size of batch holds shapes with that size in them. Where the batch is of another size, declared has the shapes of
	// all values at the size of the export, and factor tells how many times larger the batch is.
	declared map[string][]int
	fixed    map[string]*constant // the constants at that size
	batch    int
}

// begin prepares a builder that runs the given nodes for the given results.
func (n *Network) begin(g *Graph, nodes []*onnxfile.Node, results ...string) *builder {
	b := &builder{Network: n, g: g, values: map[string]*value{}, uses: map[string]int{}, reader: map[string]*onnxfile.Node{}, asked: results}
	for _, node := range nodes {
		for _, name := range node.Inputs {
			b.uses[name]++
			b.reader[name] = node
		}
	}
	for _, name := range results {
		b.uses[name] += 2 // more readers than one node
	}
	return b
}

// maxMap bounds the values of a tensor that is computed from the images: 16 GB.
const maxMap = 1 << 32

// run adds nodes, in order.
func (b *builder) run(nodes []*onnxfile.Node) {
	for _, n := range nodes {
		if b.done(n) {
			continue
		}
		in := make([]*value, len(n.Inputs))
		for i, name := range n.Inputs {
			if name == "" {
				continue
			}
			if in[i] = b.value(name); in[i] == nil {
				panic(b.explain(n, fmt.Errorf("its input %q is given by nothing", name)))
			}
		}
		for len(in) > 0 && in[len(in)-1] == nil {
			in = in[:len(in)-1]
		}
		out, err := b.apply(n, in)
		if err != nil {
			panic(err)
		}
		for i, name := range n.Outputs {
			if name == "" {
				continue
			}
			if i >= len(out) {
				if b.uses[name] > 0 {
					panic(b.explain(n, fmt.Errorf("its output %q is not supported", name)))
				}
				continue
			}
			if v := out[i]; v != nil && v.node != nil && v.node.Shape().Size() > maxMap {
				panic(b.explain(n, fmt.Errorf("a tensor of shape %v is too large", v.dims())))
			}
			b.values[name] = out[i]
		}
	}
}

// done reports whether all that a node gives is known: it was computed before, or is a weight.
func (b *builder) done(n *onnxfile.Node) bool {
	return !slices.ContainsFunc(n.Outputs, func(name string) bool { return name != "" && b.values[name] == nil && b.weights[name] == nil })
}

// value returns what a name stands for, or nil.
func (b *builder) value(name string) *value {
	if v := b.values[name]; v != nil {
		return v
	}
	var v *value
	if w := b.weights[name]; w != nil {
		v = permuted(b.read(w), w.perm)
	} else if c := b.constants[name]; c != nil {
		v = constantValue(c)
	}
	if v != nil {
		b.values[name] = v
	}
	return v
}

// soleConsumer returns the one node that reads a value, or nil where there are several or the value is a result.
func (b *builder) soleConsumer(name string) *onnxfile.Node {
	if b.uses[name] != 1 {
		return nil
	}
	return b.reader[name]
}

// count adds multiply-adds.
func (b *builder) count(n int) { b.macs += n }

// freedShape returns the shape that a Reshape makes of x, given what it makes of the shape at the export's size of batch, where the batch is of another
// size; nil where x does not depend on the batch. It is the export's shape with the batch's size in place of the old one.
func (c *call) freedShape(x *value, resolve func(dims []int) []int) []int {
	old := c.declared[c.n.Inputs[0]]
	if old == nil || slices.Equal(old, x.dims()) {
		return nil
	}
	if len(c.n.Inputs) > 1 {
		if was := c.fixed[c.n.Inputs[1]]; was != nil && !slices.Equal(was.integers(), c.known(1).integers()) {
			return nil // the shape follows the batch by itself
		}
	}
	axis := -1
	for i, d := range x.dims() {
		if d != old[i] && (axis >= 0 || d%c.batch != 0 || d/c.batch*c.declaredBatch() != old[i]) {
			panic(fmt.Errorf("the model was exported for batches of %d, and this shape does not tell how to free it; export it with a symbolic batch", c.declaredBatch()))
		} else if d != old[i] {
			axis = i
		}
	}
	before := volume(old[:axis])
	out, product := resolve(old), 1
	for i, d := range out {
		if product == before && d%c.declaredBatch() == 0 {
			out[i] = d / c.declaredBatch() * c.batch
			if volume(out) == volume(x.dims()) {
				return out
			}
			break
		}
		product *= d
	}
	panic(fmt.Errorf("the model was exported for batches of %d, and shape %v does not tell where; export it with a symbolic batch", c.declaredBatch(), out))
}

// freeConcat repeats operands that hold the export's batch of 1 in a constant, such as a class token expanded to it.
func (c *call) freeConcat(values []*value, axis int) {
	if c.declared == nil || axis == 0 {
		return
	}
	largest := 0
	for _, v := range values {
		largest = max(largest, v.dims()[0])
	}
	for i, v := range values {
		if d := v.dims(); d[0] == 1 && largest > 1 {
			values[i] = c.expanded(v, append([]int{largest}, d[1:]...))
		}
	}
}
