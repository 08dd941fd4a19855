package experiment

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/diagnose"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/report"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

// follower is a train.Watcher that counts, and may end the work after some steps.
type follower struct {
	steps, embedded int
	after           int // steps until stop is called; 0: never
	stop            context.CancelFunc
}

func (f *follower) Say(string)                         {}
func (f *follower) Evaluation(int, map[string]float64) {}
func (f *follower) Embedding(int, int)                 { f.embedded++ }
func (f *follower) Features(map[string]float64)        {}
func (f *follower) Step(train.Progress) {
	if f.steps++; f.steps == f.after {
		f.stop()
	}
}

const tinyPlan = `
title: Two tiny runs
notes: [A note of the plan.]
protocol: "a thousand photographs, D = 512"
preset: laptop
seeds: [1, 2]
set: ["backbone.width=0.125", "image.crop=32", "method.dim=8", "method.decoder.hidden=16", "method.classifier=true",
  "batch={sampler: pxk, classes: 3, per_class: 2}", "evaluate.every=3", "evaluate.k=[1, 2]", "evaluate.batch=8", "checkpoint={every: 2, keep: 2}", "log.every=1"]
runs:
  - {name: plain one, set: ["method.objective=plain"], published: {source: somebody, metrics: {R@1: 0.5}}}
  - {name: deep one, about: "The same under DVML."}
`

// tiny writes a plan and a data file of 8 classes with 10 images each, noise of the class's colour.
func tiny(t *testing.T) (*Plan, Options) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "tiny.yaml")
	if err := os.WriteFile(path, []byte(tinyPlan), 0o644); err != nil {
		t.Fatal(err)
	}
	plan, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	const classes, each, size = 8, 10, 40
	data := filepath.Join(dir, "tiny.h5")
	w, err := store.Create(data, store.Spec{N: classes * each, Size: size, Classes: []string{"a", "b", "c", "d", "e", "f", "g", "h"}})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for i := range classes * each {
		c := i / each
		pixels := make([]byte, 3*size*size)
		for p := range pixels {
			pixels[p] = byte(40*(c>>(p/(size*size))&1) + rng.IntN(120) + 10*c)
		}
		if err := w.Put(i, pixels, int32(c), store.ClassDisjoint(c, classes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	return plan, Options{Out: filepath.Join(dir, "out"), Data: data, Steps: 6, Backend: backend, Watch: &follower{}}
}

// page makes the report, and fails the test where it cannot.
func page(t *testing.T, p *Plan, results []Result, photographs bool) (report.Report, string) {
	t.Helper()
	r, err := p.Gather(results, photographs)
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := report.Markdown(r, "")
	if err != nil {
		t.Fatal(err)
	}
	return r, text
}

func TestExperimentFromInterruptionToReport(t *testing.T) {
	plan, o := tiny(t)
	ctx, stop := context.WithCancel(context.Background())
	o.Watch = &follower{after: 10, stop: stop} // in the second of four runs
	if _, err := plan.Run(ctx, o); !errors.Is(err, train.ErrInterrupted) {
		t.Fatalf("an interrupted experiment: %v", err)
	}
	results, missing, err := plan.Collect(o)
	if err != nil || len(results) != 1 || results[0].Seed != 1 || !slices.Equal(missing, []string{"plain one, seed 2", "deep one"}) {
		t.Fatalf("after the interruption: %d results, missing %q, %v", len(results), missing, err)
	}

	w := &follower{}
	o.Watch = w
	if results, err = plan.Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if w.steps != 2+6+6 || len(results) != 4 {
		t.Errorf("the second sitting took %d steps, 14 were left; %d results", w.steps, len(results))
	}
	w.steps = 0
	again, err := plan.Run(context.Background(), o)
	if err != nil || w.steps != 0 || len(again) != 4 {
		t.Errorf("finished runs took %d more steps; %d results, %v", w.steps, len(again), err)
	}
	for i := range again {
		for name, v := range results[i].Metrics {
			if d := again[i].Metrics[name] - v; d > 1e-6 || d < -1e-6 {
				t.Errorf("%s of run %d is %g, found again %g", name, i, v, again[i].Metrics[name])
			}
		}
		if again[i].Seconds <= 0 || again[i].Seconds != results[i].Seconds {
			t.Errorf("run %d took %g s, found again %g s", i, results[i].Seconds, again[i].Seconds)
		}
	}
	o.Steps = 8
	if _, err := plan.Run(context.Background(), o); err == nil || !strings.Contains(err.Error(), "phases.1.steps is 3, not 4") {
		t.Errorf("another number of steps: %v", err)
	}
	o.Steps = 6

	w.embedded = 0
	if _, err := Diagnose(context.Background(), again, o); err != nil {
		t.Fatal(err)
	}
	if again[0].Diagnosis == nil || again[1].Diagnosis != nil || again[2].Diagnosis == nil || w.embedded == 0 {
		t.Error("not the first seed of each run was looked into")
	}
	collected, missing, err := plan.Collect(Options{Out: o.Out})
	if err != nil || len(missing) != 0 || len(collected) != 4 {
		t.Fatalf("%d results, missing %q, %v", len(collected), missing, err)
	}
	w.embedded = 0
	if _, err := Diagnose(context.Background(), collected, o); err != nil || w.embedded != 0 {
		t.Errorf("what was kept was computed again: %d batches, %v", w.embedded, err)
	}
	options := diagnose.Options{Data: o.Data, Backend: o.Backend, Seed: 1, Progress: w.Embedding, Memory: &diagnose.Memory{}}
	for pass, want := range []bool{true, false} { // the second time the features are remembered
		w.embedded = 0
		d, err := diagnose.Make(context.Background(), again[0].Folder.Checkpoint(again[0].Step), options)
		if err != nil {
			t.Fatal(err)
		}
		if (w.embedded > 0) != want || !reflect.DeepEqual(d.Variations, again[0].Diagnosis.Variations) {
			t.Errorf("pass %d: %d batches embedded, or another result", pass, w.embedded)
		}
	}
	_, first := page(t, plan, again, true)
	r, second := page(t, plan, collected, true)
	if first != second {
		t.Error("the report made anew is another one")
	}
	for _, want := range []string{
		"A note of the plan.", "Scaled: 6 steps of the plan's 600.", "40 photographs of 4 classes to train on, 40 of 4 others to test",
		"The published figures (somebody) were measured with a thousand photographs, D = 512; these with 40 photographs", "D = 8, batches of 6, 6 steps.",
		"synthetic: metric loss of z", "kl: KL divergence of z_V", "reconstruction of the features", "classifier: cross entropy", "R@2, held-out classes", "NMI, held-out classes", "F1, held-out classes",
		"Queries and their neighbours", "A map of the embeddings", "found / by chance", "active dimensions", "Along a direction of z", "method.objective",
	} {
		if !strings.Contains(strings.ReplaceAll(second, `\`, ""), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if r.Runs[0].Published == nil || r.Runs[0].Published.Metrics["R@1"] != 0.5 {
		t.Error("the published result is not there")
	}
	r, _ = page(t, plan, collected, false)
	for _, s := range r.Sections {
		for _, p := range s.Pictures {
			if p.Photo {
				t.Errorf("%s shows a photograph", s.Title)
			}
		}
	}

	collected[2].Config.Method.Dim = 9
	if _, text := page(t, plan, collected[:3], false); !strings.Contains(text, "Set otherwise than in the plan: method.dim is 9, in the plan 8 (deep one).") {
		t.Errorf("a changed setting is not said: %s", text[:1000])
	}

	// Without the data what was kept stands.
	if err := os.Rename(o.Data, o.Data+".away"); err != nil {
		t.Fatal(err)
	}
	if collected, _, err = plan.Collect(Options{Out: o.Out}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(string(collected[0].Folder), "diagnosis")); err != nil {
		t.Fatal(err)
	}
	skipped, err := Diagnose(context.Background(), collected, o)
	if err != nil || len(skipped) != 1 || !strings.HasPrefix(skipped[0], "plain one (") || collected[2].Diagnosis == nil {
		t.Errorf("without the data: skipped %q, %v", skipped, err)
	}
}

func TestCollectFindsNothing(t *testing.T) {
	plan, o := tiny(t)
	if _, _, err := plan.Collect(o); err == nil {
		t.Error("an experiment without a folder has a report")
	}
	if err := os.MkdirAll(filepath.Join(o.Out, "runs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, err := plan.Collect(o); err == nil || !strings.Contains(err.Error(), "no finished run") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestSettingsNamePhasesApart(t *testing.T) {
	c, err := config.Preset("report-1")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range Settings(c) {
		if _, twice := got[s.Name]; twice {
			t.Errorf("%s stands twice", s.Name)
		}
		got[s.Name] = s.Value
	}
	for name, want := range map[string]string{"phases.1.lambda.synthetic": "0.5", "phases.2.lambda.kl": "0.8", "method.loss.name": "triplet", "image.crop": "227"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestScaledDownBatchesAndPhases(t *testing.T) {
	c, err := config.Preset("cars-best")
	if err != nil {
		t.Fatal(err)
	}
	whole, unfreeze, size := c.Steps(), c.Freeze.UnfreezeAt, c.Batch.Size()
	c.ScaleSteps(whole / 2)
	c.ScaleBatch(size / 2)
	if c.Freeze.UnfreezeAt != unfreeze/2 || c.Batch.Size() != size/2 {
		t.Errorf("the backbone trains from step %d of %d, before from %d of %d; batches of %d, before of %d", c.Freeze.UnfreezeAt, c.Steps(), unfreeze, whole, c.Batch.Size(), size)
	}
	if c.PhaseAt(c.Freeze.UnfreezeAt) != c.PhaseAt(c.Freeze.UnfreezeAt-1)+1 {
		t.Error("the backbone no longer begins to train with a phase")
	}
}
