package export

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	_ "github.com/dvml/dvml/backbone/networks"
	_ "github.com/dvml/dvml/backend/cpu"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/method"
)

// kind is a model to export.
type kind struct {
	name     string
	network  string   // an ONNX file, or empty for GoogLeNet
	settings []string // of the run
	prepared checkpoint.Prepared
}

var kinds = []kind{
	{"original", "", []string{"backbone.form=original", "backbone.width=0.125", "image.crop=40", "method.feature_norm=true"}, checkpoint.Prepared{Size: 48, Fit: "stretch"}},
	{"batch norm", "", []string{"backbone.form=bn", "backbone.width=0.125", "image.crop=41", "image.normalisation={mean: [120, 110, 100], std: [50, 60, 70]}"}, checkpoint.Prepared{Size: 50, Fit: "pad"}},
	{"resized", "", []string{"backbone.form=original", "backbone.width=0.125", "image.crop=40", "image.resize=45"}, checkpoint.Prepared{Size: 64, Fit: "crop"}},
	{"rooted", "", []string{"backbone.form=bn", "backbone.width=0.125", "image.crop=40", "method.feature_scale=root", "method.feature_norm=false", "method.start=features", "method.dim=128"},
		checkpoint.Prepared{Size: 40, Fit: "stretch"}},
	{"enlarged", "../backbone/onnx/testdata/mobile.onnx", []string{"image.crop=57", "image.resize=60"}, checkpoint.Prepared{Size: 48, Fit: "stretch"}},
	{"older network", "../backbone/onnx/testdata/old.onnx", nil, checkpoint.Prepared{Size: 45, Fit: "pad"}},
}

// made writes a checkpoint of a model with drawn weights, none of which is 0 or 1, and opens it.
func (k kind) made(t *testing.T) *dvml.Model {
	t.Helper()
	c, err := config.Preset("laptop")
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	info := checkpoint.Info{Step: 7, Classes: 3, Names: []string{"a", "b", "ü"}, BestStep: -1, Prepared: k.prepared, Metrics: map[string]float64{"recall@1": 0.5}}
	if k.network != "" {
		b, err := checkpoint.ReadBackbone(k.network, backbone.Options{Normalisation: &augment.ImageNet})
		if err != nil {
			t.Fatal(err)
		}
		c.UseBackbone("", b.Imported)
		info.Structure, info.Size, info.BatchNorm = b.Network.Structure(), b.Size, b.BatchNorm
		if err := b.Fill(store); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range append([]string{"method.dim=24"}, k.settings...) {
		if err := c.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	info.Normalisation = c.Image.Normalisation
	text, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	info.Config = string(text)
	network, err := backbone.Open(c.Backbone.Spec, info.Structure)
	if err != nil {
		t.Fatal(err)
	}
	m, err := method.NewModel(network, c.Method, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	draw(t, store, m, c.Image.Crop)
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := checkpoint.Save(path, store, info); err != nil {
		t.Fatal(err)
	}
	opened, err := dvml.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { opened.Close() })
	return opened
}

// draw makes the variables of a model by building it once, and moves those that begin at 0 or 1.
func draw(t *testing.T, store *model.Store, m *method.Model, crop int) {
	t.Helper()
	backend, err := compute.NewWithConfig("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(backend.Finalize)
	build, err := model.NewExec(backend, store, func(scope *model.Scope, x *graph.Node) []*graph.Node {
		h := m.Heads(scope, m.Features(scope, x, false))
		return []*graph.Node{h.ZI, h.Mu, h.LogVar}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := build.Call(initial.Constant(0, 1, crop, crop, 3)); err != nil {
		t.Fatal(err)
	}
	for v := range store.IterVariables() {
		value := v.MustValue()
		flat, err := tensors.CopyFlatData[float32](value)
		if err != nil || strings.HasSuffix(v.Path(), "/weights") || !strings.HasPrefix(v.Path(), "/heads/") && !strings.HasPrefix(v.Path(), "/backbone/") {
			continue
		}
		rng := initial.Rand(5, v.Path())
		for i, x := range flat {
			flat[i] = x + 0.2*rng.Float32()
		}
		if err := v.SetValue(tensors.FromFlatDataAndDimensions(flat, value.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
}

// sizes are of the made photographs, width and height.
var sizes = [][2]int{{48, 48}, {64, 48}, {90, 131}, {13, 57}, {320, 33}, {50, 50}, {45, 90}, {128, 128}, {77, 76}, {40, 200}}

// photographs writes made photographs: blocks of colour under noise.
func photographs(t *testing.T) (folder string, paths []string) {
	t.Helper()
	folder = t.TempDir()
	for i, size := range sizes {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		img := image.NewNRGBA(image.Rect(0, 0, size[0], size[1]))
		var colours [4][3]int
		for j := range colours {
			colours[j] = [3]int{rng.IntN(256), rng.IntN(256), rng.IntN(256)}
		}
		for y := range size[1] {
			for x := range size[0] {
				colour := colours[2*(2*y/size[1])+2*x/size[0]]
				at := img.Pix[img.PixOffset(x, y):]
				for c, v := range colour {
					at[c] = byte(min(max(v+rng.IntN(61)-30, 0), 255))
				}
				at[3] = 255
			}
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, fmt.Sprintf("%02d.png", i))
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return folder, paths
}

// runner checks a model by onnx, runs it by onnxruntime on photographs in batches of two, and
// writes its outputs as JSON.
const runner = `
import json, sys, numpy as np, onnx, onnxruntime
from PIL import Image
model = onnx.load(sys.argv[1])
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(sys.argv[1])
out = {"opset": model.opset_import[0].version, "meta": {p.key: p.value for p in model.metadata_props}, "rows": []}
for path in sys.argv[2:]:
    x = np.asarray(Image.open(path).convert("RGB"))
    values = session.run(None, {"images": np.stack([x[::-1], x])})
    out["rows"].append({o.name: v[1].tolist() for o, v in zip(session.get_outputs(), values)})
json.dump(out, sys.stdout)
`

type ran struct {
	Opset int
	Meta  map[string]string
	Rows  []map[string][]float32
}

func run(t *testing.T, path string, photographs []string) (out ran) {
	t.Helper()
	interpreter := python.With(t, "onnx", "onnxruntime", "numpy", "PIL")
	command := exec.Command(interpreter, append([]string{"-c", runner, path}, photographs...)...)
	command.Stderr = os.Stderr
	text, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// apart is the distance of two vectors, relative to the length of the second.
func apart(a, b []float32) float64 {
	var d, n float64
	for i := range b {
		d += float64(a[i]-b[i]) * float64(a[i]-b[i])
		n += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(d / n)
}

func write(t *testing.T, m *dvml.Model, o Options) string {
	t.Helper()
	made, err := ONNX(m, o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, made.Marshal(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// onnxruntime gives for photographs of any size what the model gives.
func TestAgreesWithRuntime(t *testing.T) {
	python.With(t, "onnx", "onnxruntime", "numpy", "PIL")
	_, paths := photographs(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			m := k.made(t)
			got := run(t, write(t, m, Options{Heads: true}), paths)
			if got.Opset != 17 || got.Meta["dvml.classes"] != `["a","b","ü"]` || got.Meta["dvml.metrics"] != `{"recall@1":0.5}` || got.Meta["normalisation"] == "" {
				t.Errorf("opset %d, metadata %v", got.Opset, got.Meta)
			}
			for i, path := range paths {
				embedding, err := m.EmbedFile(context.Background(), path)
				if err != nil {
					t.Fatal(err)
				}
				photograph, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				pixels, err := m.Prepare(photograph)
				if err != nil {
					t.Fatal(err)
				}
				heads, err := m.HeadsPrepared(context.Background(), pixels)
				if err != nil {
					t.Fatal(err)
				}
				for name, want := range map[string][]float32{Embedding: embedding, Mean: heads.Mu, LogVariance: heads.LogVar} {
					if d := apart(got.Rows[i][name], want); d > 1e-5 {
						t.Errorf("%v: %s is %.1e apart", sizes[i], name, d)
					}
				}
			}
		})
	}
}

// An exported model imports again as a network whose features are the embeddings, with how photographs were prepared.
func TestImportsAgain(t *testing.T) {
	_, paths := photographs(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			m := k.made(t)
			for _, o := range []Options{{}, {Heads: true}, {Half: true}} {
				again, err := dvml.Open(write(t, m, o))
				if err != nil {
					t.Fatal(err)
				}
				defer again.Close()
				bound := 1e-5
				if o.Half {
					if bound, err = HalfError(context.Background(), m); err != nil {
						t.Fatal(err)
					}
					if bound == 0 || bound > 0.01 {
						t.Errorf("float16 moves embeddings by %g", bound)
					}
					bound *= 3 // other pictures
				}
				for i, path := range paths {
					want, err := m.EmbedFile(context.Background(), path)
					if err != nil {
						t.Fatal(err)
					}
					got, err := again.EmbedFile(context.Background(), path)
					if err != nil {
						t.Fatal(err)
					}
					if d := apart(got, want); d > bound {
						t.Errorf("%+v %v: %.1e apart", o, sizes[i], d)
					}
				}
			}
		})
	}
}

// What cannot be exported is refused by name.
func TestRefuses(t *testing.T) {
	m, err := dvml.Open("../backbone/onnx/testdata/mobile.onnx", dvml.Network(backbone.Options{Normalisation: &augment.ImageNet}))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if _, err := ONNX(m, Options{Heads: true}); err == nil || !strings.Contains(err.Error(), "not trained under DVML") {
		t.Errorf("heads of a network alone: %v", err)
	}
}
