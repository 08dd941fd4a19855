package train

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

// One step of two batches at twice the rate goes where two small steps of one batch go: both follow the sum of the two gradients.
func TestAccumulatedGradientIsTheMean(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	const rate = 1e-5 // small, so that the second of two small steps starts near where the first did
	config := func(accumulate, steps int, rate float64) *config.Config {
		c := tiny(t, data)
		c.Freeze.Part = "backbone" // batch norm of a tiny network on tiny batches amplifies any change a thousandfold
		c.Accumulate, c.Optimizer.Name, c.Optimizer.Momentum = accumulate, "sgd", 0
		c.Optimizer.Rates = config.Rates{Backbone: rate, Heads: rate, Decoder: rate, Classifier: rate}
		c.Phases = c.Phases[1:]
		c.Phases[0].Steps = steps
		c.Checkpoint = config.Checkpoint{Every: 1, Keep: 4}
		return c
	}
	// The weights exist after the first step, so what is compared is the second, and in the other run the third and the fourth.
	tr := begin(t, config(2, 2, 2*rate), filepath.Join(t.TempDir(), "one"), &recorder{})
	after := finish(t, tr)
	before := tensorsOf(t, tr.Folder.Checkpoint(1))
	each := begin(t, config(1, 4, rate), filepath.Join(t.TempDir(), "two"), &recorder{})
	wantAfter := finish(t, each)
	wantBefore := tensorsOf(t, each.Folder.Checkpoint(2))
	squares, moved := 0.0, 0
	for name, w := range after {
		if strings.HasPrefix(name, "optimizer/") || strings.HasPrefix(name, "scratch/") {
			if strings.HasPrefix(name, "scratch/") {
				t.Errorf("%s is saved", name)
			}
			continue
		}
		var dot, got2, want2, size float64
		for i := range w.Data {
			got := float64(w.Data[i]) - float64(before[name].Data[i])
			want := float64(wantAfter[name].Data[i]) - float64(wantBefore[name].Data[i])
			dot, got2, want2 = dot+got*want, got2+got*got, want2+want*want
			size += float64(w.Data[i]) * float64(w.Data[i])
		}
		if !isStatistic(name) {
			squares += got2
		}
		if want2 < 1e-10*size {
			continue // rounding is too near to the change
		}
		moved++
		if cosine, ratio := dot/math.Sqrt(got2*want2), math.Sqrt(got2/want2); cosine < 0.99 || math.Abs(ratio-1) > 0.02 {
			t.Errorf("%s moved by %.4f of what two steps move it by, at a cosine of %.4f", name, ratio, cosine)
		}
	}
	if moved < 10 {
		t.Fatalf("only %d variables moved", moved)
	}
	rows, err := run.ReadRows(tr.Folder.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	_, norms := run.Series(rows, run.GradientNorm)
	if got := math.Sqrt(squares) / (2 * rate); math.Abs(norms[1]/got-1) > 0.01 {
		t.Errorf("the norm of the mean gradient is logged as %g; the step moved by %g times the rate", norms[1], got)
	}
	_, totals := run.Series(rows, run.Total)
	rows, err = run.ReadRows(each.Folder.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	_, single := run.Series(rows, run.Total)
	if want := (single[2] + single[3]) / 2; math.Abs(totals[1]/want-1) > 0.01 {
		t.Errorf("the loss is logged as %g; its batches have %g and %g", totals[1], single[2], single[3])
	}
}

func TestAccumulatedRunGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config {
		c := emaConfig(t, data)
		c.Accumulate = 3
		return c
	}, 4)
}
