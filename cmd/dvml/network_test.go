package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
)

// A network of an ONNX file from the file to a report, by the commands a user gives.
func TestImportedNetwork(t *testing.T) {
	const network = "../../backbone/onnx/testdata/mobile.onnx"
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 8, PerClass: 4, Size: 40, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	plan := `
title: Two ways over an imported network
preset: laptop
seeds: [1]
set: ["image.crop=32", "method.dim=8", "method.decoder.hidden=16", "batch={sampler: pxk, classes: 3, per_class: 2}", "evaluate.k=[1, 8]"]
runs:
  - {name: deep, set: ["freeze={until: block}"]}
  - {name: plain, set: ["method.objective=plain", "frozen=['*.bn.*']"]}
`
	if err := os.WriteFile(in("plan.yaml"), []byte(plan), 0o644); err != nil {
		t.Fatal(err)
	}
	good := func(args ...string) string {
		t.Helper()
		status, out, messages := printed(t, args...)
		if status != 0 {
			t.Fatalf("dvml %v: status %d: %s", args, status, messages)
		}
		return out
	}
	if out := good("info", network, "--all"); !strings.Contains(out, "candidate * features [32]") || !strings.Contains(out, "block.depth.conv") {
		t.Errorf("info:\n%s", out)
	}
	if status, _, messages := printed(t, "import", network, in("x.safetensors")); status != 1 || !strings.Contains(messages, "--normalisation") {
		t.Errorf("import without a normalisation: status %d: %s", status, messages)
	}
	good("import", network, in("network.safetensors"), "--normalisation", "imagenet", "--size", "32")
	good("prepare", in("pictures"), in("x.h5"), "--size", "40")
	good("experiment", in("plan.yaml"), "--data", in("x.h5"), "--backbone", in("network.safetensors"), "--steps", "4", "-o", in("experiment"))
	if page, err := os.ReadFile(in("experiment/index.html")); err != nil || !strings.Contains(string(page), "Two ways over an imported network") {
		t.Errorf("the report: %v", err)
	}
	good("train", "--data", in("x.h5"), "--backbone", network, "--normalisation", "imagenet", "--size", "32", "--preset", "laptop", "-o", in("run"),
		"--set", "batch={sampler: pxk, classes: 3, per_class: 2}", "--set", "evaluate.k=[1]",
		"--set", "phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]")
	state := in("run/checkpoints/step-000002.safetensors")
	good("eval", state, "--k", "1", "--bootstrap", "2")
	good("diagnose", state, "-o", in("diagnosis"))
	good("export", state, in("model.onnx"), "--heads")
	good("embed", in("model.onnx"), in("pictures"), in("x.npy"))
	for _, made := range []string{"diagnosis/index.html", "run/best.safetensors", "x.npy"} {
		if _, err := os.Stat(in(made)); err != nil {
			t.Error(err)
		}
	}
}

// Without a network an import from a hub says which file to bring and where to put it; there it is found.
func TestImportFromHub(t *testing.T) {
	cache, name := t.TempDir(), "hf:them/net/onnx/model.onnx"
	t.Setenv("DVML_CACHE", cache)
	t.Setenv("HF_ENDPOINT", "http://127.0.0.1:1")
	place := filepath.Join(cache, "hf", "them", "net", "main", "onnx", "model.onnx")
	out := filepath.Join(t.TempDir(), "x.safetensors")
	if status, _, messages := printed(t, "import", name, out, "--normalisation", "imagenet"); status != 1 || !strings.Contains(messages, place) {
		t.Errorf("status %d: %s", status, messages)
	}
	network, err := os.ReadFile("../../backbone/onnx/testdata/mobile.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(place, network, 0o644); err != nil {
		t.Fatal(err)
	}
	if status, _, messages := printed(t, "import", name, out, "--normalisation", "imagenet"); status != 0 {
		t.Errorf("status %d: %s", status, messages)
	}
}
