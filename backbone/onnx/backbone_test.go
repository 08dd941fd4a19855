package onnx

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/weights/onnxfile"
)

func made(name string, scale float64, dims ...int) *onnxfile.Tensor {
	t := initial.Uniform(1, name, scale, dims...)
	return onnxfile.NewFloats(name, dims, tensors.MustCopyFlatData[float32](t))
}

func positive(name string, n int) *onnxfile.Tensor {
	values := make([]float32, n)
	for i := range values {
		values[i] = 0.5 + float32(i)/float32(n)
	}
	return onnxfile.NewFloats(name, []int{n}, values)
}

func ints(name string, values ...int64) *onnxfile.Attribute {
	return &onnxfile.Attribute{Name: name, Type: onnxfile.IntsAttribute, Ints: values}
}

func integer(name string, value int64) *onnxfile.Attribute {
	return &onnxfile.Attribute{Name: name, Type: onnxfile.IntAttribute, Int: value}
}

func step(op, inputs, output string, attributes ...*onnxfile.Attribute) *onnxfile.Node {
	return &onnxfile.Node{Op: op, Name: "node of " + output, Inputs: strings.Split(inputs, " "), Outputs: []string{output}, Attributes: attributes}
}

// small is a residual network with batch norm, a depthwise convolution and a classifier.
func small(batch int) *onnxfile.Model {
	n := onnxfile.Dim{Size: batch}
	return &onnxfile.Model{IR: 8, Opsets: map[string]int{"": 17}, Graph: &onnxfile.Graph{Name: "small",
		Inputs:  []*onnxfile.Value{{Name: "images", Type: onnxfile.Float, Dims: []onnxfile.Dim{n, {Size: 3}, {Size: -1, Name: "H"}, {Size: -1, Name: "W"}}}},
		Outputs: []*onnxfile.Value{{Name: "probabilities", Type: onnxfile.Float}},
		Initializers: []*onnxfile.Tensor{made("stem.weight", .3, 8, 3, 3, 3), positive("bn.weight", 8), made("bn.bias", .1, 8), made("bn.running_mean", .1, 8), positive("bn.running_var", 8),
			made("depth.weight", .3, 8, 1, 3, 3), made("depth.bias", .1, 8), made("point:weight/x", .3, 8, 8, 1, 1), made("fc.weight", .3, 5, 8), made("fc.bias", .1, 5),
			onnxfile.NewInts("flat", []int{2}, int64(max(batch, 0)), -1)},
		Nodes: []*onnxfile.Node{
			step("Conv", "images stem.weight", "stem", ints("strides", 2, 2), ints("pads", 1, 1, 1, 1)),
			step("BatchNormalization", "stem bn.weight bn.bias bn.running_mean bn.running_var", "normed"),
			step("Relu", "normed", "first"),
			step("Conv", "first depth.weight depth.bias", "deep", ints("pads", 1, 1, 1, 1), integer("group", 8)),
			step("Conv", "deep point:weight/x", "pointed"),
			step("Add", "first pointed", "joined"),
			step("Relu", "joined", "second"),
			step("GlobalAveragePool", "second", "pooled"),
			step("Reshape", "pooled flat", "features"),
			step("Gemm", "features fc.weight fc.bias", "logits", integer("transB", 1)),
			step("Softmax", "logits", "probabilities"),
		}}}
}

// imported writes a model to a file and reads it as a network.
func imported(t *testing.T, m *onnxfile.Model, o backbone.Options) (backbone.Imported, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.onnx")
	if err := os.WriteFile(path, m.Marshal(), 0o666); err != nil {
		t.Fatal(err)
	}
	return room{}.Read(path, nil, o)
}

func filled(t *testing.T, in backbone.Imported) *model.Store {
	t.Helper()
	store := model.NewStore()
	for name, v := range in.Tensors {
		if _, err := store.CreateVariable("/backbone/"+name, tensors.FromFlatDataAndDimensions(v.Data, v.Shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

func evaluated(t *testing.T, store *model.Store, x *tensors.Tensor, build func(scope *model.Scope, x *Node) *Node) []float32 {
	t.Helper()
	out, err := model.MustNewExec(testBackend(t), store, func(scope *model.Scope, x *Node) *Node { return build(scope.At("backbone"), x) }).Call1(x)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out)
}

func near(a, b []float32) bool {
	for i := range a {
		if math.Abs(float64(a[i]-b[i])) > 1e-5*(1+math.Abs(float64(b[i]))) {
			return false
		}
	}
	return len(a) == len(b)
}

// The network is what its structure says, can be cut at any tensor, and takes batches of any size though it was exported for one of 1.
func TestBackbone(t *testing.T) {
	in, err := imported(t, small(1), backbone.Options{Normalisation: &augment.ImageNet})
	if err != nil {
		t.Fatal(err)
	}
	b := in.Network
	if spec := b.Spec(); spec.Output != "features" || b.Features() != 8 || !spec.FreezeStatistics || !in.BatchNorm {
		t.Errorf("%+v with %d features", spec, b.Features())
	}
	if want := []string{"normed", "first", "joined", "second", "pooled", "pool"}; !slices.Equal(b.Cuts(), want) {
		t.Errorf("cuts %v, want %v", b.Cuts(), want)
	}
	again, err := backbone.Open(b.Spec(), b.Structure())
	if err != nil {
		t.Fatal(err)
	}
	store := filled(t, in)
	x := initial.Uniform(2, "images", 1, 3, 20, 20, 3)
	whole := evaluated(t, store, x, func(s *model.Scope, x *Node) *Node { return again.Build(s, x, false) })
	for i := range 3 {
		alone := tensors.FromFlatDataAndDimensions(tensors.MustCopyFlatData[float32](x)[i*1200:(i+1)*1200], 1, 20, 20, 3)
		if got := evaluated(t, store, alone, func(s *model.Scope, x *Node) *Node { return again.Build(s, x, false) }); !near(got, whole[8*i:8*i+8]) {
			t.Errorf("image %d alone gives %v, among others %v", i, got, whole[8*i:8*i+8])
		}
	}
	for _, cut := range append(b.Cuts(), "stem", "normed", "deep", "pointed", "joined", "features") {
		shape, err := again.CutShape(cut, 20)
		if err != nil {
			t.Fatal(err)
		}
		got := evaluated(t, store, x, func(s *model.Scope, x *Node) *Node {
			part := again.BuildUntil(s, x, false, cut)
			if d := part.Shape().Dimensions; !slices.Equal(d[1:], shape) {
				t.Errorf("%s: shape %v, told was %v", cut, d, shape)
			}
			return again.BuildFrom(s, part, false, cut)
		})
		if !near(got, whole) {
			t.Errorf("cut at %s it gives %v, want %v", cut, got, whole)
		}
	}
	if got := len(again.VariablesUntil("deep")); got != 7 {
		t.Errorf("%d variables until deep, want 7", got)
	}
	if got, want := again.FLOPs(20), int64(2*(100*8*27+100*8*9+100*64)); got != want {
		t.Errorf("%d operations, want %d", got, want)
	}
	if err := backbone.CheckCut(again, "nowhere"); err == nil || !strings.Contains(err.Error(), "first, joined, second") {
		t.Errorf("%v", err)
	}
}

// With its statistics learned, batch norm normalises by the batch and moves its running averages; frozen, it does neither.
func TestStatistics(t *testing.T) {
	in, err := imported(t, small(-1), backbone.Options{Normalisation: &augment.ImageNet})
	if err != nil {
		t.Fatal(err)
	}
	x := initial.Uniform(2, "images", 1, 3, 20, 20, 3)
	var used [][]float32
	for _, frozen := range []bool{true, false} {
		spec := in.Network.Spec()
		spec.FreezeStatistics = frozen
		b, err := backbone.Open(spec, in.Network.Structure())
		if err != nil {
			t.Fatal(err)
		}
		store := filled(t, in)
		used = append(used, evaluated(t, store, x, func(s *model.Scope, x *Node) *Node { return b.Build(s, x, true) }))
		now := tensors.MustCopyFlatData[float32](store.GetVariable("/backbone/bn.running_mean").MustValue())
		if moved := !slices.Equal(now, in.Tensors["bn.running_mean"].Data); moved == frozen {
			t.Errorf("frozen %t: the running mean moved: %t", frozen, moved)
		}
		if store.GetVariable("/backbone/bn.running_mean").Trainable || !store.GetVariable("/backbone/bn.weight").Trainable {
			t.Error("the averages are not trainable, the scale is")
		}
	}
	if near(used[0], used[1]) {
		t.Error("the batch's statistics give what the running ones give")
	}
}

// What the file does not tell is asked for; what cannot be is refused with the node, the operation and the opset.
func TestImportRefuses(t *testing.T) {
	change := func(f func(m *onnxfile.Model)) *onnxfile.Model {
		m := small(-1)
		f(m)
		return m
	}
	norm := backbone.Options{Normalisation: &augment.ImageNet}
	sized := func(name string, dims ...int64) *onnxfile.Tensor {
		return onnxfile.NewInts(name, []int{len(dims)}, dims...)
	}
	for want, c := range map[string]struct {
		m *onnxfile.Model
		o backbone.Options
	}{
		"--normalisation": {small(-1), backbone.Options{}},
		`node "node of first" (Quux, opset 17): the operation is not supported`: {change(func(m *onnxfile.Model) { m.Graph.Nodes[2].Op = "Quux" }), norm},
		`node "node of deep" (Conv, opset 17): attribute strange is not`: {change(func(m *onnxfile.Model) {
			m.Graph.Nodes[3].Attributes = append(m.Graph.Nodes[3].Attributes, integer("strange", 1))
		}), norm},
		"opset 30":             {change(func(m *onnxfile.Model) { m.Opsets[""] = 30 }), norm},
		"cycle":                {change(func(m *onnxfile.Model) { m.Graph.Nodes[2].Inputs[0] = "joined" }), norm},
		"no tensor \"absent\"": {small(-1), backbone.Options{Normalisation: &augment.ImageNet, Output: "absent"}},
		"given by nothing":     {change(func(m *onnxfile.Model) { m.Graph.Nodes[5].Inputs[1] = "gone" }), norm},
		"--output": {change(func(m *onnxfile.Model) {
			m.Graph.Nodes, m.Graph.Outputs = m.Graph.Nodes[:10], []*onnxfile.Value{{Name: "logits"}}
		}), norm},
		"too large": {change(func(m *onnxfile.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, sized("huge", 50_000, 50_000))
			m.Graph.Nodes = append([]*onnxfile.Node{step("ConstantOfShape", "huge", "zeros"), step("Add", "fc.bias zeros", "wide")}, m.Graph.Nodes...)
			m.Graph.Nodes[len(m.Graph.Nodes)-2].Inputs[2] = "wide"
		}), backbone.Options{Normalisation: &augment.ImageNet, Output: "logits"}},
		"a tensor of shape": {change(func(m *onnxfile.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, sized("times", 1, 8000, 800, 800))
			m.Graph.Nodes[6] = step("Tile", "joined times", "second")
		}), norm},
	} {
		start := time.Now()
		_, err := imported(t, c.m, c.o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%q was said after %s", want, took)
		}
	}
}

// FuzzNetwork changes bytes of a model: whatever comes of it, that is no more than an error.
func FuzzNetwork(f *testing.F) {
	f.Add(small(1).Marshal())
	f.Add(small(-1).Marshal())
	f.Add(choosing(step("Shape", "pooled", "shape"), step("Size", "shape", "rank"), step("Equal", "rank four", "chosen")).Marshal())
	exported := small(-1)
	exported.Meta = map[string]string{backbone.MetaInner: "second", backbone.MetaPrepared: `{"size":32,"fit":"stretch","crop":20}`}
	f.Add(exported.Marshal())
	content, err := os.ReadFile("testdata/old.onnx")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := onnxfile.Parse(data)
		if err != nil {
			return
		}
		n, err := New(m)
		if err != nil {
			return
		}
		output, size, err := n.choose(backbone.Options{})
		if err != nil {
			return
		}
		structure := n.pruned(output, size).Marshal()
		b, err := open(backbone.Spec{Network: Name}, structure)
		if err != nil {
			return
		}
		b.Nodes(b.anySize())
		for _, cut := range b.Cuts() {
			_, _ = b.CutShape(cut, 32)
		}
	})
}
