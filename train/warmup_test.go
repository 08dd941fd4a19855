package train

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

// warming is a run whose KL warms up in the second phase.
func warming(t *testing.T, data string) *config.Config {
	c := tiny(t, data)
	c.Method.FreeBits, c.Method.Classifier = 0.01, false
	c.Phases[1].KLWarmup = 1
	return c
}

func TestRunWithWarmUpGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config { return warming(t, data) }, 2, 4)
}

// The share of the KL's weight in each step's total is the one that the step's number says.
func TestTotalsOfTheWarmUp(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := warming(t, data)
	c.Method.FreeBits = 0 // what is logged as the KL is what is charged then
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	rows, err := run.ReadRows(tr.Folder.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	series := map[string][]float64{}
	for _, name := range []string{run.KL, run.Reconstruction, run.Synthetic, run.Invariant, run.Total} {
		_, series[name] = run.Series(rows, name)
	}
	shares := []float64{1, 1, 1, 0, 1. / 3, 2. / 3}
	if n := len(series[run.Total]); n != len(shares) {
		t.Fatalf("%d steps are logged, want %d", n, len(shares))
	}
	for i, share := range shares {
		l := c.Phases[c.PhaseAt(i)].Lambda
		want := share*l.KL*series[run.KL][i] + l.Reconstruction*series[run.Reconstruction][i] + l.Synthetic*series[run.Synthetic][i] + l.Invariant*series[run.Invariant][i]
		if got := series[run.Total][i]; math.Abs(got-want) > 1e-4*want {
			t.Errorf("step %d: the total is %g, %g by hand at share %g", i+1, got, want, share)
		}
	}
}
