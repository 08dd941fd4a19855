package backbone

import (
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

// Exporter is a Backbone that can be written as nodes of ONNX.
type Exporter interface {
	// ONNX returns the network for images of size x size, with the weights that read gives by the
	// paths of Variables, in the variables' layout.
	ONNX(size int, read func(path string) (weights.Tensor, error)) (*Nodes, error)
}

// ExportOpset is the version of ONNX's operations that networks are written in; one that came from
// a file of a later version keeps that.
const ExportOpset = 17

// Nodes is a network as nodes of ONNX. All its numbers of floating point are float32.
type Nodes struct {
	Opset         int
	Input         string // the images, normalised as the weights want it
	ChannelsFirst bool   // whether they are [N,3,size,size] or [N,size,size,3]
	Output        string // the features [N,F]
	Graph         *onnxfile.Graph
}

// MetaInner is the key, in the metadata of an ONNX model that dvml exported, of the name of the
// tensor that holds the normalised images: what stands before it prepares photographs, and an
// import begins after it.
const MetaInner = "dvml.inner"

// MetaLayout is the key of the layout of these images: NCHW or NHWC.
const MetaLayout = "dvml.layout"

// MetaPrepared is the key of how the exported model prepares photographs, as JSON of [Prepared].
const MetaPrepared = "dvml.prepared"

// Prepared is how photographs become a network's input, where a file says so.
type Prepared struct {
	Size   int    `json:"size"`             // the side of the square that they are made into first
	Fit    string `json:"fit"`              // how: stretch, crop or pad
	Resize int    `json:"resize,omitempty"` // the side that the square is scaled to then; 0: none
	Crop   int    `json:"crop"`             // the side of the part in the middle that the network sees
}
