package onnx

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/weights"
	"github.com/dvml/dvml/weights/onnxfile"
)

// bombs are models that would take much memory or time, and what is said of each.
var bombs = map[string]struct {
	make func() []byte
	want string
}{
	"a tensor of 10 GB": {func() []byte {
		m := small(-1)
		m.Graph.Initializers[0].Dims = []int{50_000, 50_000}
		return m.Marshal()
	}, "room for"},
	"a shape of 10 GB": {func() []byte { return constants(step("ConstantOfShape", "huge", "grown")) }, "too large"},
	"copies":           {func() []byte { return constants(step("Tile", "fc.bias huge1", "grown")) }, "too large"},
	"an expansion":     {func() []byte { return constants(step("Expand", "one huge", "grown")) }, "too large"},
	"a range":          {func() []byte { return constants(step("Range", "nothing billions single", "grown")) }, "too large"},
	"doubling": {func() []byte {
		var nodes []*onnxfile.Node
		last := "fc.bias"
		for i := range 60 {
			next := fmt.Sprint("doubled", i)
			nodes, last = append(nodes, step("Concat", last+" "+last, next, integer("axis", 0))), next
		}
		return constants(append(nodes, step("Identity", last, "grown"))...)
	}, "too large"},
	"constants that double": {func() []byte {
		nodes := []*onnxfile.Node{step("Range", "nothing thousand single", "whole"), step("Cast", "whole", "range", integer("to", 1))}
		last := "range"
		for i := range 60 {
			next := fmt.Sprint("doubled", i)
			nodes, last = append(nodes, step("Concat", last+" "+last, next, integer("axis", 0))), next
		}
		return constants(append(nodes, step("Identity", last, "grown"))...)
	}, "too large"},
	"a map that doubles": {func() []byte {
		m := small(-1)
		last := "joined"
		var nodes []*onnxfile.Node
		for i := range 80 {
			next := fmt.Sprint("doubled", i)
			nodes, last = append(nodes, step("Concat", last+" "+last, next, integer("axis", 2))), next
		}
		m.Graph.Nodes = append(m.Graph.Nodes, nodes...)
		m.Graph.Nodes[6].Inputs[0] = last
		return m.Marshal()
	}, "too large"},
	"a cycle": {func() []byte {
		m := small(-1)
		m.Graph.Nodes[2].Inputs[0] = "joined"
		return m.Marshal()
	}, "cycle"},
	"graphs 5,000 deep": {func() []byte {
		message := protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), []byte("x")) // a graph's name
		for range 5_000 {
			attribute := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), message)
			node := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), attribute)
			message = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), node)
		}
		head := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8)
		return protowire.AppendBytes(protowire.AppendTag(head, 7, protowire.BytesType), message)
	}, "deep"},
	"functions that call two others each": {func() []byte {
		m := small(-1)
		for i := range 60 {
			called := fmt.Sprint("f", i+1)
			f := &onnxfile.Function{Name: fmt.Sprint("f", i), Domain: "d", Inputs: []string{"x"}, Outputs: []string{"y"}}
			for j, in := range []string{"x", "half"} {
				f.Nodes = append(f.Nodes, &onnxfile.Node{Op: called, Domain: "d", Inputs: []string{in}, Outputs: []string{[]string{"half", "y"}[j]}})
			}
			m.Functions = append(m.Functions, f)
		}
		m.Graph.Nodes = append(m.Graph.Nodes, &onnxfile.Node{Op: "f0", Domain: "d", Inputs: []string{"pooled"}, Outputs: []string{"called"}})
		return m.Marshal()
	}, "functions"},
	"four million nodes": {func() []byte {
		node := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), nil)
		graph := []byte(strings.Repeat(string(node), 4_000_000))
		head := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 8)
		return protowire.AppendBytes(protowire.AppendTag(head, 7, protowire.BytesType), graph)
	}, "parts"},
	"a million numbers of one attribute": {func() []byte {
		m := small(-1)
		m.Graph.Nodes[0].Attributes[0].Ints = make([]int64, 8_000_000)
		return m.Marshal()
	}, "parts"},
	"branches that branch": {func() []byte {
		m := small(-1)
		graph := &onnxfile.Graph{Name: "end", Nodes: []*onnxfile.Node{step("Identity", "pooled", "end")}, Outputs: []*onnxfile.Value{{Name: "end"}}}
		for range 14 {
			part := &onnxfile.Node{Op: "If", Inputs: []string{"truth"}, Outputs: []string{"end"}}
			for _, name := range []string{"then_branch", "else_branch"} {
				part.Attributes = append(part.Attributes, &onnxfile.Attribute{Name: name, Type: onnxfile.GraphAttribute, Graph: graph})
			}
			graph = &onnxfile.Graph{Name: "more", Nodes: []*onnxfile.Node{part}, Outputs: graph.Outputs}
		}
		m.Graph.Initializers = append(m.Graph.Initializers, onnxfile.NewInts("truth", []int{}, 1))
		m.Graph.Nodes = append(m.Graph.Nodes, graph.Nodes...)
		m.Graph.Nodes[8].Inputs[0] = "end"
		return m.Marshal()
	}, ""}, // it may work: what matters is what it takes
}

// constants is small with what nodes make of constants, "grown", in the place of the classifier's bias.
func constants(nodes ...*onnxfile.Node) []byte {
	m := small(-1)
	m.Graph.Initializers = append(m.Graph.Initializers, onnxfile.NewInts("huge", []int{2}, 50_000, 50_000), onnxfile.NewInts("huge1", []int{1}, 1<<31),
		onnxfile.NewInts("nothing", []int{}, 0), onnxfile.NewInts("thousand", []int{}, 1000), onnxfile.NewInts("single", []int{}, 1), onnxfile.NewInts("billions", []int{}, 1<<40), onnxfile.NewFloats("one", []int{1}, []float32{1}))
	for _, n := range m.Graph.Nodes {
		if n.Op == "Gemm" {
			n.Inputs[2] = "wide"
		}
	}
	m.Graph.Nodes = append(append(nodes, step("Cast", "grown", "wide", integer("to", 1))), m.Graph.Nodes...)
	return m.Marshal()
}

// Each is an error, within a second and 200 MB of memory of the whole process.
func TestBombs(t *testing.T) {
	for name, b := range bombs {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "bomb.onnx")
			if err := os.WriteFile(path, b.make(), 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestBombChild$", "-test.v")
			child.Env = append(os.Environ(), "DVML_BOMB="+path)
			out, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, out)
			}
			var seconds float64
			var peak int
			_, rest, _ := strings.Cut(string(out), "bomb: ")
			if _, err := fmt.Sscanf(rest, "%f s, %d kB,", &seconds, &peak); err != nil {
				t.Fatalf("%.2000s: %v", out, err)
			}
			said, _, _ := strings.Cut(rest, "\n")
			t.Log(said)
			if !strings.Contains(said, b.want) {
				t.Errorf("it said %q, want %q", said, b.want)
			}
			if peak > 200_000 {
				t.Errorf("it took %d kB", peak)
			}
			if seconds > 3 { // where nothing else runs, a second
				t.Errorf("it took %.1f s", seconds)
			}
		})
	}
}

// TestBombChild reads one bomb in a process of its own.
func TestBombChild(t *testing.T) {
	path := os.Getenv("DVML_BOMB")
	if path == "" {
		t.Skip("this is the child of TestBombs")
	}
	start := time.Now()
	f, err := weights.Read(path)
	if err == nil {
		o := backbone.Options{Normalisation: &augment.ImageNet, Output: "logits"}
		_, err = room{}.Read(path, f, o)
	}
	took := time.Since(start).Seconds()
	peak := 0
	if status, err := os.ReadFile("/proc/self/status"); err == nil { // Linux alone tells
		_, after, _ := strings.Cut(string(status), "VmHWM:")
		fmt.Sscan(after, &peak)
	}
	fmt.Printf("bomb: %.2f s, %d kB, %v\n", took, peak, err)
}
