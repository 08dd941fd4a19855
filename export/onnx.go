package export

import (
	"fmt"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

// The names of the input and the outputs of an exported model.
const (
	Images      = "images"       // [N,H,W,3] uint8: RGB, upright, of any size
	Embedding   = "embedding"    // [N,D] float32, of length 1
	Mean        = "mu"           // [N,D] float32: the mean of z_V
	LogVariance = "log_variance" // [N,D] float32: its log variance
)

// Options say what is exported.
type Options struct {
	// Heads adds the outputs Mean and LogVariance, which models trained under DVML have.
	Heads bool
	// Half stores the weights as float16: half the file. Arithmetic stays float32.
	Half bool
}

// ONNX makes an ONNX model of everything from photographs [N,H,W,3] uint8 to embeddings [N,D] of
// length 1: the photographs are scaled and cropped as m prepares them, to the last bit, and
// normalised; what the network gives goes through the heads. Batch and size of the photographs are
// open.
func ONNX(m *dvml.Model, o Options) (*onnxfile.Model, error) {
	exporter, ok := m.Network().Backbone.(backbone.Exporter)
	if !ok {
		return nil, fmt.Errorf("%s cannot be written as ONNX: its package has no exporter", m.Network().Backbone)
	}
	if o.Heads && (m.Headless() || m.Config().Method.Objective != "dvml") {
		return nil, fmt.Errorf("%s has no mean and variance of z_V: it was not trained under DVML", m.Path())
	}
	if o.Heads && m.Variables().GetVariable("/heads/mu/weights") == nil {
		return nil, fmt.Errorf("%s is the state before the first step, which draws the heads of z_V: name a later one", m.Path())
	}
	plan, size := m.Config().TestPlan(), m.Size()
	if err := plan.Check(size); err != nil {
		return nil, err
	}
	info, err := m.Info()
	if err != nil {
		return nil, err
	}
	fit, err := imageset.ParseFit(info.Fit)
	if err != nil {
		return nil, err
	}
	network, err := exporter.ONNX(plan.Crop, func(path string) (weights.Tensor, error) { return variable(m, "/backbone/"+path) })
	if err != nil {
		return nil, err
	}
	rename(network)
	g := &onnxfile.Graph{Name: "dvml"}
	p := preparation{Composer: onnxfile.Composer{Graph: g, Scope: "preprocessing"}, size: size, fit: fit, plan: plan, channelsFirst: network.ChannelsFirst}
	p.to(network.Input)
	kept := len(g.Initializers)
	g.Nodes = append(g.Nodes, network.Graph.Nodes...)
	g.Initializers = append(g.Initializers, network.Graph.Initializers...)
	h := heads{Composer: onnxfile.Composer{Graph: g, Scope: "heads"}, model: m}
	if err := h.write(network.Output, o.Heads); err != nil {
		return nil, err
	}
	if o.Half {
		halve(g, kept)
	}
	g.Inputs = []*onnxfile.Value{{Name: Images, Type: onnxfile.Uint8, Dims: []onnxfile.Dim{{Size: -1, Name: "N"}, {Size: -1, Name: "height"}, {Size: -1, Name: "width"}, {Size: 3}}}}
	for _, name := range h.outputs {
		g.Outputs = append(g.Outputs, &onnxfile.Value{Name: name, Type: onnxfile.Float, Dims: []onnxfile.Dim{{Size: -1, Name: "N"}, {Size: m.Dim()}}})
	}
	meta, err := metadata(m, info)
	if err != nil {
		return nil, err
	}
	meta[backbone.MetaInner], meta[backbone.MetaLayout] = network.Input, "NHWC"
	if network.ChannelsFirst {
		meta[backbone.MetaLayout] = "NCHW"
	}
	return &onnxfile.Model{IR: formatOf(network.Opset), Producer: "dvml", Opsets: map[string]int{"": network.Opset}, Meta: meta, Graph: g}, nil
}

// formatOf is the version of the format that came with an opset.
func formatOf(opset int) int64 {
	switch {
	case opset < 19:
		return 8
	case opset < 21:
		return 9
	case opset < 23:
		return 10
	}
	return 11
}

// variable returns a variable of the model by its whole path.
func variable(m *dvml.Model, path string) (weights.Tensor, error) {
	v := m.Variables().GetVariable(path)
	if v == nil {
		return weights.Tensor{}, fmt.Errorf("%s: the weights %s are missing", m.Path(), path)
	}
	value, err := v.Value()
	if err != nil {
		return weights.Tensor{}, fmt.Errorf("%s: %w", path, err)
	}
	data, err := tensors.CopyFlatData[float32](value)
	return weights.Tensor{Shape: value.Shape().Dimensions, Data: data}, err
}

// rename gives the tensors of a network that are called as this package's are other names.
func rename(n *backbone.Nodes) {
	name := func(was string) string {
		switch was {
		case n.Input:
			return "preprocessing/normalised"
		case Images, Embedding, Mean, LogVariance:
			return "network/" + was
		}
		if strings.HasPrefix(was, "preprocessing/") || strings.HasPrefix(was, "heads/") {
			return "network/" + was
		}
		return was
	}
	for _, node := range n.Graph.Nodes { // which are the exporter's own
		for i, was := range node.Inputs {
			node.Inputs[i] = name(was)
		}
		for i, was := range node.Outputs {
			node.Outputs[i] = name(was)
		}
	}
	for _, t := range n.Graph.Initializers {
		t.Name = name(t.Name)
	}
	n.Output, n.Input = name(n.Output), name(n.Input)
}
