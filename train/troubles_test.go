package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

// The spread is half the mean squared distance of all pairs of unit vectors.
func TestSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	const n, dim = 7, 5
	z := make([]float32, n*dim)
	for i := range z {
		z[i] = float32(rng.NormFloat64()) + 1
	}
	unit := func(i, j int) float64 {
		norm := 0.0
		for _, v := range z[i*dim : (i+1)*dim] {
			norm += float64(v) * float64(v)
		}
		return float64(z[i*dim+j]) / math.Sqrt(norm)
	}
	want := 0.0
	for a := range n {
		for b := range n {
			for j := range dim {
				d := unit(a, j) - unit(b, j)
				want += d * d / 2 / n / n
			}
		}
	}
	if got := spread(z, dim); math.Abs(got-want) > 1e-12 {
		t.Errorf("spread is %g, want %g", got, want)
	}
	for name, c := range map[string]struct {
		z    []float32
		want float64
	}{"alike": {[]float32{1, 2, 10, 20}, 0}, "opposite": {[]float32{1, 0, -3, 0}, 1}, "zero": {make([]float32, 4), 0}, "none": {nil, 0}} {
		if got := spread(c.z, 2); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: spread is %g, want %g", name, got, c.want)
		}
	}
}

// said reports whether one of lines holds part.
func said(lines []string, part string) bool {
	return slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, part) })
}

func TestBatchesWithoutTripletsAreCounted(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Freeze.Part, c.Method.Objective = "backbone", "plain"
	margin := 1e4 // which no triplet keeps
	c.Method.Loss.Margin = &margin
	alone := config.Batch{Sampler: "pxk", Classes: 3, PerClass: 1} // no image has another of its class: no triplets
	c.Phases[0].Steps, c.Phases[1].Steps, c.Phases[1].Batch = 4, 14, &alone
	dir := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	w := &recorder{onStep: func(p Progress) {
		if p.Step == 6 {
			cancel()
		}
	}}
	tr := begin(t, c, dir, w)
	if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	tr.Close()
	if !said(w.lines, "2 of 6 batches had no active triplets") {
		t.Errorf("it said %q", w.lines)
	}
	w = &recorder{}
	finish(t, resume(t, dir, w))
	for _, part := range []string{"14 of 18 batches had no active triplets", "none of the last 10 batches", "method.loss.margin"} {
		if !said(w.lines, part) {
			t.Errorf("%q is not in %q", part, w.lines)
		}
	}
	if said(w.lines, "collapse") {
		t.Errorf("it said %q", w.lines)
	}
	rows, err := run.ReadRows(run.Folder(dir).Metrics())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if idle, ok := r.Values[run.Idle]; ok && idle != float64(max(0, r.Step-4)) {
			t.Errorf("%g idle batches after step %d", idle, r.Step)
		}
		for _, name := range []string{run.KL, run.Reconstruction, run.Synthetic} {
			if _, ok := r.Values[name]; ok {
				t.Errorf("the plain objective logs %s", name)
			}
		}
	}
	steps, _ := run.Series(rows, run.Idle)
	if len(steps) != 18 {
		t.Errorf("idle batches are logged at %v", steps)
	}
}

func TestCollapseIsSaid(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Freeze.Part, c.Method.Objective = "backbone", "plain"
	c.Optimizer.Rates = config.Rates{Classifier: 1e-3}
	c.Phases[0].Steps, c.Phases[1].Steps, c.Evaluate.Every = 6, 6, 12
	w := &recorder{}
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), w)
	dims := []int{tr.Model.Backbone.Features(), c.Method.Dim} // heads that say the same of everything
	tr.store.VariableWithValue("/heads/z_i/weights", tensors.FromFlatDataAndDimensions(make([]float32, dims[0]*dims[1]), dims...))
	ones := slices.Repeat([]float32{1}, c.Method.Dim)
	tr.store.VariableWithValue("/heads/z_i/biases", tensors.FromFlatDataAndDimensions(ones, c.Method.Dim))
	finish(t, tr)
	for _, part := range []string{"collapse: all embeddings of the last 10 batches are alike", "collapse: the embeddings of all held-out images", "optimizer.rates"} {
		if !said(w.lines, part) {
			t.Errorf("%q is not in %q", part, w.lines)
		}
	}
	rows, err := run.ReadRows(tr.Folder.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	for _, column := range []string{run.Spread, run.HeldOutSpread} {
		if _, y := run.Series(rows, column); len(y) == 0 || slices.Max(y) > collapsed {
			t.Errorf("%s is %v", column, y)
		}
	}
}
