package checkpoint

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/internal/shared"
)

func TestRoundTrip(t *testing.T) {
	store := model.NewStore()
	for path, value := range map[string]*tensors.Tensor{
		"/heads/z_i/weights":   tensors.FromFlatDataAndDimensions([]float32{1, -2, 3.5, 1e-30, 0, 7}, 2, 3),
		"/loss/memory/labels":  tensors.FromFlatDataAndDimensions([]int32{-1, 5, 195}, 3),
		"/optimizer/first/one": tensors.FromScalar(float32(2)),
	} {
		if _, err := store.CreateVariable(path, value); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	want := Info{Config: "seed: 1\n", Step: 7, Taken: []int{7, 3}, Classes: 4, Best: .5, BestStep: 6, Metrics: map[string]float64{"R@1": .25}, Normalisation: augment.Caffe}
	if err := Save(path, store, want); err != nil {
		t.Fatal(err)
	}
	got, info, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Step != 7 || info.Config != want.Config || info.Metrics["R@1"] != .25 || info.Normalisation != augment.Caffe || !slices.Equal(info.Taken, want.Taken) {
		t.Errorf("got %+v, want %+v", info, want)
	}
	for v := range store.IterVariables() {
		back := got.GetVariable(v.Path())
		if back == nil {
			t.Errorf("%s is gone", v.Path())
			continue
		}
		if !back.MustValue().Equal(v.MustValue()) {
			t.Errorf("%s: %s, want %s", v.Path(), back.MustValue(), v.MustValue())
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "text.safetensors")
	if err := os.WriteFile(path, []byte("these are no weights"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, filepath.Join(dir, "absent")} {
		if _, _, err := Load(p); err == nil || !strings.Contains(err.Error(), p) {
			t.Errorf("%s: %v", p, err)
		}
	}
}

// In a file a variable's running average has the variable's name; LoadTraining undoes it.
func TestAveragesChangeNames(t *testing.T) {
	one := func(v float32) *tensors.Tensor { return tensors.FromFlatDataAndDimensions([]float32{v}, 1) }
	store := model.NewStore()
	for path, v := range map[string]float32{"/heads/z_i/weights": 1, AveragePath("/heads/z_i/weights"): 2, "/heads/z_i/biases": 3} {
		if _, err := store.CreateVariable(path, one(v)); err != nil {
			t.Fatal(err)
		}
	}
	check := func(s *model.Store, want map[string]float32) {
		t.Helper()
		n := 0
		for v := range s.IterVariables() {
			n++
			if got := tensors.MustCopyFlatData[float32](v.MustValue())[0]; got != want[v.Path()] {
				t.Errorf("%s is %g, want %g", v.Path(), got, want[v.Path()])
			}
		}
		if n != len(want) {
			t.Errorf("%d variables, want %d", n, len(want))
		}
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := Save(path, store, Info{}); err != nil {
		t.Fatal(err)
	}
	use, _, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	check(use, map[string]float32{"/heads/z_i/weights": 2, "/trained/heads/z_i/weights": 1, "/heads/z_i/biases": 3})
	training, _, err := LoadTraining(path)
	if err != nil {
		t.Fatal(err)
	}
	check(training, map[string]float32{"/heads/z_i/weights": 1, "/average/heads/z_i/weights": 2, "/heads/z_i/biases": 3})
	if err := SwapAverages(training); err != nil {
		t.Fatal(err)
	}
	check(training, map[string]float32{"/heads/z_i/weights": 2, "/average/heads/z_i/weights": 1, "/heads/z_i/biases": 3})
}

// The pooled features of real photographs agree with onnxruntime's to what JPEG decoders differ by.
func TestPhotographsAgreeWithOnnxruntime(t *testing.T) {
	var golden struct {
		Files []string    `json:"files"`
		Pool5 [][]float64 `json:"pool5"`
	}
	text, err := os.ReadFile(shared.Path(t, "golden/googlenet_bvlc.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &golden); err != nil {
		t.Fatal(err)
	}
	b, err := ReadBackbone(shared.Path(t, "weights/googlenet_bvlc.onnx"), backbone.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Network.String() != "GoogLeNet, original form, width 1" || b.Normalisation != augment.Caffe {
		t.Errorf("taken for %s with %+v", b.Network, b.Normalisation)
	}
	store := model.NewStore()
	if err := b.Fill(store); err != nil {
		t.Fatal(err)
	}
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	exec := model.MustNewExec(backend, store, func(s *model.Scope, x *graph.Node) *graph.Node { return b.Network.Build(s.At(scope), x, false) })
	plan := augment.Plan{Crop: 227, Norm: b.Normalisation}
	for i, name := range golden.Files {
		f, err := os.Open(shared.Path(t, "data/cars196/cars_train/"+name))
		if err != nil {
			t.Fatal(err)
		}
		planes, err := imageset.Decode(f, 256, imageset.Stretch)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		input := make([]float32, 227*227*3)
		plan.Apply(input, planes, 256, nil)
		out, err := exec.Call1(tensors.FromFlatDataAndDimensions(input, 1, 227, 227, 3))
		if err != nil {
			t.Fatal(err)
		}
		var off, size float64
		for j, v := range tensors.MustCopyFlatData[float32](out) {
			off += (float64(v) - golden.Pool5[i][j]) * (float64(v) - golden.Pool5[i][j])
			size += golden.Pool5[i][j] * golden.Pool5[i][j]
		}
		if rel := math.Sqrt(off / size); rel > 2e-2 {
			t.Errorf("%s: features are off by %.3g of their norm", name, rel)
		}
	}
}
