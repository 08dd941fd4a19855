package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/imageset/drawn"
	"github.com/dvml/dvml/weights"
)

// The commands one after another, as a user would call them, on a small drawn set.
func TestMainJob(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := drawn.Draw(in("pictures"), drawn.Options{Classes: 8, PerClass: 4, Size: 40, Seed: 1, Factors: in("factors.csv")}); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(in("out"), 0o755); err != nil {
		t.Fatal(err)
	}
	for seed, part := range []string{"train", "query", "gallery"} {
		if err := drawn.Draw(in("parts/"+part), drawn.Options{Classes: 2, PerClass: 3, Size: 40, Seed: uint64(seed)}); err != nil {
			t.Fatal(err)
		}
	}
	tiny := []string{"--preset", "laptop", "--set", "backbone.width=0.125", "--set", "image.crop=32", "--set", "batch={sampler: pxk, classes: 3, per_class: 2}",
		"--set", "phases=[{steps: 2, lambda: [1, 1, 0.1, 1], train_decoder: true, cut_reconstruction: true, samples: 1}]", "--set", "evaluate.k=[1, 2]"}
	for _, c := range []struct {
		status int
		args   []string
	}{
		{0, []string{"prepare", in("pictures"), in("x.h5"), "--size", "40"}},
		{1, []string{"prepare", in("pictures"), in("x.h5"), "--size", "40"}}, // it is there already
		{0, []string{"info", in("x.h5")}},
		{0, append([]string{"train", "--data", in("x.h5"), "-o", in("run")}, tiny...)},
		{1, append([]string{"train", "--data", in("x.h5"), "-o", in("run")}, tiny...)}, // a run is there already
		{0, []string{"train", "--resume", in("run")}},
		{1, []string{"train", "--resume", in("pictures")}}, // not a run
		{0, []string{"prepare", in("pictures"), in("same.h5"), "--size", "40"}},
		{0, []string{"train", "--resume", in("run"), "--data", in("same.h5")}}, // the data has moved
		{0, []string{"prepare", in("pictures"), in("other.h5"), "--size", "50"}},
		{1, []string{"train", "--resume", in("run"), "--data", in("other.h5")}}, // other data
		{1, []string{"train", "--resume", in("run"), "--data", in("pictures")}}, // a folder
		{0, []string{"eval", in("run/best.safetensors"), "--k", "1,2", "--bootstrap", "10", "--neighbours", in("neighbours.png")}},
		{0, []string{"eval", in("run"), "--queries", in("pictures"), "--gallery", in("pictures"), "--per-class", "3", "--curves", in("found.png")}},
		{1, []string{"eval", in("run"), "--queries", in("pictures")}},
		{1, []string{"eval"}},
		{0, []string{"embed", in("run"), in("pictures"), in("x.npy")}},
		{1, []string{"embed", in("run"), in("pictures"), in("x.npy")}}, // it already exists
		{0, []string{"embed", in("run"), in("pictures"), in("x.npy"), "--force", "--float16"}},
		{0, []string{"embed", in("run"), in("x.h5"), in("y.parquet"), "--mirror"}},
		{1, []string{"embed", in("run"), in("pictures"), in("x.parquet"), "--float16"}},
		{1, []string{"embed", in("run"), in("pictures")}},
		{0, []string{"eval", "--embeddings", in("x.npy"), "--bootstrap", "5", "--per-class", "2", "--json"}},
		{0, []string{"eval", "--queries", in("x.npy"), "--gallery", in("y.parquet"), "--no-clusters"}},
		{1, []string{"eval", "--embeddings", in("x.npy"), "--labels", in("missing.csv")}},
		{0, []string{"calibrate", in("run"), "--picture", in("reliability.png")}},
		{0, []string{"compare", in("run"), in("x-sheet.png"), in("x-sheet.png")}},
		{1, []string{"compare", in("run"), in("x.h5"), in("x-sheet.png")}},
		{0, []string{"info", in("run")}},
		{0, []string{"info", in("run/best.safetensors"), "--all"}},
		{0, []string{"diagnose", in("run"), in("run/checkpoints/step-000002.safetensors"), "-o", in("diagnosis"), "--factors", in("factors.csv")}},
		{1, []string{"diagnose", in("run"), "-o", in("diagnosis"), "--factors", in("run/metrics.csv")}}, // not a line for each image
		{0, []string{"import", in("run/best.safetensors"), in("backbone.safetensors")}},
		{0, []string{"info", in("backbone.safetensors")}},
		{0, []string{"export", in("run/checkpoints/step-000002.safetensors"), in("model.onnx"), "--heads"}},
		{1, []string{"export", in("run"), in("model.onnx")}},                         // it already exists
		{1, []string{"export", in("run"), in("model.pt")}},                           // no such format
		{1, []string{"export", in("backbone.safetensors"), in("b.onnx"), "--heads"}}, // it has none
		{0, []string{"export", in("run"), in("half.onnx"), "--precision", "float16"}},
		{0, []string{"export", in("run"), in("out/model.safetensors"), "--card"}},
		{1, []string{"export", in("run"), in("out/model.onnx"), "--card"}}, // README.md already exists
		{1, []string{"export", in("run"), in("m.safetensors"), "--heads"}},
		{0, []string{"embed", in("model.onnx"), in("pictures"), in("again.npy")}},
		{0, []string{"info", in("half.onnx")}},
		{0, []string{"import", in("half.onnx"), in("again.safetensors")}},
		{0, []string{"prepare", in("parts"), in("parts.h5"), "--size", "40"}},
		{0, []string{"eval", in("run/best.safetensors"), "--data", in("parts.h5"), "--k", "1,2", "--neighbours", in("parts.png")}}, // a gallery
		{1, []string{"diagnose", in("backbone.safetensors"), "--data", in("x.h5")}},                                                // no heads
		{1, []string{"experiment", "report"}},                                                                                      // no data
		{1, []string{"experiment", "report", "--report-only", "-o", in("run")}},                                                    // no runs
		{1, []string{"experiment", "report", "--report-only", "--steps", "3"}},                                                     // nothing to scale
		{1, []string{"train", "--data", in("x.h5"), "--set", "no.such=1"}},
		{1, []string{"eval", in("x.h5")}},
		{1, []string{"eval", in("backbone.safetensors")}}, // no data
		{1, []string{"train", "--preset", "laptop"}},      // no data
		{1, []string{"train", "--data", in("pictures")}},  // a folder, not yet prepared
		{1, []string{"import", "torchvision:resnet"}},     // an unknown name
		{1, []string{"import", in("nothing.safetensors")}},
		{2, []string{"tran"}},
		{0, []string{"prepare", in("pictures"), in("large.h5")}}, // of 256 px, which a backbone alone crops 227 from
		{0, []string{"presets", "report-1"}},
		{0, []string{"backends"}},
	} {
		if got := execute(c.args); got != c.status {
			t.Errorf("dvml %v: status %d, want %d", c.args, got, c.status)
		}
	}
	file, err := weights.Read(in("backbone.safetensors")) // weights that another program wrote lack the description
	if err != nil {
		t.Fatal(err)
	}
	delete(file.Meta, "dvml")
	if err := weights.WriteSafetensors(in("foreign.safetensors"), file); err != nil {
		t.Fatal(err)
	}
	if got := execute([]string{"eval", in("foreign.safetensors"), "--data", in("large.h5"), "--k", "1"}); got != 0 {
		t.Errorf("eval of a foreign backbone: status %d", got)
	}
	for _, made := range []string{"x-sheet.png", "run/curves.png", "run/metrics.csv", "run/config.yaml", "backbone.safetensors", "neighbours.png", "diagnosis/index.html", "diagnosis/report.md"} {
		if _, err := os.Stat(in(made)); err != nil {
			t.Error(err)
		}
	}
}
