package train

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/weights"
)

// emaConfig is a run of 3 + 3 steps, frozen in the first four, with averages, clipping and every state kept.
func emaConfig(t *testing.T, data string) *config.Config {
	c := frozenConfig(t, data)
	c.EMA, c.Optimizer.ClipNorm = 0.5, 0.7
	c.Checkpoint = config.Checkpoint{Every: 1, Keep: 10}
	return c
}

// The averages in the states are what the formula makes of the trained weights in the states, and training does not hear them.
func TestAverages(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := emaConfig(t, data)
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	plain := emaConfig(t, data)
	plain.EMA = 0
	without := finish(t, begin(t, plain, filepath.Join(t.TempDir(), "plain"), &recorder{}))

	decays := []float64{.1, 2. / 11, 3. / 12, 4. / 13, .1, 2. / 11} // the backbone begins to train after step 4
	want := map[string][]float64{}                                  // averages by variable, from the states before
	var state map[string]weights.Tensor
	for step := range 7 {
		state = tensorsOf(t, tr.Folder.Checkpoint(step))
		for name, file := range state {
			if strings.HasPrefix(name, "trained/") || groupOf(name) < 0 || strings.HasPrefix(name, "loss/") {
				continue
			}
			trained, kept := state["trained/"+name]
			if !kept {
				trained = file // it has not changed yet
			}
			if want[name] == nil {
				want[name] = make([]float64, len(file.Data)) // heads are drawn in the first step: their average begins here
				for i, v := range file.Data {
					want[name][i] = float64(v)
				}
				continue
			}
			for i, v := range trained.Data {
				want[name][i] += (1 - decays[step-1]) * (float64(v) - want[name][i])
				if math.Abs(want[name][i]-float64(file.Data[i])) > 1e-5*(1+math.Abs(want[name][i])) {
					t.Fatalf("step %d: the average of %s[%d] is %g, want %g", step, name, i, file.Data[i], want[name][i])
				}
			}
		}
		_, kept := state["trained/backbone/conv1_7x7_s2/weights"]
		if first := step > 4; kept != first {
			t.Errorf("after step %d the backbone has averages: %t", step, kept)
		}
	}
	for _, name := range []string{"heads/z_i/weights", "heads/norm/mean", "decoder/out/biases", "backbone/conv1_7x7_s2/variance"} {
		if slices.Equal(state["trained/"+name].Data, state[name].Data) {
			t.Errorf("%s: the average is the trained value", name)
		}
	}
	for name, w := range without {
		trained, kept := state["trained/"+name]
		if !kept {
			trained = state[name]
		}
		if !slices.Equal(trained.Data, w.Data) {
			t.Errorf("%s was trained to other values than without averages", name)
		}
	}
}

// What a run reports of its held-out classes is what its last state gives to whoever loads it for use.
func TestSavedModelIsTheAverage(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := emaConfig(t, data)
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	last := tr.Folder.Checkpoint(6)
	vars, _, err := checkpoint.Load(last)
	if err != nil {
		t.Fatal(err)
	}
	rowsOf := func(e *embed.Embedder) []float32 {
		t.Helper()
		rows, err := e.Rows(context.Background(), tr.data.reader, tr.data.test, c.TestPlan(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	e, err := embed.New(tr.backend, vars, tr.Model, embed.ZI, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if !slices.Equal(rowsOf(e), tr.eval.embeddings) {
		t.Error("the loaded state embeds otherwise than the run's evaluation did")
	}
	if slices.Equal(rowsOf(tr.eval.embedder), tr.eval.embeddings) {
		t.Error("the evaluation used the trained weights")
	}
}

func TestRunWithAveragesGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config { return emaConfig(t, data) }, 2, 4)
}

func TestAveragedFrom(t *testing.T) {
	c, err := config.Preset("cars-best")
	if err != nil {
		t.Fatal(err)
	}
	heads, whole := c.Phases[0], c.Phases[1] // on cached features; end to end
	heads.Steps, whole.Steps = 1000, 600
	c.Phases, c.Freeze.UnfreezeAt, c.EMA = []config.Phase{heads, heads, whole}, 2000, 0.999
	for step, want := range map[int]int{0: 0, 999: 0, 1000: 0, 1999: 0, 2000: 2000, 2599: 2000} {
		if got := averagedFrom(c, step); got != want {
			t.Errorf("step %d: averages are counted from %d, want %d", step, got, want)
		}
	}
	for step, want := range map[int]float64{0: .9, 90: .09, 1999: 9. / 2009, 2000: .9, 2090: .09} {
		if got := moves(c, step); math.Abs(got-want) > 1e-12 {
			t.Errorf("step %d: averages move by %g, want %g", step, got, want)
		}
	}
	if c.EMA = 0.5; math.Abs(moves(c, 1999)-.5) > 1e-12 {
		t.Errorf("averages move by %g", moves(c, 1999))
	}
}
