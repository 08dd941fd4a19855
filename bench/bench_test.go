package bench

import (
	"strings"
	"testing"

	"github.com/dvml/dvml/engine"
)

// A small measurement gives every figure, and a table beside itself ratios of 1.
func TestRunMeasuresEveryPart(t *testing.T) {
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(backend, Options{Batch: 2, Size: 32, Repeat: 1, Only: Parts})
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]*Network{"caffe": r.Caffe, "bn": r.BN} {
		if n == nil || n.Train <= 0 || n.Embed <= 0 || n.EmbedOne <= 0 {
			t.Errorf("%s: %+v", name, n)
		}
	}
	if len(r.Layers) != len(Layers) {
		t.Errorf("layers: %v", r.Layers)
	}
	if r.Matmul <= 0 {
		t.Errorf("matmul: %g", r.Matmul)
	}
	for _, line := range Table(r, r) {
		if !strings.HasSuffix(line, "ratio 1.00") {
			t.Errorf("beside itself: %s", line)
		}
	}
}

// A network's file is measured as the networks of this package are.
func TestRunMeasuresAFile(t *testing.T) {
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Run(backend, Options{Batch: 2, Size: 32, Repeat: 1, Only: []string{"../backbone/onnx/testdata/mobile.onnx"}})
	if err != nil {
		t.Fatal(err)
	}
	n := r.Files["mobile"]
	if n == nil || n.Train <= 0 || n.Embed <= 0 || n.EmbedOne <= 0 {
		t.Errorf("figures %+v", n)
	}
	if rows := strings.Join(Table(r, nil), "\n"); !strings.Contains(rows, "mobile, training") {
		t.Errorf("the table leaves it out:\n%s", rows)
	}
}

func TestRunRefusesAnUnknownPart(t *testing.T) {
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(backend, Options{Batch: 2, Size: 32, Repeat: 1, Only: []string{"resnet"}}); err == nil || !strings.Contains(err.Error(), "caffe, bn, layers, matmul") {
		t.Errorf("%v", err)
	}
}

// An engine beside itself is about as fast.
func TestBeside(t *testing.T) {
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	pairs, err := Beside(backend, backend, Options{Batch: 2, Size: 32, Repeat: 3, Only: Parts})
	if err != nil {
		t.Fatal(err)
	}
	if len(pairs) != 2 || pairs[0].Part != "caffe" || pairs[1].Part != "bn" {
		t.Fatalf("%+v", pairs)
	}
	for i, p := range pairs {
		if p.One <= 0 || p.Other <= 0 || !(p.Ratio > .1 && p.Ratio < 10) {
			t.Errorf("%+v", p)
		}
		if row := PairsTable(pairs)[i]; !strings.Contains(row, "training") {
			t.Errorf("%q", row)
		}
	}
}
