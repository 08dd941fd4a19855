package train

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
)

// still is a run in which nothing that is evaluated moves: phases of 4 and 20 steps, an evaluation every second one.
func still(t *testing.T, data string) *config.Config {
	c := tiny(t, data)
	c.Freeze.Part, c.Method.Objective, c.Method.FeatureNorm = "backbone", "plain", false
	c.Optimizer.Rates = config.Rates{Classifier: 1e-3}
	c.Phases[0].Steps, c.Phases[1].Steps, c.Evaluate.Every = 4, 20, 2
	c.Stop = config.Stop{Metric: "R@1", Patience: 2}
	return c
}

func TestStopsEarly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	w := &recorder{}
	tr := begin(t, still(t, data), filepath.Join(t.TempDir(), "whole"), w)
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	// Of the evaluations after steps 0, 2, 4, 6, 8, 10 the first three are not of the last phase.
	const why = "stopped early after step 10 of 24: R@1 has not risen above "
	if tr.Step() != 10 || !said(w.lines, why) || !said(w.lines, "its value after step 6, in 2 evaluations") {
		t.Errorf("it took %d steps and said %q", tr.Step(), w.lines)
	}
	want := tensorsOf(t, tr.Folder.Checkpoint(10))
	tr.Close()
	w = &recorder{}
	again := resume(t, string(tr.Folder), w)
	if err := again.Run(context.Background()); err != nil || again.Step() != 10 || !said(w.lines, why) || len(w.evals) > 0 {
		t.Errorf("resumed, it took %d steps, evaluated after %v and said %q: %v", again.Step(), w.evals, w.lines, err)
	}
	for _, at := range []int{7, 10} {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(context.Background())
		tr := begin(t, still(t, data), dir, &recorder{onStep: func(p Progress) {
			if p.Step == at {
				cancel()
			}
		}})
		if err := tr.Run(ctx); at < 10 && !errors.Is(err, ErrInterrupted) {
			t.Fatalf("interrupted after step %d: %v", at, err)
		}
		tr.Close()
		again := resume(t, dir, &recorder{})
		if err := again.Run(context.Background()); err != nil || again.Step() != 10 {
			t.Errorf("interrupted after step %d, it stopped after step %d: %v", at, again.Step(), err)
		}
		sameBits(t, tensorsOf(t, run.Folder(dir).Checkpoint(10)), want)
	}
}

func TestStopHearsTheLastPhase(t *testing.T) {
	phases := []config.Phase{{Phase: method.Phase{Steps: 2}}, {Phase: method.Phase{Steps: 10}}}
	for name, c := range map[string]struct {
		patience int
		delta    float64
		values   []float64 // after steps 0, 1, 2, ...
		want     int       // evaluations heard when it stopped, -1: never
	}{
		"off":       {0, 0, []float64{5, 4, 3, 2, 1, 0}, -1},
		"falls":     {2, 0, []float64{9, 9, 9, .5, .4, .3, .2}, 6},
		"rises":     {1, 0, []float64{9, 9, 9, .1, .2, .3, .4}, -1},
		"recovers":  {2, 0, []float64{0, 0, 0, .5, .4, .6, .5, .6}, 8},
		"too slow":  {2, .1, []float64{0, 0, 0, .50, .55, .59, .7}, 6},
		"fast":      {2, .1, []float64{0, 0, 0, .50, .55, .61, .7}, -1},
		"standing":  {1, 0, []float64{0, 0, 0, .5, .5}, 5},
		"not heard": {1, 0, []float64{.5, .4, .3}, -1},
	} {
		r := newStopper(&config.Config{Phases: phases, Stop: config.Stop{Metric: "F1", Patience: c.patience, MinDelta: c.delta}})
		var state checkpoint.Stop
		stopped := -1
		for step, v := range c.values {
			if state = r.heed(state, step, map[string]float64{"F1": v, "R@1": -v}); state.Done {
				stopped = step + 1
				break
			}
		}
		if stopped != c.want {
			t.Errorf("%s: stopped at evaluation %d, want %d", name, stopped, c.want)
		}
	}
}
