package tensorboard

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	peer "github.com/dvml/dvml/internal/python"
)

// found is what testdata/read.py prints.
type found struct {
	Scalars, Page map[string][][2]float64
	Images        map[string][][]any // step, width, height, PNG in base64
	Histograms    map[string][]struct {
		Step           int
		Sum, Num       float64
		Limits, Counts []float64
	}
	Graph  []struct{ Node }
	Config struct {
		Embeddings []struct {
			TensorName  string
			TensorShape []int
			Sprite      struct{ SingleImageDim []int }
		}
	}
	Tensor, Sprite []byte // base64 in JSON
	Labels         string
}

// TestPython has TensorBoard's own readers read a run that was killed in the middle of a record and resumed.
func TestPython(t *testing.T) {
	python := peer.With(t, "tensorboard")
	logdir := t.TempDir()
	dir := filepath.Join(logdir, "run")
	nodes := []Node{
		{Name: "images", Op: "Parameter", Shape: []int{-1, 224, 224, 3}},
		{Name: "backbone/conv1", Op: "Conv", Inputs: []string{"images"}, Shape: []int{-1, 112, 112, 64}},
		{Name: "loss", Op: "ReduceSum", Inputs: []string{"backbone/conv1"}, Shape: []int{}},
		{Name: "step", Op: "Tuple"},
	}
	values := []float32{-3, 0, 0, 1e-20, 0.5, 0.5, 7, 1e25, float32(math.NaN())}
	vectors := []float32{0.1, -2.5e-8, 3, 1e30, 1.0 / 3, 0}

	w := open(t, dir, 0)
	do(t, w.Graph(nodes))
	for step := 1; step <= 9; step++ {
		do(t, w.Scalar("train/L1", step, float64(step)))
		do(t, w.Image("batch", step, picture(step, 5)))
	}
	do(t, w.Close())
	tear(t, dir)
	w = open(t, dir, 6)
	do(t, w.Graph(nodes))
	for step := 7; step <= 8; step++ {
		do(t, w.Scalar("train/L1", step, float64(10*step)))
		do(t, w.Histogram("z", step, values))
	}
	do(t, w.Projector("other", 8, vectors, 3, nil, nil, 0))
	do(t, w.Projector("z_i", 8, vectors, 2, []string{"a\tb", "", "日本\n\\n"}, picture(8, 8), 4))
	do(t, w.Close())

	cmd := exec.Command(python, filepath.Join("testdata", "read.py"), logdir, "run", "z_i_step_8")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	var got found
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	curve := [][2]float64{{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 70}, {8, 80}}
	equal(t, "scalars", got.Scalars, map[string][][2]float64{"train/L1": curve})
	equal(t, "page's scalars", got.Page, map[string][][2]float64{"train/L1": curve})

	if n := len(got.Images["batch"]); n != 6 {
		t.Fatalf("%d images, not those of steps 1 to 6", n)
	}
	for i, e := range got.Images["batch"] {
		equal(t, "image", fmt.Sprint(e[:3]), fmt.Sprint([]int{i + 1, i + 1, 5}))
	}

	want := count(values)
	if len(got.Histograms["z"]) != 2 {
		t.Fatalf("histograms %v", got.Histograms)
	}
	h := got.Histograms["z"][1]
	equal(t, "histogram's step", h.Step, 8)
	equal(t, "histogram's limits", h.Limits, want.Limits)
	equal(t, "histogram's counts", h.Counts, want.Counts)
	equal(t, "histogram's sums", []float64{h.Num, h.Sum}, []float64{8, want.Sum})

	for i, n := range got.Graph {
		if len(n.Inputs) == 0 {
			n.Inputs = nil
		}
		equal(t, "graph", n.Node, nodes[i])
	}

	if e := got.Config.Embeddings; len(e) != 2 || e[0].TensorName != "other_step_8" || e[1].TensorName != "z_i_step_8" {
		t.Fatalf("projector's configuration %+v", got.Config)
	}
	equal(t, "shape", got.Config.Embeddings[1].TensorShape, []int{3, 2})
	equal(t, "thumbnails", got.Config.Embeddings[1].Sprite.SingleImageDim, []int{4, 4})
	raw, err := binary.Append(nil, binary.LittleEndian, vectors)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "tensor", got.Tensor, raw)
	equal(t, "labels", strings.Split(got.Labels, "\n"), []string{`a\tb`, "(blank)", `日本\n\\n`, ""})
	img, err := png.Decode(bytes.NewReader(got.Sprite))
	if err != nil || img.Bounds().Dx() != 8 {
		t.Errorf("sprite: %v", err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
