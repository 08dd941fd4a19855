package onnx

import (
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/dvml/dvml/weights/onnxfile"
)

// knownFailures lists the tests of onnx's whose operations are supported and which do not pass, with the reason: they are refused, never wrong.
const knownFailures = "testdata/node_tests.txt"

// readKnownFailures returns the patterns of names on the list.
func readKnownFailures(t *testing.T) []string {
	content, err := os.ReadFile(knownFailures)
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, line := range strings.Split(string(content), "\n") {
		if name, _, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(name, "#") {
			known = append(known, name)
		}
	}
	return known
}

// The tests of single operations of onnx itself, which scripts/onnx-node-tests writes: those of supported operations pass, or are on the list.
func TestNodes(t *testing.T) {
	folder := os.Getenv("DVML_ONNX_NODE_TESTS")
	if folder == "" {
		t.Skip("set DVML_ONNX_NODE_TESTS to the folder that scripts/onnx-node-tests wrote")
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	known := readKnownFailures(t)
	backend, err := sketchBackend() // compiles faster than it runs these
	if err != nil {
		t.Fatal(err)
	}
	passed, refused, foreign := 0, 0, 0
	for _, e := range entries {
		m, err := onnxfile.Read(filepath.Join(folder, e.Name(), "model.onnx"))
		if err != nil || !supported(m) {
			foreign++
			continue
		}
		err = runNodeTest(backend, m, filepath.Join(folder, e.Name()))
		listed := slices.ContainsFunc(known, func(pattern string) bool {
			match, err := path.Match(pattern, e.Name())
			return match || err != nil
		})
		switch {
		case err == nil && listed:
			t.Errorf("%s passes; take it off %s", e.Name(), knownFailures)
		case err == nil:
			passed++
		case listed && !strings.Contains(err.Error(), wrongValues):
			refused++
		default:
			text := err.Error()
			t.Errorf("%s: %s", e.Name(), text[max(strings.Index(text, "node \""), 0):])
		}
	}
	t.Logf("%d tests of supported operations: %d pass, %d are refused and listed; %d are of other operations", passed+refused, passed, refused, foreign)
	if passed < 600 {
		t.Errorf("only %d tests were found to pass", passed)
	}
}

func supported(m *onnxfile.Model) bool {
	nodes, err := inline(m)
	return err == nil && !slices.ContainsFunc(nodes, func(n *onnxfile.Node) bool { return operations[n.Op] == nil || n.Domain != "" })
}

const wrongValues = "wrong values"

// runNodeTest runs a test with all inputs as constants, and with those of floating point, or the first, known only when the graph runs. One of the two
// has to work, and neither may give wrong values.
func runNodeTest(backend compute.Backend, m *onnxfile.Model, folder string) error {
	n := newNetwork(m)
	if err := n.prepare(); err != nil {
		return err
	}
	inputs, err := readTensors(folder, "input", len(m.Graph.Inputs))
	if err != nil {
		return err
	}
	want, err := readTensors(folder, "output", len(m.Graph.Outputs))
	tolerance := 1e-3
	for _, v := range slices.Concat(m.Graph.Inputs, m.Graph.Outputs) {
		switch v.Type {
		case onnxfile.Float16:
			tolerance = max(tolerance, 2e-3)
		case onnxfile.BFloat16: // computed in float32, nearer to the truth than what is expected
			tolerance = max(tolerance, 1e-2)
		}
	}
	if err != nil {
		return err
	}
	if slices.Contains(want, nil) {
		return fmt.Errorf("its outputs are no tensors")
	}
	first := runNode(backend, n, inputs, want, false, tolerance)
	second := runNode(backend, n, inputs, want, true, tolerance)
	for _, err := range []error{first, second} {
		if err != nil && strings.Contains(err.Error(), wrongValues) {
			return err
		}
	}
	if first == nil || second == nil {
		return nil
	}
	return second
}

func readTensors(folder, kind string, n int) ([]*constant, error) {
	list := make([]*constant, n)
	for i := range list {
		content, err := os.ReadFile(filepath.Join(folder, fmt.Sprintf("%s_%d.pb", kind, i)))
		if err != nil {
			continue // left out, or no tensor
		}
		tensor, err := parseTensor(content)
		if err != nil {
			return nil, err
		}
		if list[i], err = constantOf(tensor); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// parseTensor reads a TensorProto, as the one initializer of a model.
func parseTensor(message []byte) (*onnxfile.Tensor, error) {
	graph := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), message)
	m, err := onnxfile.Parse(protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), graph))
	if err != nil {
		return nil, err
	}
	return m.Graph.Initializers[0], nil
}

func runNode(backend compute.Backend, n *Network, inputs, want []*constant, fixed bool, tolerance float64) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = asError(r)
		}
	}()
	var names []string
	for _, v := range n.model.Graph.Outputs {
		names = append(names, v.Name)
	}
	var given []any
	var places []string
	exec := MustNewExec(backend, func(in []*Node) []*Node {
		g := in[0].Graph()
		b := n.begin(g, n.nodes, names...)
		b.read = func(w *Weight) *Node { panic("no test has weights") }
		for i, v := range n.model.Graph.Inputs {
			if inputs[i] == nil {
				continue
			}
			if at := slices.Index(places, v.Name); at >= 0 {
				b.values[v.Name] = nodeValue(in[1+at])
				continue
			}
			b.values[v.Name] = constantValue(inputs[i])
		}
		b.run(n.nodes)
		var out []*Node
		for _, name := range names {
			out = append(out, Identity(b.value(name).straight(g)))
		}
		return out
	})
	given = append(given, tensors.FromScalar(float32(0))) // a graph has to have an input
	for i, v := range n.model.Graph.Inputs {
		if c := inputs[i]; c != nil && !fixed && (c.kind == isFloat || i == 0) {
			places = append(places, v.Name)
			given = append(given, c.tensor())
		}
	}
	out, err := exec.Call(given...)
	if err != nil {
		return err
	}
	for i, o := range out {
		if err := compareNode(o, want[i], tolerance); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
	}
	return nil
}

func compareNode(got *tensors.Tensor, want *constant, tolerance float64) error {
	if !slices.Equal(got.Shape().Dimensions, want.dims) {
		return fmt.Errorf("%s: shape %v, want %v", wrongValues, got.Shape().Dimensions, want.dims)
	}
	c := constantFrom(got)
	for i := range want.size() {
		a, b := c.at(i), want.at(i)
		if a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-6+tolerance*math.Abs(b) {
			continue
		}
		return fmt.Errorf("%s: value %d is %g, want %g", wrongValues, i, a, b)
	}
	return nil
}

// constantFrom copies a tensor's values.
func constantFrom(t *tensors.Tensor) *constant {
	for _, k := range []kind{isFloat, isInt, isInt32, isBool} {
		if k.dtype() != t.DType() {
			continue
		}
		c := newConstant(k, t.Shape().Dimensions)
		for i := range c.size() {
			switch k {
			case isFloat:
				c.floats[i] = float64(tensors.MustCopyFlatData[float32](t)[i])
			case isInt:
				c.ints[i] = tensors.MustCopyFlatData[int64](t)[i]
			case isInt32:
				c.ints[i] = int64(tensors.MustCopyFlatData[int32](t)[i])
			default:
				if tensors.MustCopyFlatData[bool](t)[i] {
					c.ints[i] = 1
				}
			}
		}
		return c
	}
	panic(fmt.Errorf("a tensor of type %s", t.DType()))
}
