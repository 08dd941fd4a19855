package tune

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/store"
)

// trialOf is a trial whose features have R@1 base, and that has r after each quarter of its steps.
func trialOf(name string, fold int, base float64, r ...float64) *Trial {
	t := &Trial{Candidate: name, Fold: fold, Steps: 100, Points: []Point{{features, map[string]float64{"R@1": base, "MAP@R": base / 2}}}}
	for i, v := range r {
		t.Points = append(t.Points, Point{float64(i+1) / quarters, map[string]float64{"R@1": v, "MAP@R": v / 2}})
	}
	return t
}

func TestTableTakesTheShareWithTheLargestMeanGain(t *testing.T) {
	a, b := Candidate{Name: "a"}, Candidate{Name: "b"}
	table := tabulate([]Candidate{a, b}, []*Trial{
		trialOf("a", 1, .5, .55, .60, .58, .5), trialOf("a", 2, .6, .66, .64, .6, .6), // gains .05 .10 .08 0; .06 .04 0 0
		trialOf("b", 1, .5, .7, .7, .7, .7), // one fold only: below those with both, however good
	})
	if table.Metric != "R@1" || math.Abs(table.Features["R@1"]-.55) > 1e-9 {
		t.Errorf("judged by %s, features %v", table.Metric, table.Features)
	}
	r := table.Rows[0]
	if r.Candidate.Name != "a" || r.Share != .5 || r.Steps != 50 || math.Abs(r.Gain-.07) > 1e-9 || math.Abs(r.Error-.03) > 1e-9 {
		t.Errorf("the first row is %+v; by hand a gains .07 +- .03 after half of 100 steps", r)
	}
	if table.Rows[1].Candidate.Name != "b" || table.Rows[1].Error != 0 {
		t.Errorf("the second row is %+v", table.Rows[1])
	}
	if c := table.Choose(); c.Features || c.Row.Candidate.Name != "a" {
		t.Errorf("chosen: %+v", c)
	}
}

func TestFeaturesStayWhereNothingIsBetterByMoreThanChance(t *testing.T) {
	a := Candidate{Name: "a"}
	for name, trials := range map[string][]*Trial{
		"worse":            {trialOf("a", 1, .5, .4, .4, .4, .4), trialOf("a", 2, .5, .45, .4, .4, .4)},
		"hardly better":    {trialOf("a", 1, .5, .502, .5, .5, .5), trialOf("a", 2, .5, .502, .5, .5, .5)},
		"better by chance": {trialOf("a", 1, .5, .6, .6, .6, .6), trialOf("a", 2, .5, .41, .41, .41, .41)},
	} {
		if c := tabulate([]Candidate{a}, trials).Choose(); !c.Features {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestGoodFeaturesAreJudgedByMAP(t *testing.T) {
	table := tabulate([]Candidate{{Name: "a"}}, []*Trial{trialOf("a", 1, .95, .94, .94, .94, .94)})
	if table.Metric != "MAP@R" {
		t.Errorf("judged by %s where the features' R@1 is .95", table.Metric)
	}
}

func TestApply(t *testing.T) {
	settings := func() *config.Config {
		c, err := config.Preset("heads")
		if err != nil {
			t.Fatal(err)
		}
		c.Freeze.UnfreezeAt = c.Phases[0].Steps
		c.Phases = append(c.Phases, c.Phases[0])
		return c
	}
	c, steps := settings(), settings().Phases[0].Steps
	choice := Choice{Row: Row{Candidate: Candidate{Set: []string{"method.dim=256"}}, Share: .25}}
	if err := choice.Apply(c, 0); err != nil || c.Phases[0].Steps != steps/4 || c.Freeze.UnfreezeAt != steps/4 || c.Method.Dim != 256 || c.Phases[1].Steps != steps {
		t.Errorf("%v: %+v", err, c.Phases)
	}
	c, choice.Features = settings(), true
	if err := choice.Apply(c, 0); err != nil || c.Phases[0].Steps != 1 || *c.Phases[0].Rates != (config.Rates{}) || c.Freeze.UnfreezeAt != 1 || c.Method.Dim != 0 {
		t.Errorf("%v: features left alone are %+v", err, c.Phases[0])
	}
}

// writeClasses writes 12 classes of 6 small images each.
func writeClasses(t *testing.T, path string) {
	t.Helper()
	const classes, each, size = 12, 6, 40
	names := make([]string, classes)
	for i := range names {
		names[i] = string(rune('a' + i))
	}
	w, err := store.Create(path, store.Spec{N: classes * each, Size: size, Classes: names})
	if err != nil {
		t.Fatal(err)
	}
	for i := range classes * each {
		c := i % classes
		rng := rand.New(rand.NewPCG(7, uint64(i)))
		pixels := make([]byte, 3*size*size)
		for p := range pixels {
			pixels[p] = byte(40*(c>>(p/(size*size))&1) + rng.IntN(120) + 8*c)
		}
		if err := w.Put(i, pixels, int32(c), store.ClassDisjoint(c, classes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestSearchIsRepeatableAndGoesOn(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeClasses(t, data)
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	o := Options{
		Out: filepath.Join(t.TempDir(), "tuned"), Data: data, Folds: 2, Candidates: Candidates()[:2], Backend: backend,
		Set: []string{"backbone.width=0.125", "image.crop=32", "method.decoder.hidden=16", "phases=[{steps: 8, lambda: {kl: 0.1, reconstruction: 0.1, synthetic: 0.2, invariant: 0.8}, train_decoder: true, cut_reconstruction: false, samples: 1}]",
			"photographs=0", "evaluate.k=[1, 2]"},
		Say: func(line string) { lines = append(lines, line) },
	}
	first, err := Search(context.Background(), o, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Rows) != 2 || first.Rows[0].Folds != 2 || len(lines) != 4 {
		t.Fatalf("%d candidates, %d lines", len(first.Rows), len(lines))
	}
	// What was tried is not tried again.
	kept := filepath.Join(o.folder(o.Candidates[0], 1), "best.safetensors")
	before, err := os.Stat(kept)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Search(context.Background(), o, 0)
	if err != nil || again.String() != first.String() {
		t.Errorf("a search that is repeated: %v\n%s\n%s", err, again, first)
	}
	if after, err := os.Stat(kept); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("a trial that was done was done again: %v", err)
	}
	// From nothing the figures are the same.
	o.Out = filepath.Join(t.TempDir(), "anew")
	if anew, err := Search(context.Background(), o, 0); err != nil || anew.String() != first.String() {
		t.Errorf("a search from nothing: %v\n%s\n%s", err, anew, first)
	}
	// Other settings in the same folder are refused.
	o.Set = append(slices.Clone(o.Set), "seed=2")
	if _, err := Search(context.Background(), o, 0); err == nil || !strings.Contains(err.Error(), "seed") {
		t.Errorf("a search with other settings: %v", err)
	}
}

func TestSearchKeepsItsBudgetAndItsEnd(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeClasses(t, data)
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Out: t.TempDir(), Data: data, Folds: 2, Candidates: Candidates()[:2], Backend: backend, Say: func(string) {},
		Set: []string{"backbone.width=0.125", "image.crop=32", "method.decoder.hidden=16", "phases=[{steps: 8, lambda: {kl: 0.1, reconstruction: 0.1, synthetic: 0.2, invariant: 0.8}, train_decoder: true, cut_reconstruction: false, samples: 1}]", "photographs=0", "evaluate.k=[1, 2]"},
	}
	table, err := Search(context.Background(), o, time.Nanosecond)
	if err != nil || len(table.Rows) != 1 || table.Rows[0].Folds != 1 {
		t.Errorf("a budget of a nanosecond: %v, %+v", err, table.Rows)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o.Out = t.TempDir()
	if _, err := Search(ctx, o, 0); err == nil {
		t.Error("a search that was over before its first trial gave a table")
	}
}
