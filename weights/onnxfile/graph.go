package onnxfile

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// graph reads a GraphProto.
func (p *parser) graph(g *Graph, message []byte) error {
	return p.nest(func() error {
		return fields(message, func(number protowire.Number, v field) (err error) {
			switch number {
			case 1:
				g.Nodes, err = appendPart(p, g.Nodes, v, p.node)
			case 2:
				g.Name, err = p.text(v)
			case 5:
				g.Initializers, err = appendPart(p, g.Initializers, v, p.tensor)
			case 11:
				g.Inputs, err = appendPart(p, g.Inputs, v, p.value)
			case 12:
				g.Outputs, err = appendPart(p, g.Outputs, v, p.value)
			case 15:
				err = fmt.Errorf("the model has sparse initialisers, which are not read; save it with dense ones")
			}
			return err
		})
	})
}

// appendPart appends to list what read makes of a message.
func appendPart[T any](p *parser, list []*T, v field, read func(*T, []byte) error) ([]*T, error) {
	if v.kind != protowire.BytesType {
		return list, fmt.Errorf("%w: a number where a message belongs", ErrTorn)
	}
	part := new(T)
	if err := p.count(1); err != nil {
		return list, err
	}
	return append(list, part), read(part, v.bytes)
}

// node reads a NodeProto.
func (p *parser) node(n *Node, message []byte) error {
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			err = p.appendText(&n.Inputs, v)
		case 2:
			err = p.appendText(&n.Outputs, v)
		case 3:
			n.Name, err = p.text(v)
		case 4:
			n.Op, err = p.text(v)
		case 5:
			n.Attributes, err = appendPart(p, n.Attributes, v, p.attribute)
		case 7:
			n.Domain, err = p.text(v)
		}
		return err
	})
	if n.Domain == "ai.onnx" {
		n.Domain = ""
	}
	return err
}

// attribute reads an AttributeProto.
func (p *parser) attribute(a *Attribute, message []byte) error {
	seen := AttributeType(0) // files of the first years carry no type
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			a.Name, err = p.text(v)
		case 2:
			a.Float, seen = math.Float32frombits(uint32(v.number)), FloatAttribute
		case 3:
			a.Int, seen = int64(v.number), IntAttribute
		case 4:
			seen = TextAttribute
			a.Text, err = p.text(v)
		case 5:
			seen, a.Tensor = TensorAttribute, &Tensor{}
			err = p.tensor(a.Tensor, v.bytes)
		case 6:
			seen, a.Graph = GraphAttribute, &Graph{}
			err = p.graph(a.Graph, v.bytes)
		case 7:
			seen = FloatsAttribute
			if err = p.count(1 + len(v.bytes)/8); err == nil {
				err = v.fixed(4, func(b []byte) { a.Floats = append(a.Floats, float32At(b)) })
			}
		case 8:
			seen = IntsAttribute
			err = p.ints(&a.Ints, v)
		case 9:
			seen = StringsAttribute
			err = p.appendText(&a.Strings, v)
		case 20:
			a.Type = AttributeType(v.number)
		case 21:
			a.Refers, err = p.text(v)
		}
		return err
	})
	if a.Type == 0 {
		a.Type = seen
	}
	return err
}

// value reads a ValueInfoProto, of which tensors are understood.
func (p *parser) value(value *Value, message []byte) error {
	return fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			value.Name, err = p.text(v)
		case 2:
			err = within(v.bytes, 1, func(tensor field) error {
				return fields(tensor.bytes, func(number protowire.Number, v field) error {
					switch number {
					case 1:
						value.Type = DataType(v.number)
					case 2:
						value.Dims = []Dim{}
						return within(v.bytes, 1, func(d field) error { return p.dim(value, d.bytes) })
					}
					return nil
				})
			})
		}
		return err
	})
}

// within calls f for each field of a message that has the given number.
func within(message []byte, wanted protowire.Number, f func(field) error) error {
	return fields(message, func(number protowire.Number, v field) error {
		if number != wanted {
			return nil
		}
		return f(v)
	})
}

func (p *parser) dim(value *Value, message []byte) error {
	d := Dim{Size: -1}
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			if d.Size = int(v.number); d.Size < 0 || v.number > math.MaxInt32 {
				d.Size = -1 // some exporters write -1 or 0 for what is not known
			}
		case 2:
			d.Name, err = p.text(v)
		}
		return err
	})
	value.Dims = append(value.Dims, d)
	if err == nil {
		err = p.count(1)
	}
	return err
}

// function reads a FunctionProto.
func (p *parser) function(f *Function, message []byte) error {
	return p.nest(func() error {
		return fields(message, func(number protowire.Number, v field) (err error) {
			switch number {
			case 1:
				f.Name, err = p.text(v)
			case 4:
				err = p.appendText(&f.Inputs, v)
			case 5:
				err = p.appendText(&f.Outputs, v)
			case 7:
				f.Nodes, err = appendPart(p, f.Nodes, v, p.node)
			case 10:
				f.Domain, err = p.text(v)
			case 11:
				f.Defaults, err = appendPart(p, f.Defaults, v, p.attribute)
			}
			return err
		})
	})
}
