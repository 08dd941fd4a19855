package onnxfile

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Marshal returns the model as a protocol buffer that [Parse] reads. Documentation, and what else Parse passes over, is gone.
func (m *Model) Marshal() []byte {
	var b writer
	b.int(1, m.IR)
	b.text(2, m.Producer)
	b.message(7, m.Graph.marshal)
	for _, domain := range slices.Sorted(maps.Keys(m.Opsets)) {
		b.message(8, func(b *writer) {
			b.text(1, domain)
			b.int(2, int64(m.Opsets[domain]))
		})
	}
	b.pairs(14, m.Meta)
	for _, f := range m.Functions {
		b.message(25, f.marshal)
	}
	return b
}

// writer appends fields to a message.
type writer []byte

func (b *writer) int(number protowire.Number, v int64) {
	*b = protowire.AppendVarint(protowire.AppendTag(*b, number, protowire.VarintType), uint64(v))
}

func (b *writer) text(number protowire.Number, s string) {
	if s != "" {
		b.bytes(number, []byte(s))
	}
}

func (b *writer) texts(number protowire.Number, list []string) {
	for _, s := range list {
		b.bytes(number, []byte(s)) // one that is left out has its place
	}
}

func (b *writer) bytes(number protowire.Number, v []byte) {
	*b = protowire.AppendBytes(protowire.AppendTag(*b, number, protowire.BytesType), v)
}

func (b *writer) float(number protowire.Number, v float32) {
	*b = protowire.AppendFixed32(protowire.AppendTag(*b, number, protowire.Fixed32Type), math.Float32bits(v))
}

func (b *writer) ints(number protowire.Number, list []int64) {
	var packed []byte
	for _, v := range list {
		packed = protowire.AppendVarint(packed, uint64(v))
	}
	b.bytes(number, packed)
}

func (b *writer) message(number protowire.Number, write func(*writer)) {
	var inner writer
	write(&inner)
	b.bytes(number, inner)
}

func (b *writer) pairs(number protowire.Number, pairs map[string]string) {
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		b.message(number, func(b *writer) {
			b.text(1, key)
			b.text(2, pairs[key])
		})
	}
}

func writeAll[T interface{ marshal(*writer) }](b *writer, number protowire.Number, list []T) {
	for _, v := range list {
		b.message(number, v.marshal)
	}
}

func (g *Graph) marshal(b *writer) {
	writeAll(b, 1, g.Nodes)
	b.text(2, g.Name)
	writeAll(b, 5, g.Initializers)
	writeAll(b, 11, g.Inputs)
	writeAll(b, 12, g.Outputs)
}

func (n *Node) marshal(b *writer) {
	b.texts(1, n.Inputs)
	b.texts(2, n.Outputs)
	b.text(3, n.Name)
	b.text(4, n.Op)
	writeAll(b, 5, n.Attributes)
	b.text(7, n.Domain)
}

func (a *Attribute) marshal(b *writer) {
	b.text(1, a.Name)
	switch {
	case a.Refers != "":
		b.text(21, a.Refers)
	case a.Type == FloatAttribute:
		b.float(2, a.Float)
	case a.Type == IntAttribute:
		b.int(3, a.Int)
	case a.Type == TextAttribute:
		b.bytes(4, []byte(a.Text))
	case a.Type == TensorAttribute && a.Tensor != nil:
		b.message(5, a.Tensor.marshal)
	case a.Type == GraphAttribute && a.Graph != nil:
		b.message(6, a.Graph.marshal)
	case a.Type == FloatsAttribute:
		for _, v := range a.Floats {
			b.float(7, v)
		}
	case a.Type == IntsAttribute:
		b.ints(8, a.Ints)
	case a.Type == StringsAttribute:
		b.texts(9, a.Strings)
	}
	b.int(20, int64(a.Type))
}

func (v *Value) marshal(b *writer) {
	b.text(1, v.Name)
	b.message(2, func(b *writer) {
		b.message(1, func(b *writer) {
			b.int(1, int64(v.Type))
			if v.Dims == nil {
				return
			}
			b.message(2, func(b *writer) {
				for _, d := range v.Dims {
					b.message(1, func(b *writer) {
						if d.Size >= 0 {
							b.int(1, int64(d.Size))
						}
						b.text(2, d.Name)
					})
				}
			})
		})
	})
}

func (f *Function) marshal(b *writer) {
	b.text(1, f.Name)
	b.texts(4, f.Inputs)
	b.texts(5, f.Outputs)
	writeAll(b, 7, f.Nodes)
	b.text(10, f.Domain)
	writeAll(b, 11, f.Defaults)
}

func (t *Tensor) marshal(b *writer) {
	dims := make([]int64, len(t.Dims))
	for i, d := range t.Dims {
		dims[i] = int64(d)
	}
	b.ints(1, dims)
	b.int(2, int64(t.Type))
	b.text(8, t.Name)
	external := t.external
	if t.Stripped {
		external = map[string]string{strippedKey: "true"}
	}
	switch {
	case external != nil:
		b.pairs(13, external)
		b.int(14, 1)
	case t.raw != nil:
		b.bytes(9, t.raw)
	case t.floats != nil:
		for _, v := range t.floats {
			b.float(4, v)
		}
	case t.doubles != nil:
		raw := []byte{}
		for _, v := range t.doubles {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(v))
		}
		b.bytes(9, raw)
	case t.Type == Int64:
		b.ints(7, t.numbers)
	case t.Type == Uint64 || t.Type == Uint32:
		b.ints(11, t.numbers)
	default:
		b.ints(5, t.numbers)
	}
}
