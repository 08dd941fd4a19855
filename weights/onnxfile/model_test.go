package onnxfile

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// sample has one of everything.
func sample() *Model {
	return &Model{IR: 8, Producer: "test", Opsets: map[string]int{"": 17, "own": 1}, Meta: map[string]string{"a": "b"},
		Graph: &Graph{Name: "g",
			Initializers: []*Tensor{NewFloats("w", []int{2, 1}, []float32{1, -2}), NewInts("s", []int{2}, 3, -1), {Name: "kept", Type: Float, Dims: []int{1 << 20}, Stripped: true}},
			Inputs:       []*Value{{Name: "x", Type: Float, Dims: []Dim{{Size: -1, Name: "N"}, {Size: 3}, {Size: -1}}}},
			Outputs:      []*Value{{Name: "y", Type: Float}},
			Nodes: []*Node{{Name: "n", Op: "Conv", Inputs: []string{"x", "", "w"}, Outputs: []string{"y"}, Attributes: []*Attribute{
				{Name: "f", Type: FloatAttribute, Float: 1.5}, {Name: "i", Type: IntAttribute, Int: -7}, {Name: "s", Type: TextAttribute, Text: "SAME"},
				{Name: "t", Type: TensorAttribute, Tensor: NewFloats("", []int{}, []float32{3})}, {Name: "fs", Type: FloatsAttribute, Floats: []float32{1, 2}},
				{Name: "is", Type: IntsAttribute, Ints: []int64{1, -2}}, {Name: "ss", Type: StringsAttribute, Strings: []string{"a", ""}},
				{Name: "g", Type: GraphAttribute, Graph: &Graph{Name: "inner", Nodes: []*Node{{Op: "Relu", Inputs: []string{"x"}, Outputs: []string{"z"}}}}}}}},
		},
		Functions: []*Function{{Name: "f", Domain: "own", Inputs: []string{"a"}, Outputs: []string{"b"}, Nodes: []*Node{{Op: "Elu", Inputs: []string{"a"}, Outputs: []string{"b"},
			Attributes: []*Attribute{{Name: "alpha", Type: FloatAttribute, Refers: "alpha"}}}}}},
	}
}

func TestRoundTrip(t *testing.T) {
	want := sample()
	got, err := Parse(want.Marshal())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got.Graph.Nodes[0].Attributes, want.Graph.Nodes[0].Attributes)
	}
	values, err := got.Graph.Initializers[0].Float32s()
	if err != nil || !slices.Equal(values, []float32{1, -2}) {
		t.Errorf("values %v, %v", values, err)
	}
	ints, err := got.Graph.Initializers[1].Int64s()
	if err != nil || !slices.Equal(ints, []int64{3, -1}) {
		t.Errorf("integers %v, %v", ints, err)
	}
}

// nested is a graph in an attribute of a node of a graph, and so on.
func nested(depth int) []byte {
	var graph []byte
	for range depth {
		field := func(number protowire.Number, content []byte) []byte {
			return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), content)
		}
		graph = field(1, field(5, field(6, graph)))
	}
	return protowire.AppendBytes(protowire.AppendTag(nil, 7, protowire.BytesType), graph)
}

// A file that asks for much is refused at once.
func TestRefuses(t *testing.T) {
	huge := sample()
	huge.Graph.Initializers[0].Dims = []int{40_000, 50_000}
	many := append(protowire.AppendTag(nil, 7, protowire.BytesType), protowire.AppendVarint(nil, 8<<20)...)
	many = append(many, bytes.Repeat([]byte{1<<3 | 2, 0}, 4<<20)...)
	cut := sample().Marshal()
	for name, c := range map[string]struct {
		message []byte
		want    string
	}{
		"ten gigabytes":     {huge.Marshal(), "does not fit"},
		"deep":              {nested(400), "nests"},
		"four million":      {many, "parts"},
		"torn":              {cut[:len(cut)/2], "torn"},
		"nothing":           {nil, "no graph"},
		"negative size":     {(&Model{Graph: &Graph{Initializers: []*Tensor{{Name: "a", Type: Float, Dims: []int{-1}}}}}).Marshal(), "negative"},
		"more than can be ": {(&Model{Graph: &Graph{Initializers: []*Tensor{{Name: "a", Type: Float, Dims: []int{1 << 40, 1 << 40}}}}}).Marshal(), "more values"},
	} {
		start := time.Now()
		_, err := Parse(c.message)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s: refused after %s", name, took)
		}
	}
}

// External data lies in the model's folder, and nowhere else.
func TestExternalData(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "model")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(outer, "secret"), filepath.Join(dir, "data")} {
		if err := os.WriteFile(path, []byte("0123\x00\x00\x80\x3f"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outer, "secret"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ location, offset, length, want string }{
		{"data", "4", "4", ""}, {"data", "4", "", ""}, {"data", "5", "4", "does not hold"}, {"data", "0", "8", "does not hold"}, {"data", "9223372036854775807", "4", "does not hold"},
		{"../secret", "4", "4", "belongs beside"}, {filepath.Join(outer, "secret"), "4", "4", "belongs beside"}, {"link", "4", "4", "belongs beside"}, {"absent", "0", "4", "belongs beside"}, {".", "0", "4", "does not hold"},
	} {
		m := &Model{Graph: &Graph{Initializers: []*Tensor{{Name: "w", Type: Float, Dims: []int{1},
			external: map[string]string{"location": c.location, "offset": c.offset, "length": c.length}}}}}
		path := filepath.Join(dir, "m.onnx")
		if err := os.WriteFile(path, m.Marshal(), 0o666); err != nil {
			t.Fatal(err)
		}
		read, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		values, err := read.Graph.Initializers[0].Float32s()
		switch {
		case c.want == "" && (err != nil || values[0] != 1):
			t.Errorf("%+v: %v, %v", c, values, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%+v: %v", c, err)
		}
		parsed, err := Parse(m.Marshal())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parsed.Graph.Initializers[0].Float32s(); err == nil {
			t.Errorf("%+v is read without a folder", c)
		}
	}
}

// FuzzParse reads foreign bytes: whatever they are, that is no more than an error, and what is
// understood is written and read again the same.
func FuzzParse(f *testing.F) {
	f.Add(sample().Marshal())
	f.Add(nested(3))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			return
		}
		for _, tensor := range m.Graph.Initializers {
			if values, err := tensor.Float32s(); err == nil && len(values) != tensor.Size() {
				t.Fatalf("%d values of shape %v", len(values), tensor.Dims)
			}
			if values, err := tensor.Int64s(); err == nil && len(values) != tensor.Size() {
				t.Fatalf("%d integers of shape %v", len(values), tensor.Dims)
			}
		}
		written := m.Marshal()
		again, err := Parse(written)
		if err != nil {
			if errors.Is(err, ErrTorn) {
				t.Fatalf("what was written is torn: %v", err)
			}
			return
		}
		if !bytes.Equal(again.Marshal(), written) {
			t.Fatal("what was written is read as something else")
		}
	})
}
