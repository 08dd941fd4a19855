package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of TensorFlow's protocol buffers (event.proto, summary.proto, graph.proto,
// node_def.proto, attr_value.proto, tensor_shape.proto).
const (
	eventWallTime, eventStep, eventFileVersion, eventGraph, eventSummary, eventSessionLog = 1, 2, 3, 4, 5, 7

	sessionStatus, sessionStart = 1, 1 // SessionLog.status, and its value START

	summaryValue                                        = 1
	valueTag, valueScalar, valueImage, valueHistogram   = 1, 2, 4, 5
	imageHeight, imageWidth, imageColorspace, imageData = 1, 2, 3, 4

	histogramMin, histogramMax, histogramNum, histogramSum, histogramSquares, histogramLimit, histogramBucket = 1, 2, 3, 4, 5, 6, 7

	graphNode, graphVersions, versionsProducer = 1, 4, 1
	nodeName, nodeOp, nodeInput, nodeAttr      = 1, 2, 3, 5
	entryKey, entryValue                       = 1, 2
	attrList, listShape                        = 1, 7
	shapeDim, dimSize                          = 2, 1
)

// message is a protocol buffer in the making.
type message []byte

func (m message) varint(field protowire.Number, v int64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), uint64(v))
}

func (m message) float(field protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, field, protowire.Fixed32Type), math.Float32bits(v))
}

func (m message) double(field protowire.Number, v float64) message {
	return protowire.AppendFixed64(protowire.AppendTag(m, field, protowire.Fixed64Type), math.Float64bits(v))
}

// doubles appends a packed field.
func (m message) doubles(field protowire.Number, v []float64) message {
	m = protowire.AppendTag(m, field, protowire.BytesType)
	m = protowire.AppendVarint(m, uint64(8*len(v)))
	for _, x := range v {
		m = protowire.AppendFixed64(m, math.Float64bits(x))
	}
	return m
}

func (m message) bytes(field protowire.Number, v []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), v)
}

func (m message) text(field protowire.Number, v string) message {
	return protowire.AppendString(protowire.AppendTag(m, field, protowire.BytesType), v)
}
