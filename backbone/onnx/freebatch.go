package onnx

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/weights/onnxfile"
)

// freed rewrites nodes of a network that was exported for one size of batch so that they take any:
// shapes that hold the batch's size get -1 in its place, and what was expanded to it is expanded to
// the batch that comes. The shapes for two sizes of batch tell where that is.
func (e *exporter) freed(nodes []*onnxfile.Node, images string) ([]*onnxfile.Node, error) {
	fixed := e.net.declaredBatch()
	if fixed < 1 {
		return nodes, nil
	}
	other, err := e.net.sketch(3*fixed, e.size, e.size, e.spec.Output)
	if err != nil {
		return nil, fmt.Errorf("the model was exported for batches of %d: %w", fixed, err)
	}
	f := &freer{exporter: e, other: other, images: images}
	for _, n := range nodes {
		copied := *n
		copied.Inputs = slices.Clone(n.Inputs)
		switch n.Op {
		case "Reshape":
			f.reshape(&copied)
		case "Concat":
			f.concat(&copied)
		}
		f.out = append(f.out, &copied)
	}
	return f.out, nil
}

type freer struct {
	*exporter
	other  *builder // shapes for another batch
	images string
	batch  string // the batch's size [1], once it is needed
	out    []*onnxfile.Node
}

// shapes of a value for both sizes of batch; nil where it has none.
func (f *freer) shapes(name string) (one, more []int) {
	a, b := f.sketch.values[name], f.other.values[name]
	if a == nil || b == nil || a.waiting != nil || b.waiting != nil {
		return nil, nil
	}
	return a.dims(), b.dims()
}

// reshape gives a shape that is the same for every batch a -1 where what it makes follows the batch.
func (f *freer) reshape(n *onnxfile.Node) {
	one, more := f.shapes(n.Outputs[0])
	if shape := f.other.values[n.Inputs[1]]; slices.Equal(one, more) || shape == nil || shape.constant == nil {
		return
	} else if was := f.sketch.values[n.Inputs[1]]; was == nil || was.constant == nil || !slices.Equal(was.constant.ints, shape.constant.ints) {
		return // it is computed from the batch
	}
	target := make([]int64, len(one))
	open := 0
	for i := range one {
		if target[i] = int64(one[i]); one[i] != more[i] {
			target[i] = -1
			open++
		}
	}
	if open != 1 {
		panic(fmt.Errorf("node %q (Reshape): more than one axis follows the batch", nodeName(n)))
	}
	n.Inputs[1] = f.Ints(target...)
}

// concat expands operands that are the same for every batch, such as a class token, to the batch.
func (f *freer) concat(n *onnxfile.Node) {
	one, more := f.shapes(n.Outputs[0])
	if len(one) == 0 || one[0] == more[0] {
		return
	}
	for i, name := range n.Inputs {
		was, now := f.shapes(name)
		if len(was) == 0 || was[0] != now[0] {
			continue
		}
		part := onnxfile.Composer{Graph: &onnxfile.Graph{}, Scope: fmt.Sprintf("%s/%d", n.Outputs[0], i)}
		if f.batch == "" {
			f.batch = part.Add("Gather", []string{part.Add("Shape", []string{f.images}), f.Ints(0)})
		}
		rest := f.Ints(slices.Repeat([]int64{1}, len(was)-1)...)
		n.Inputs[i] = part.Add("Expand", []string{name, part.Add("Concat", []string{f.batch, rest}, onnxfile.IntOf("axis", 0))})
		f.out = append(f.out, part.Graph.Nodes...)
	}
}
