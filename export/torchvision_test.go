package export

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/weights"
)

// block is the code of a card.
var block = regexp.MustCompile("(?s)```python\n(.*?)```")

// similarity runs the code of a model card on two photographs, and returns the similarity that it prints.
func similarity(t *testing.T, interpreter, text, folder string) (value float64) {
	t.Helper()
	code := block.FindStringSubmatch(text)
	if code == nil || strings.Count(code[1], "\n") != 6 {
		t.Fatalf("no six lines of Python in the card:\n%s", text)
	}
	command := exec.Command(interpreter, "-W", "ignore", "-c", code[1])
	command.Dir, command.Stderr = folder, os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(string(out), "similarity %g", &value); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return value
}

// ours is the similarity of the two photographs in folder by the model.
func ours(t *testing.T, m *dvml.Model, folder string) float64 {
	t.Helper()
	var rows [2][]float32
	for i, name := range []string{"a.jpg", "b.jpg"} {
		row, err := m.EmbedFile(context.Background(), filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		rows[i] = row
	}
	sum := 0.0
	for i, v := range rows[0] {
		sum += float64(v) * float64(rows[1][i])
	}
	return sum
}

// pair makes a folder with photographs a.jpg and b.jpg, of one size or of two. They are PNG, whose
// pixels all programs agree on.
func pair(t *testing.T, first, second int) string {
	t.Helper()
	folder, paths := photographs(t)
	for from, to := range map[int]string{first: "a.jpg", second: "b.jpg"} {
		if err := os.Rename(paths[from], filepath.Join(folder, to)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// torchvision's own network loads what Safetensors makes, strictly, by the lines of the card, and gives the embeddings.
func TestTorchvision(t *testing.T) {
	interpreter := python.With(t, "torch", "torchvision", "safetensors", "PIL")
	folder := pair(t, 0, 3)
	k := kind{"", "", []string{"backbone.form=bn", "backbone.width=1", "image.crop=40"}, checkpoint.Prepared{Size: 48, Fit: "stretch"}}
	for _, norm := range []string{"true", "false"} {
		k.settings = append(k.settings, "method.feature_norm="+norm)
		m := k.made(t)
		f, err := Safetensors(m)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "model.safetensors")
		if err := weights.WriteSafetensors(path, f); err != nil {
			t.Fatal(err)
		}
		text, err := Card(m, path)
		if err != nil {
			t.Fatal(err)
		}
		// Pillow rounds between the passes of its bicubic filter: b.jpg, which is scaled, differs by a unit here and there.
		if got, want := similarity(t, interpreter, text, folder), ours(t, m, folder); got < want-1e-3 || got > want+1e-3 {
			t.Errorf("feature_norm %s: torchvision gives a similarity of %g, want %g", norm, got, want)
		}
		again, err := dvml.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if again.Dim() != 1024 {
			t.Errorf("the file imports as a network of %d features", again.Dim())
		}
		again.Close()
	}
}

// The six lines of a card run as they stand.
func TestCard(t *testing.T) {
	m := kinds[0].made(t)
	folder := pair(t, 1, 2)
	made, err := ONNX(m, Options{})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "beetles.onnx")
	if err := os.WriteFile(path, made.Marshal(), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := Card(m, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"# beetles", "| recall@1 | 0.500 |", "3 classes: a, b, ü.", "GoogLeNet, original form", "7 steps"} {
		if !strings.Contains(text, part) {
			t.Errorf("the card lacks %q:\n%s", part, text)
		}
	}
	interpreter := python.With(t, "onnxruntime", "numpy", "PIL")
	if got, want := similarity(t, interpreter, text, folder), ours(t, m, folder); got < want-1e-5 || got > want+1e-5 {
		t.Errorf("the card's lines give a similarity of %g, want %g", got, want)
	}
}

// What torchvision's network has no place for is not left out in silence.
func TestSafetensorsRefusesScaledFeatures(t *testing.T) {
	if _, err := Safetensors(kinds[3].made(t)); err == nil || !strings.Contains(err.Error(), "feature_scale") {
		t.Errorf("scaled features: %v", err)
	}
}

// The original form keeps Caffe's names, and imports again.
func TestCaffeNames(t *testing.T) {
	m := kinds[0].made(t)
	f, err := Safetensors(m)
	if err != nil {
		t.Fatal(err)
	}
	if shape := f.Tensors["conv1_7x7_s2_w"].Shape; len(shape) != 4 || shape[1] != 3 || shape[2] != 7 {
		t.Errorf("conv1_7x7_s2_w has shape %v", shape)
	}
	path := filepath.Join(t.TempDir(), "caffe.safetensors")
	if err := weights.WriteSafetensors(path, f); err != nil {
		t.Fatal(err)
	}
	again, err := dvml.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := Safetensors(kinds[4].made(t)); err == nil || !strings.Contains(err.Error(), ".onnx") {
		t.Errorf("weights of an imported network: %v", err)
	}
}
