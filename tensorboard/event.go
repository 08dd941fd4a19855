package tensorboard

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Event is one entry of an event file.
type Event struct {
	WallTime float64 // seconds since 1970
	Step     int
	Version  string  // "brain.Event:2", in a file's first event only
	Start    bool    // the session starts here: what came before and has this step or a later one is void
	Values   []Value // what was logged
	Graph    []Node  // the model
}

// Value is one value under one tag: a scalar, unless Image or Histogram is set.
type Value struct {
	Tag       string
	Scalar    float32
	Image     *Image
	Histogram *Histogram
}

// Image is an encoded picture.
type Image struct {
	Width, Height int
	PNG           []byte
}

// Field numbers of tensorflow/core/util/event.proto and framework/{summary,histogram}.proto.
const (
	eventWallTime, eventStep, eventVersion, eventGraph, eventSummary, eventSession = 1, 2, 3, 4, 5, 7

	sessionStatus, sessionStart = 1, 1

	summaryValue = 1

	valueTag, valueScalar, valueImage, valueHistogram = 1, 2, 4, 5

	imageHeight, imageWidth, imageColours, imagePNG = 1, 2, 3, 4

	histogramMin, histogramMax, histogramCount, histogramSum, histogramSquares, histogramLimits, histogramBuckets = 1, 2, 3, 4, 5, 6, 7
)

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}

func appendInt(b []byte, field protowire.Number, v int) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func appendDouble(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

func appendDoubles(b []byte, field protowire.Number, vs []float64) []byte {
	packed := make([]byte, 0, 8*len(vs))
	for _, v := range vs {
		packed = protowire.AppendFixed64(packed, math.Float64bits(v))
	}
	return appendBytes(b, field, packed)
}

// encode returns e as a tensorflow.Event.
func (e Event) encode() []byte {
	b := appendDouble(nil, eventWallTime, e.WallTime)
	b = appendInt(b, eventStep, e.Step)
	if e.Version != "" {
		b = appendBytes(b, eventVersion, []byte(e.Version))
	}
	if e.Start {
		b = appendBytes(b, eventSession, appendInt(nil, sessionStatus, sessionStart))
	}
	if e.Values != nil {
		var summary []byte
		for _, v := range e.Values {
			summary = appendBytes(summary, summaryValue, v.encode())
		}
		b = appendBytes(b, eventSummary, summary)
	}
	if e.Graph != nil {
		b = appendBytes(b, eventGraph, encodeGraph(e.Graph))
	}
	return b
}

func (v Value) encode() []byte {
	b := appendBytes(nil, valueTag, []byte(v.Tag))
	switch {
	case v.Image != nil:
		m := appendInt(nil, imageHeight, v.Image.Height)
		m = appendInt(m, imageWidth, v.Image.Width)
		m = appendInt(m, imageColours, 4) // RGBA
		m = appendBytes(m, imagePNG, v.Image.PNG)
		return appendBytes(b, valueImage, m)
	case v.Histogram != nil:
		h := v.Histogram
		m := appendDouble(nil, histogramMin, h.Min)
		m = appendDouble(m, histogramMax, h.Max)
		m = appendDouble(m, histogramCount, h.Count)
		m = appendDouble(m, histogramSum, h.Sum)
		m = appendDouble(m, histogramSquares, h.SumSquares)
		m = appendDoubles(m, histogramLimits, h.Limits)
		m = appendDoubles(m, histogramBuckets, h.Buckets)
		return appendBytes(b, valueHistogram, m)
	}
	return protowire.AppendFixed32(protowire.AppendTag(b, valueScalar, protowire.Fixed32Type), math.Float32bits(v.Scalar))
}
