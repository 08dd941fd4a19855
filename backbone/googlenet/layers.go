package googlenet

import (
	"slices"

	"github.com/dvml/dvml/backbone"
)

// The operations of layers.
const (
	OpConv    = "conv"     // convolution, bias or batch norm, ReLU
	OpMaxPool = "max_pool" // max pool that rounds its output's size up
	OpLRN     = "lrn"      // local response normalisation across channels
	OpConcat  = "concat"   // concatenation of channels
	OpMean    = "mean"     // mean over all pixels, [B,H,W,C] -> [B,C]
)

// Layer is one step of the network.
type Layer struct {
	Name     string   // Caffe's name; the scope of the layer's variables
	Stage    string   // the stage it belongs to
	Op       string   // one of the Op constants
	Inputs   []string // the names of the layers it reads; [Input] is the image
	Kernel   int      // height and width of the window of convolutions and pools
	Stride   int      // of convolutions and pools
	Pad      int      // zeros (convolution) or nothing (pool) on each side
	In       int      // channels that it reads
	Channels int      // channels that it gives
}

// Input is the name of the network's input among the inputs of layers.
const Input = "images"

// Cuts returns the names of the stages in their order. A pool that makes the map smaller stands at the beginning of a stage, so that what a
// stage gives is what its last convolution or concatenation gives.
func (Spec) Cuts() []string {
	return slices.Clone(stages)
}

var stages = []string{"conv1", "conv2", "inception_3a", "inception_3b", "inception_4a", "inception_4b", "inception_4c", "inception_4d", "inception_4e",
	"inception_5a", "inception_5b", backbone.Features}

// inceptions gives, for each inception module, the channels of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5 and pool_proj (table 1 of the paper).
var inceptions = []struct {
	name     string
	channels [6]int
}{
	{"inception_3a", [6]int{64, 96, 128, 16, 32, 32}},
	{"inception_3b", [6]int{128, 128, 192, 32, 96, 64}},
	{"inception_4a", [6]int{192, 96, 208, 16, 48, 64}},
	{"inception_4b", [6]int{160, 112, 224, 24, 64, 64}},
	{"inception_4c", [6]int{128, 128, 256, 24, 64, 64}},
	{"inception_4d", [6]int{112, 144, 288, 32, 64, 64}},
	{"inception_4e", [6]int{256, 160, 320, 32, 128, 128}},
	{"inception_5a", [6]int{256, 160, 320, 32, 128, 128}},
	{"inception_5b", [6]int{384, 192, 384, 48, 128, 128}},
}

// Layers returns the network, each layer after those it reads.
func (s Spec) Layers() []Layer {
	b := &layerList{spec: s, last: Input, width: 3}
	b.stage = "conv1"
	b.conv("conv1_7x7_s2", 7, 2, 64)
	b.stage = "conv2"
	b.pool("pool1_3x3_s2", 3, 2, 0)
	b.lrn("pool1_norm1")
	b.conv("conv2_3x3_reduce", 1, 1, 64)
	b.conv("conv2_3x3", 3, 1, 192)
	b.lrn("conv2_norm2")
	for _, i := range inceptions {
		b.stage = i.name
		switch i.name {
		case "inception_3a":
			b.pool("pool2_3x3_s2", 3, 2, 0)
		case "inception_4a":
			b.pool("pool3_3x3_s2", 3, 2, 0)
		case "inception_5a":
			if s.Form == BN {
				b.pool("pool4_2x2_s2", 2, 2, 0)
			} else {
				b.pool("pool4_3x3_s2", 3, 2, 0)
			}
		}
		b.inception(i.name, i.channels)
	}
	b.stage = backbone.Features
	b.add(Layer{Name: "pool5", Op: OpMean, Channels: b.width})
	return b.layers
}

// layerList grows the network; last is the layer that the next one reads, width its channels.
type layerList struct {
	spec   Spec
	stage  string
	last   string
	width  int
	layers []Layer
}

func (b *layerList) add(l Layer) {
	l.Stage, l.In = b.stage, b.width
	if l.Inputs == nil {
		l.Inputs = []string{b.last}
	}
	b.layers = append(b.layers, l)
	b.last, b.width = l.Name, l.Channels
}

// conv adds a k x k convolution to c channels (at width 1), padded by half its kernel.
func (b *layerList) conv(name string, k, stride, c int) {
	b.add(Layer{Name: name, Op: OpConv, Kernel: k, Stride: stride, Pad: k / 2, Channels: b.spec.channels(c)})
}

func (b *layerList) pool(name string, k, stride, pad int) {
	b.add(Layer{Name: name, Op: OpMaxPool, Kernel: k, Stride: stride, Pad: pad, Channels: b.width})
}

// lrn adds a local response normalisation, which only the original form has.
func (b *layerList) lrn(name string) {
	if b.spec.Form == Original {
		b.add(Layer{Name: name, Op: OpLRN, Channels: b.width})
	}
}

// inception adds the four branches of a module, all from the same input, and their concatenation.
func (b *layerList) inception(name string, c [6]int) {
	from, width := b.last, b.width
	branch := func() { b.last, b.width = from, width }
	five := 5
	if b.spec.Form == BN {
		five = 3
	}
	b.conv(name+"_1x1", 1, 1, c[0])
	branch()
	b.conv(name+"_3x3_reduce", 1, 1, c[1])
	b.conv(name+"_3x3", 3, 1, c[2])
	branch()
	b.conv(name+"_5x5_reduce", 1, 1, c[3])
	b.conv(name+"_5x5", five, 1, c[4])
	branch()
	b.pool(name+"_pool", 3, 1, 1)
	b.conv(name+"_pool_proj", 1, 1, c[5])
	total := 0
	for _, i := range []int{0, 2, 4, 5} {
		total += b.spec.channels(c[i])
	}
	b.add(Layer{Name: name + "_output", Op: OpConcat, Inputs: []string{name + "_1x1", name + "_3x3", name + "_5x5", name + "_pool_proj"}, Channels: total})
	b.layers[len(b.layers)-1].In = total
}

// outputSize returns the height or width of what the layer gives from the height or width of what
// it reads. A max pool rounds up, and drops a last window that would begin beyond the map, as Caffe
// and PyTorch do.
func (l Layer) outputSize(in int) int {
	switch l.Op {
	case OpConv:
		return (in+2*l.Pad-l.Kernel)/l.Stride + 1
	case OpMaxPool:
		out := (in+2*l.Pad-l.Kernel+l.Stride-1)/l.Stride + 1
		if (out-1)*l.Stride >= in+l.Pad {
			out--
		}
		return out
	case OpMean:
		return 1
	}
	return in
}
