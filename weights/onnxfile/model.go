package onnxfile

import (
	"errors"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"
)

// Model is an ONNX model.
type Model struct {
	IR        int64
	Producer  string
	Opsets    map[string]int // version by domain; ONNX's own domain is ""
	Meta      map[string]string
	Graph     *Graph
	Functions []*Function
}

// Graph is a list of nodes that read and give named values.
type Graph struct {
	Name         string
	Nodes        []*Node
	Initializers []*Tensor
	Inputs       []*Value // initialisers may stand among them
	Outputs      []*Value
}

// Node is one operation.
type Node struct {
	Name, Op, Domain string
	Inputs, Outputs  []string // "" is one that is left out
	Attributes       []*Attribute
}

// Attribute is a setting of a node. Which field holds it is told by Type.
type Attribute struct {
	Name    string
	Type    AttributeType
	Float   float32
	Int     int64
	Text    string
	Tensor  *Tensor
	Graph   *Graph
	Floats  []float32
	Ints    []int64
	Strings []string
	Refers  string // in a function: the attribute of the calling node whose value it takes
}

// AttributeType is AttributeProto.AttributeType.
type AttributeType int

// The types of attributes that are read.
const (
	FloatAttribute   AttributeType = 1
	IntAttribute     AttributeType = 2
	TextAttribute    AttributeType = 3
	TensorAttribute  AttributeType = 4
	GraphAttribute   AttributeType = 5
	FloatsAttribute  AttributeType = 6
	IntsAttribute    AttributeType = 7
	StringsAttribute AttributeType = 8
)

// Value describes an input or an output of a graph.
type Value struct {
	Name string
	Type DataType
	Dims []Dim // nil where the shape is not told
}

// Dim is one dimension: a size, or a name for one that is not known, in which case Size is -1.
type Dim struct {
	Size int
	Name string
}

// Function is an operation that the model defines itself.
type Function struct {
	Name, Domain    string
	Inputs, Outputs []string
	Nodes           []*Node
	Defaults        []*Attribute // of attributes that a call may leave out
}

const maxFile = 1 << 31

// Read reads the model at path; external data is looked for beside it when a tensor's values are asked for.
func Read(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, errors.New("an ONNX file of more than 2 GiB, which the format does not allow")
	}
	message, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := Parse(message)
	if err != nil {
		return nil, err
	}
	m.Graph.setFolder(filepath.Dir(path))
	return m, nil
}

// Parse reads a model from its bytes, which the tensors go on to use. Tensors with external data
// have no values, unless [Read] reads the file.
func Parse(message []byte) (*Model, error) {
	p := &parser{}
	m := &Model{Opsets: map[string]int{}, Meta: map[string]string{}}
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			m.IR = int64(v.number)
		case 2:
			m.Producer, err = p.text(v)
		case 7:
			m.Graph = &Graph{}
			err = p.graph(m.Graph, v.bytes)
		case 8:
			err = p.opset(m.Opsets, v.bytes)
		case 14:
			var key, value string
			key, value, err = p.pair(v.bytes)
			m.Meta[key] = value
		case 25:
			f := &Function{}
			m.Functions = append(m.Functions, f)
			err = p.function(f, v.bytes)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if m.Graph == nil {
		return nil, ErrNoGraph
	}
	return m, nil
}

// ErrNoGraph is the error of a message that holds no graph: it is hardly ONNX.
var ErrNoGraph = errors.New("it holds no graph of ONNX")

func (p *parser) opset(opsets map[string]int, message []byte) error {
	domain, version := "", 0
	err := fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			domain, err = p.text(v)
		case 2:
			version = int(min(v.number, 1<<20))
		}
		return err
	})
	if domain == "ai.onnx" {
		domain = ""
	}
	opsets[domain] = version
	return err
}

// pair reads a StringStringEntryProto.
func (p *parser) pair(message []byte) (key, value string, err error) {
	err = fields(message, func(number protowire.Number, v field) (err error) {
		switch number {
		case 1:
			key, err = p.text(v)
		case 2:
			value, err = p.text(v)
		}
		return err
	})
	return key, value, err
}
