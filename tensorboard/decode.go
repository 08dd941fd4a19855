package tensorboard

import (
	"errors"
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// field is one field of a message as it lies on the wire.
type field struct {
	number protowire.Number
	kind   protowire.Type
	value  uint64 // the value of a varint, fixed32 or fixed64 field
	bytes  []byte // the value of a bytes field
}

// double returns the value of a double field.
func (f field) double() float64 { return math.Float64frombits(f.value) }

// eachField calls do with the fields of message b.
func eachField(b []byte, do func(field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.value = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// want says that a known field has another wire type than it should.
func (f field) want(kind protowire.Type) error {
	if f.kind != kind {
		return fmt.Errorf("field %d has wire type %d, not %d", f.number, f.kind, kind)
	}
	return nil
}

// decodeEvent reads a tensorflow.Event; fields that Event lacks are passed over.
func decodeEvent(b []byte) (Event, error) {
	var e Event
	err := eachField(b, func(f field) error {
		switch f.number {
		case eventWallTime:
			e.WallTime = f.double()
			return f.want(protowire.Fixed64Type)
		case eventStep:
			e.Step = int(int64(f.value))
			return f.want(protowire.VarintType)
		case eventFileVersion:
			e.Version = string(f.bytes)
			return f.want(protowire.BytesType)
		case eventSessionLog:
			return eachField(f.bytes, func(f field) error {
				e.Start = e.Start || f.number == sessionStatus && f.value == sessionStart
				return nil
			})
		case eventSummary:
			return eachField(f.bytes, func(f field) error {
				if f.number != summaryValue {
					return nil
				}
				v, err := decodeValue(f.bytes)
				e.Values = append(e.Values, v)
				return errors.Join(err, f.want(protowire.BytesType))
			})
		case eventGraph:
			var err error
			e.Graph, err = decodeGraph(f.bytes)
			return err
		}
		return nil
	})
	return e, err
}

func decodeValue(b []byte) (Value, error) {
	var v Value
	err := eachField(b, func(f field) error {
		switch f.number {
		case valueTag:
			v.Tag = string(f.bytes)
			return f.want(protowire.BytesType)
		case valueScalar:
			v.Scalar = math.Float32frombits(uint32(f.value))
			return f.want(protowire.Fixed32Type)
		case valueImage:
			v.Image = &Image{}
			return eachField(f.bytes, func(f field) error {
				switch f.number {
				case imageHeight:
					v.Image.Height = int(int32(f.value))
				case imageWidth:
					v.Image.Width = int(int32(f.value))
				case imageData:
					v.Image.PNG = f.bytes
				}
				return nil
			})
		case valueHistogram:
			v.Histogram = &Buckets{}
			return v.Histogram.decode(f.bytes)
		}
		return nil
	})
	return v, err
}

func (h *Buckets) decode(b []byte) error {
	scalars := map[protowire.Number]*float64{
		histogramMin: &h.Min, histogramMax: &h.Max, histogramNum: &h.Num, histogramSum: &h.Sum, histogramSquares: &h.SumSquares,
	}
	lists := map[protowire.Number]*[]float64{histogramLimit: &h.Limits, histogramBucket: &h.Counts}
	err := eachField(b, func(f field) error {
		if s := scalars[f.number]; s != nil {
			*s = f.double()
			return f.want(protowire.Fixed64Type)
		}
		list := lists[f.number]
		switch {
		case list == nil:
		case f.kind == protowire.Fixed64Type:
			*list = append(*list, f.double())
		case f.kind == protowire.BytesType:
			for rest := f.bytes; len(rest) > 0; {
				bits, n := protowire.ConsumeFixed64(rest)
				if n < 0 {
					return protowire.ParseError(n)
				}
				*list = append(*list, math.Float64frombits(bits))
				rest = rest[n:]
			}
		default:
			return f.want(protowire.BytesType)
		}
		return nil
	})
	if err == nil && len(h.Limits) != len(h.Counts) {
		err = fmt.Errorf("a histogram of %d limits and %d buckets", len(h.Limits), len(h.Counts))
	}
	return err
}

func decodeGraph(b []byte) ([]Node, error) {
	nodes := []Node{}
	err := eachField(b, func(f field) error {
		if f.number != graphNode {
			return nil
		}
		var node Node
		err := eachField(f.bytes, func(f field) error {
			switch f.number {
			case nodeName:
				node.Name = string(f.bytes)
			case nodeOp:
				node.Op = string(f.bytes)
			case nodeInput:
				node.Inputs = append(node.Inputs, string(f.bytes))
			case nodeAttr:
				return node.decodeAttr(f.bytes)
			}
			return nil
		})
		nodes = append(nodes, node)
		return err
	})
	return nodes, err
}

// decodeAttr reads the shape of the first output from an entry of a node's attributes, if it is the one that holds it.
func (node *Node) decodeAttr(b []byte) error {
	var key string
	var value []byte
	err := eachField(b, func(f field) error {
		switch f.number {
		case entryKey:
			key = string(f.bytes)
		case entryValue:
			value = f.bytes
		}
		return nil
	})
	if err != nil || key != outputShapes {
		return err
	}
	return eachField(value, func(f field) error {
		if f.number != attrList {
			return nil
		}
		return eachField(f.bytes, func(f field) error {
			if f.number != listShape || node.Shape != nil {
				return nil
			}
			node.Shape = []int{}
			return eachField(f.bytes, func(f field) error {
				if f.number != shapeDim {
					return nil
				}
				size := 0
				err := eachField(f.bytes, func(f field) error {
					if f.number == dimSize {
						size = int(int64(f.value))
					}
					return nil
				})
				node.Shape = append(node.Shape, size)
				return err
			})
		})
	})
}
