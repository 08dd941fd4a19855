package googlenet

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

var _ backbone.Exporter = Spec{}

// ONNX writes the network as nodes of ONNX. Its weights have the names under which those of the
// form are published: Caffe's or torchvision's.
func (s Spec) ONNX(size int, read func(path string) (weights.Tensor, error)) (*backbone.Nodes, error) {
	e := &exporter{Spec: s, Composer: onnxfile.Composer{Graph: &onnxfile.Graph{}, Scope: "googlenet"}, read: read, sides: map[string]int{Input: size}}
	for _, l := range s.Layers() {
		if err := e.layer(l); err != nil {
			return nil, err
		}
	}
	return &backbone.Nodes{Opset: backbone.ExportOpset, Input: Input, ChannelsFirst: true, Output: featuresTensor, Graph: e.Graph}, nil
}

// featuresTensor is the name of the features in an exported graph.
const featuresTensor = "features"

// exporter writes layers as nodes; each gives a tensor of the layer's name.
type exporter struct {
	Spec
	onnxfile.Composer
	read  func(path string) (weights.Tensor, error)
	sides map[string]int // of the maps, by layer
}

func (e *exporter) layer(l Layer) error {
	in := e.sides[l.Inputs[0]]
	e.sides[l.Name] = l.outputSize(in)
	side := func(n int) *onnxfile.Attribute { return onnxfile.IntsOf("kernel_shape", int64(n), int64(n)) }
	strides := onnxfile.IntsOf("strides", int64(l.Stride), int64(l.Stride))
	switch l.Op {
	case OpConv:
		pad := int64(l.Pad)
		return e.convolution(l, []*onnxfile.Attribute{side(l.Kernel), strides, onnxfile.IntsOf("pads", pad, pad, pad, pad)})
	case OpMaxPool:
		pad, end := int64(l.Pad), int64(max((e.sides[l.Name]-1)*l.Stride+l.Kernel-in-l.Pad, 0))
		e.AddNamed(l.Name, "MaxPool", l.Inputs, side(l.Kernel), strides, onnxfile.IntsOf("pads", pad, pad, end, end))
	case OpLRN:
		e.AddNamed(l.Name, "LRN", l.Inputs, onnxfile.IntOf("size", lrnSize), onnxfile.FloatOf("alpha", lrnAlpha), onnxfile.FloatOf("beta", lrnBeta), onnxfile.FloatOf("bias", 1))
	case OpConcat:
		e.AddNamed(l.Name, "Concat", l.Inputs, onnxfile.IntOf("axis", 1))
	case OpMean:
		e.AddNamed(featuresTensor, "Flatten", []string{e.AddNamed(l.Name, "GlobalAveragePool", l.Inputs)}, onnxfile.IntOf("axis", 1))
	default:
		return fmt.Errorf("layer %s: no operation of ONNX does %q", l.Name, l.Op)
	}
	return nil
}

// convolution writes the convolution, its bias or batch norm, and ReLU.
func (e *exporter) convolution(l Layer, window []*onnxfile.Attribute) error {
	names := map[string]string{}
	for _, variable := range variableNames(l, e.Form) {
		t, err := e.read(l.Name + "/" + variable)
		if err != nil {
			return err
		}
		if len(t.Shape) == 4 {
			t = t.Transpose(3, 2, 0, 1)
		}
		names[variable] = e.Constant(onnxfile.NewFloats(e.published(l, variable), t.Shape, t.Data))
	}
	if e.Form == Original {
		e.AddNamed(l.Name, "Relu", []string{e.Add("Conv", []string{l.Inputs[0], names["weights"], names["biases"]}, window...)})
		return nil
	}
	x := e.Add("Conv", []string{l.Inputs[0], names["weights"]}, window...)
	x = e.Add("BatchNormalization", []string{x, names["scale"], names["offset"], names["mean"], names["variance"]}, onnxfile.FloatOf("epsilon", normEpsilon))
	e.AddNamed(l.Name, "Relu", []string{x})
	return nil
}

// published is the name under which published weights of the form have a layer's variable: Caffe's or torchvision's.
func (s Spec) published(l Layer, variable string) string {
	at := slices.IndexFunc(namings, func(n naming) bool { return n.form == s.Form })
	return namings[at].name(l, variable)
}
