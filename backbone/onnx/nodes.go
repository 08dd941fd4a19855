package onnx

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

var _ backbone.Exporter = (*Backbone)(nil)

// exporter rewrites the nodes of a network for export.
type exporter struct {
	*Backbone
	onnxfile.Composer
	size   int
	sketch *builder // shapes for a batch of the size that the file was exported for, or of 1
	nodes  *backbone.Nodes
}

// ONNX writes the network as nodes of ONNX: those of its file, with their weights, brought to the
// opset of the export where they are older, freed of a fixed batch, and all in float32.
func (b *Backbone) ONNX(size int, read func(path string) (weights.Tensor, error)) (out *backbone.Nodes, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, asError(r)
		}
	}()
	e := &exporter{Backbone: b, size: size, Composer: onnxfile.Composer{Graph: &onnxfile.Graph{}, Scope: "network"}}
	e.nodes = &backbone.Nodes{Opset: max(b.net.opset, backbone.ExportOpset), Input: b.net.Input.Name, ChannelsFirst: b.net.Input.ChannelsFirst, Graph: e.Graph}
	height, width := size, size
	if h, w := b.net.Input.Height, b.net.Input.Width; h > 0 && w > 0 && h != w {
		height, width = h, w
	}
	if e.sketch, err = b.net.sketch(max(b.net.Input.Batch, 1), size, size, b.spec.Output); err != nil {
		return nil, fmt.Errorf("images of %d pixels: %w", size, err)
	}
	if err := e.tensors(read); err != nil {
		return nil, err
	}
	input := e.stretch(height, width)
	list := upgraded(e, b.net.needed([]string{b.spec.Output}, nil))
	if e.Graph.Nodes, err = e.freed(append(e.Graph.Nodes, list...), input); err != nil {
		return nil, err
	}
	e.nodes.Output = e.features()
	e.dropUnused()
	single(e.Graph)
	return e.nodes, nil
}

// tensors adds the weights and the settings.
func (e *exporter) tensors(read func(path string) (weights.Tensor, error)) error {
	for _, t := range e.net.model.Graph.Initializers {
		w := e.net.weights[t.Name]
		if w == nil {
			copied := *t
			e.Constant(&copied)
			continue
		}
		values, err := read(w.Path)
		if err != nil {
			return err
		}
		if !slices.Equal(values.Shape, w.Shape) {
			return fmt.Errorf("the weights %s have shape %v; expected %v", w.Path, values.Shape, w.Shape)
		}
		values = values.Transpose(w.perm...)
		e.Constant(onnxfile.NewFloats(t.Name, values.Shape, values.Data))
	}
	return nil
}

// stretch makes the network's input of square images, where that is not square, as [builder.start]
// does. It returns the name of the images as they come.
func (e *exporter) stretch(height, width int) string {
	if height == width {
		return e.nodes.Input
	}
	images := e.Scope + "/square"
	r := resampling{mode: "linear", coordinates: "half_pixel", antialias: true}
	matrix := func(out int) []float32 {
		values := make([]float32, 0, out*e.size)
		for i := range out {
			row := make([]float64, e.size)
			if out == e.size {
				row[i] = 1
			} else {
				scale := float64(out) / float64(e.size)
				r.weights(row, r.source(i, e.size, out, scale), scale)
			}
			for _, v := range row {
				values = append(values, float32(v))
			}
		}
		return values
	}
	rows := e.Constant(onnxfile.NewFloats("", []int{height, e.size}, matrix(height)))
	across := weights.Tensor{Shape: []int{width, e.size}, Data: matrix(width)}.Transpose(1, 0)
	columns := e.Constant(onnxfile.NewFloats("", across.Shape, across.Data))
	x := images
	if !e.nodes.ChannelsFirst {
		x = e.Add("Transpose", []string{x}, onnxfile.IntsOf("perm", 0, 3, 1, 2))
	}
	x = e.Add("MatMul", []string{rows, x})
	if e.nodes.ChannelsFirst {
		e.AddNamed(e.nodes.Input, "MatMul", []string{x, columns})
	} else {
		e.AddNamed(e.nodes.Input, "Transpose", []string{e.Add("MatMul", []string{x, columns})}, onnxfile.IntsOf("perm", 0, 2, 3, 1))
	}
	e.nodes.Input = images
	return images
}

// features adds what makes features of the output, as [builder.features] does, and returns their name.
func (e *exporter) features() string {
	switch output := e.spec.Output; e.sketch.values[output].rank() {
	case 2:
		return output
	case 3:
		return e.Add("Gather", []string{output, e.Int(0)}, onnxfile.IntOf("axis", 1))
	default:
		return e.Add("Flatten", []string{e.Add("GlobalAveragePool", []string{output})}, onnxfile.IntOf("axis", 1))
	}
}

// dropUnused drops tensors that no node reads any more.
func (e *exporter) dropUnused() {
	read := map[string]bool{}
	for _, n := range e.Graph.Nodes {
		for _, name := range n.Inputs {
			read[name] = true
		}
	}
	e.Graph.Initializers = slices.DeleteFunc(e.Graph.Initializers, func(t *onnxfile.Tensor) bool { return !read[t.Name] })
}

// single turns all numbers of floating point of a graph to float32, which is what the network is
// computed in here. Its nodes are the graph's own then.
func single(g *onnxfile.Graph) {
	narrow := func(t *onnxfile.Tensor) *onnxfile.Tensor {
		if t == nil || !t.Type.IsFloat() || t.Type == onnxfile.Float {
			return t
		}
		values, err := t.Float32s()
		if err != nil {
			panic(err)
		}
		return onnxfile.NewFloats(t.Name, t.Dims, values)
	}
	for i, t := range g.Initializers {
		g.Initializers[i] = narrow(t)
	}
	for i, n := range g.Nodes {
		copied := *n
		copied.Inputs, copied.Outputs, copied.Attributes = slices.Clone(n.Inputs), slices.Clone(n.Outputs), slices.Clone(n.Attributes)
		for j, a := range copied.Attributes {
			was := *a
			was.Tensor = narrow(a.Tensor)
			if n.Op == "Cast" && a.Name == "to" && onnxfile.DataType(a.Int).IsFloat() {
				was.Int = int64(onnxfile.Float)
			}
			copied.Attributes[j] = &was
		}
		g.Nodes[i] = &copied
	}
}
