package onnx

import (
	"fmt"
	"slices"

	"github.com/dvml/dvml/weights/onnxfile"
)

// Weight is a tensor of the model that is learned, or that batch norm keeps of what it saw.
type Weight struct {
	Name  string // in the model
	Path  string // of the variable, relative to the backbone's scope
	Shape []int  // of the variable: kernels of convolutions are [kh,kw,Cin/groups,Cout], all others as in the model
	// Statistic is set for the running mean and variance of batch norm, which no gradient reaches.
	Statistic bool

	perm   []int // axis i of the model is axis perm[i] of the variable
	tensor *onnxfile.Tensor
}

// Value returns the weight's values in the variable's order, or an error where the model does not hold them.
func (w *Weight) Value() ([]float32, error) {
	values, err := w.tensor.Float32s()
	if err != nil || slices.Equal(w.perm, identity(len(w.perm))) {
		return values, err
	}
	strides := make([]int, len(w.perm))
	for i, s := range stridesOf(w.tensor.Dims) {
		strides[w.perm[i]] = s
	}
	out := make([]float32, 0, len(values))
	var walk func(axis, at int)
	walk = func(axis, at int) {
		if axis == len(w.Shape) {
			out = append(out, values[at])
			return
		}
		for i := range w.Shape[axis] {
			walk(axis+1, at+i*strides[axis])
		}
	}
	walk(0, 0)
	return out, nil
}

// use is a place where a node reads a value.
type use struct {
	node *onnxfile.Node
	at   int
}

// role says what a tensor of floating point is for.
type role int

const (
	unused role = iota
	learned
	statistic
	setting // a bound, a size, a factor: a constant
)

// sorter tells the weights of a network from its settings, which ONNX does not.
type sorter struct {
	uses    map[string][]use
	dynamic map[string]bool // values that depend on the images
	raw     map[string]bool // those that no operation with weights has touched yet: what is added to them is preprocessing
	roles   map[sized]role  // what was found
}

// sized is a value, and whether it is a single number.
type sized struct {
	name   string
	single bool
}

// moving are operations that only move what they read first.
var moving = map[string]bool{"Identity": true, "Transpose": true, "Reshape": true, "Unsqueeze": true, "Squeeze": true, "Flatten": true, "Cast": true, "Slice": true,
	"Split": true, "Expand": true, "Tile": true, "Gather": true, "Resize": true, "Pad": true, "DepthToSpace": true}

// weighing are operations that have learned operands, by the places of these.
var weighing = map[string][]int{"Conv": {1, 2}, "ConvTranspose": {1, 2}, "Gemm": {0, 1, 2}, "MatMul": {0, 1}, "Einsum": {0, 1}, "BatchNormalization": {1, 2}, "LayerNormalization": {1, 2},
	"RMSNormalization": {1}, "InstanceNormalization": {1, 2}, "GroupNormalization": {1, 2}, "PRelu": {1}}

var arithmetic = map[string]bool{"Add": true, "Sub": true, "Mul": true, "Div": true, "Sum": true, "Concat": true}

func newSorter(inputs []string, nodes []*onnxfile.Node) *sorter {
	s := &sorter{uses: map[string][]use{}, dynamic: map[string]bool{}, raw: map[string]bool{}, roles: map[sized]role{}}
	for _, name := range inputs {
		s.dynamic[name], s.raw[name] = true, true
	}
	for _, n := range nodes {
		dynamic, raw := false, false
		for i, name := range n.Inputs {
			s.uses[name] = append(s.uses[name], use{n, i})
			dynamic, raw = dynamic || s.dynamic[name], raw || s.raw[name]
		}
		if n.Op == "Shape" || n.Op == "Size" {
			continue
		}
		for _, name := range n.Outputs {
			s.dynamic[name] = dynamic
			s.raw[name] = raw && weighing[n.Op] == nil
		}
	}
	return s
}

// role of the tensor called name, of the given number of values.
func (s *sorter) role(name string, size int) role {
	key := sized{name, size == 1}
	if found, ok := s.roles[key]; ok {
		return found
	}
	found := unused
	for _, u := range s.uses[name] {
		found = max(found, s.roleAt(u, size))
	}
	s.roles[key] = found
	return found
}

func (s *sorter) roleAt(u use, size int) role {
	op := u.node.Op
	switch {
	case slices.Contains(weighing[op], u.at):
		return learned
	case op == "BatchNormalization":
		return statistic
	case moving[op] && u.at == 0:
		return s.role(u.node.Outputs[0], size)
	case !arithmetic[op] || size == 1:
		return setting
	}
	for _, name := range u.node.Inputs {
		if s.raw[name] {
			return setting // of the images' normalisation
		}
	}
	if !s.dynamic[u.node.Outputs[0]] {
		if r := s.role(u.node.Outputs[0], size); r != unused {
			return r
		}
	}
	return learned
}

// findWeights sorts the model's tensors into weights and constants.
func (n *Network) findWeights(inputs []string) error {
	s := newSorter(inputs, n.nodes)
	tensors := map[string]*onnxfile.Tensor{}
	for _, t := range n.model.Graph.Initializers {
		if n.producer[t.Name] != nil {
			return fmt.Errorf("the model gives %q twice", t.Name)
		}
		tensors[t.Name] = t
	}
	for _, node := range n.nodes {
		if node.Op == "Constant" && len(node.Attributes) == 1 && node.Attributes[0].Tensor != nil && len(node.Outputs) == 1 {
			tensors[node.Outputs[0]] = node.Attributes[0].Tensor
		}
	}
	names := newNamer()
	for _, node := range n.nodes {
		for i, name := range node.Inputs {
			t := tensors[name]
			if t == nil || n.weights[name] != nil || n.constants[name] != nil {
				continue
			}
			r := setting
			if t.Type.IsFloat() && t.Size() > 0 {
				r = s.role(name, t.Size())
			}
			if err := n.place(name, t, r, s, names, use{node, i}); err != nil {
				return err
			}
		}
	}
	return nil
}

// place makes a weight or a constant of a tensor.
func (n *Network) place(name string, t *onnxfile.Tensor, r role, s *sorter, names *namer, first use) error {
	if r == learned && isMask(t) {
		r = setting
	}
	if (r == setting || r == unused) && !t.Stripped {
		c, err := constantOf(t)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		n.constants[name] = c
		return nil
	}
	w := &Weight{Name: name, Path: names.path(name, first), Statistic: r == statistic, tensor: t, perm: identity(len(t.Dims))}
	kernel := len(t.Dims) > 2
	for _, u := range s.uses[name] {
		kernel = kernel && u.node.Op == "Conv" && u.at == 1
	}
	if kernel {
		w.perm = inverse(kernelOrder(len(t.Dims)))
	}
	w.Shape = make([]int, len(t.Dims))
	for i, p := range w.perm {
		w.Shape[p] = t.Dims[i]
	}
	n.weights[name] = w
	n.ordered = append(n.ordered, w)
	return nil
}

// isMask reports whether a tensor holds zeros and large negative numbers alone, as masks of attention do, which are added but not learned.
func isMask(t *onnxfile.Tensor) bool {
	values, err := t.Float32s()
	if err != nil {
		return false
	}
	zeros, large := 0, 0
	for _, v := range values {
		switch {
		case v == 0:
			zeros++
		case v <= -50:
			large++
		default:
			return false
		}
	}
	return zeros > 0 && large > 0
}
