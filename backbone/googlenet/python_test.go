package googlenet

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/weights"
)

// The network of sys.argv[1] (layers and form) on the tensors of sys.argv[2], by PyTorch in float64: features and norms of gradients.
const pytorch = `
import json, sys, torch, torch.nn.functional as F
from safetensors.torch import load_file
spec = json.load(open(sys.argv[1]))
values = {k: v.double().requires_grad_(k != "images") for k, v in load_file(sys.argv[2]).items()}
maps = {"images": values["images"].permute(0, 3, 1, 2)}
for l in spec["Layers"]:
    x = maps[l["Inputs"][0]]
    if l["Op"] == "conv":
        v = lambda name: values[l["Name"] + "/" + name]
        y = F.conv2d(x, v("weights").permute(3, 2, 0, 1), None if spec["Form"] == "bn" else v("biases"), l["Stride"], l["Pad"])
        if spec["Form"] == "bn":
            y = F.batch_norm(y, None, None, v("scale"), v("offset"), training=True, eps=0.001)
        y = F.relu(y)
    elif l["Op"] == "max_pool":
        y = F.max_pool2d(x, l["Kernel"], l["Stride"], l["Pad"], ceil_mode=True)
    elif l["Op"] == "lrn":
        y = F.local_response_norm(x, 5, 1e-4, 0.75, 1.0)
    elif l["Op"] == "concat":
        y = torch.cat([maps[i] for i in l["Inputs"]], 1)
    else:
        y = x.mean((2, 3))
    maps[l["Name"]] = y
(y * y).sum(1).mean().backward()
grads = {k: v.grad.norm().item() for k, v in values.items() if v.grad is not None}
json.dump({"Features": y.flatten().tolist(), "Norms": grads}, open(sys.argv[3], "w"))
`

// Fresh networks, small images, features and every gradient against PyTorch's in float64.
func TestAgreesWithPyTorch(t *testing.T) {
	interpreter := python.With(t, "torch", "safetensors")
	for _, c := range []struct {
		spec                Spec
		features, gradients float64 // tolerances; batch norm over few pixels makes much of float32's roundings
	}{{Spec{Form: Original, Width: 0.25}, 1e-5, 1e-4}, {Spec{Form: BN, Width: 0.25}, 1e-3, 2e-3}} {
		s := c.spec
		store, x := model.NewStore(), madeImages(5, 4, 75, 100)
		var variables []backbone.Variable
		for _, v := range s.Variables() {
			if v.Trainable {
				variables = append(variables, v)
			}
		}
		built := model.MustNewExec(backend(), store, func(scope *model.Scope, x *Node) []*Node {
			y := s.Build(scope, x, true)
			var at []*Node
			for _, v := range variables {
				at = append(at, store.GetVariable("/"+v.Path).NodeValue(x.Graph()))
			}
			outputs := []*Node{y}
			for _, gradient := range Gradient(ReduceAllMean(ReduceSum(Square(y), -1)), at...) {
				outputs = append(outputs, Sqrt(ReduceAllSum(Square(gradient))))
			}
			return outputs
		})
		out, err := built.Exec(x)
		if err != nil {
			t.Fatal(err)
		}

		file := &weights.File{Tensors: map[string]weights.Tensor{"images": {Shape: x.Shape().Dimensions, Data: tensors.MustCopyFlatData[float32](x)}}}
		for _, v := range variables {
			file.Tensors[v.Path] = weights.Tensor{Shape: v.Shape, Data: tensors.MustCopyFlatData[float32](store.GetVariable("/" + v.Path).MustValue())}
		}
		dir := t.TempDir()
		layers, values, result := filepath.Join(dir, "layers.json"), filepath.Join(dir, "values.safetensors"), filepath.Join(dir, "result.json")
		text, err := json.Marshal(map[string]any{"Form": s.Form, "Layers": s.Layers()})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(layers, text, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := weights.WriteSafetensors(values, file); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(interpreter, "-c", pytorch, layers, values, result).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		var want struct {
			Features []float32
			Norms    map[string]float64
		}
		if text, err = os.ReadFile(result); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		checkClose(t, s.Form+": features", tensors.MustCopyFlatData[float32](out[0]), want.Features, c.features)
		worst := 0.0
		for i, v := range variables {
			got := float64(tensors.ToScalar[float32](out[1+i]))
			off := math.Abs(got-want.Norms[v.Path]) / want.Norms[v.Path]
			if worst = max(worst, off); !(off < c.gradients) {
				t.Errorf("%s: %s: gradient norm %g, PyTorch's %g", s.Form, v.Path, got, want.Norms[v.Path])
			}
		}
		t.Logf("%s: gradient norms differ by %.2g at most", s.Form, worst)
	}
}
