package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

// The time that is guessed takes what is frozen away from the steps that train on the cache; a kind
// of step that was taken is priced by itself, and the others keep their own price.
func TestTimeLeft(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := untilConfig(t, data) // 4 steps of 6 on the cache
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	all := spans(c, 0)
	if len(all) < 2 || !all[0].cached || all[len(all)-1].cached {
		t.Fatalf("stretches %+v", all)
	}
	lower, whole := tr.arithmetic(all[0], 1e9), tr.arithmetic(all[len(all)-1], 1e9)
	frozen := 6e-9 * float64(tr.Model.Backbone.FLOPsUntil("inception_4a", 32)*int64(c.Batch.Size())) // seconds a step
	if d := (whole - lower).Seconds() - frozen; math.Abs(d) > 1e-6 {
		t.Errorf("%v a step of the cache, %v of the whole network", lower, whole)
	}
	tr.foresee()
	end := tr.pace.of(all[len(all)-1].kind)
	for i, took := range []time.Duration{time.Hour, time.Second, 3 * time.Second} { // the first waits for the compiler
		tr.pace.add(all[0].kind, took)
		want := []Part{{"above inception_4a", time.Duration(3-i) * []time.Duration{tr.pace.guess[all[0].kind], time.Second, 2 * time.Second}[i]}, {"end to end", 2 * end}}
		if got := tr.pace.left(i + 1); !slices.Equal(got, want) {
			t.Errorf("after step %d: %v, want %v", i+1, got, want)
		}
	}
	parts := []Part{{"heads", 10 * time.Second}, {"end to end", 45 * time.Minute}}
	if got := LeftInWords(parts, time.Duration.String); got != "heads 10s, then end to end 45m0s" {
		t.Errorf("%q", got)
	}
	if got := LeftInWords(parts[1:], time.Duration.String); got != "45m0s" {
		t.Errorf("%q", got)
	}
}

// Steps that will last and whose kind comes later are tried before the first step; those of the
// first step's kind are not.
func TestLongStepsAreTried(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	for _, frozen := range []bool{false, true} {
		c, w := tiny(t, data), &recorder{}
		c.Phases[0].Steps, c.Phases[1].Steps = 1e7, 1e7
		if frozen {
			c.Freeze = config.Freeze{Part: "backbone", UnfreezeAt: 1e7}
		}
		tr := begin(t, c, filepath.Join(t.TempDir(), "run"), w)
		tr.foresee()
		if said(w.lines, "trying how long steps end to end take") != frozen {
			t.Errorf("frozen %t: it said %q", frozen, w.lines)
		}
	}
}

// A run under a budget takes the steps that fit, says so, and keeps their numbers: going on with it
// depends on no clock.
func TestBudget(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Phases[0].Steps, c.Phases[1].Steps, c.Evaluate.Every = 3e5, 1e5, 1e5
	c.Minutes = 0.5
	dir, w := filepath.Join(t.TempDir(), "run"), &recorder{}
	ctx, cancel := context.WithCancel(context.Background())
	w.onStep = func(p Progress) {
		if p.Step == 2 {
			cancel()
		}
	}
	tr := begin(t, c, dir, w)
	kept, err := config.Read(run.Folder(dir).Config())
	if err != nil {
		t.Fatal(err)
	}
	first, second := kept.Phases[0].Steps, kept.Phases[1].Steps
	if first < 1 || second < 1 || kept.Steps() > 3e5 || first > 2 && math.Abs(float64(first)/float64(second)/3-1) > .5 {
		t.Errorf("phases of %d and %d steps", first, second)
	}
	if !said(w.lines, "fits into 0.5 minutes here") {
		t.Errorf("it said %q", w.lines)
	}
	if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) && kept.Steps() > 2 {
		t.Fatal(err)
	}
	tr.Close()
	if again := resume(t, dir, &recorder{}); again.Config.Steps() != kept.Steps() {
		t.Errorf("resumed, it has %d steps of %d", again.Config.Steps(), kept.Steps())
	}
	c = tiny(t, data)
	c.Minutes = 1e-9
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(c, run.Folder(filepath.Join(t.TempDir(), "run")), b, &recorder{}); err == nil || !strings.Contains(err.Error(), "minutes are not enough") {
		t.Errorf("a budget of nothing: %v", err)
	}
	c.Minutes = 60
	w = &recorder{}
	if tr := begin(t, c, filepath.Join(t.TempDir(), "run"), w); tr.Config.Steps() != 6 || !said(w.lines, "all 6 steps fit") {
		t.Errorf("%d steps, and said %q", tr.Config.Steps(), w.lines)
	}
}

// What was spent on measuring and what graphs take to compile count against the budget: the sum of a run's parts never exceeds it.
func TestBudgetCountsEverything(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Phases[0].Steps, c.Phases[1].Steps, c.Evaluate.Every = 3000, 1000, 100
	c.Minutes = 0 // nothing is measured
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	made := func(first, each time.Duration) costs {
		m := costs{step: map[kind]taken{}, batch: taken{first, each}, images: 4, metrics: 50 * time.Millisecond, save: 10 * time.Millisecond}
		for _, s := range spans(c, 0) {
			m.step[s.kind] = taken{first, each}
		}
		return m
	}
	c.Minutes = 0.5
	before := 0
	for _, r := range []struct{ first, each, spent time.Duration }{
		{20 * time.Millisecond, 20 * time.Millisecond, 0},
		{20 * time.Millisecond, 20 * time.Millisecond, 15 * time.Second}, // half of the time is gone
		{4 * time.Second, 20 * time.Millisecond, 15 * time.Second},       // and compiling takes most of the rest
	} {
		m := made(r.first, r.each)
		short, err := tr.fitting(m, r.spent)
		if err != nil {
			t.Fatal(err)
		}
		if whole := r.spent + tr.cost(short, m); whole > 30*time.Second || whole < 24*time.Second {
			t.Errorf("%+v: %d steps that end after %s of 30s", r, short.Steps(), whole)
		}
		if before > 0 && short.Steps() >= before {
			t.Errorf("%+v: %d steps, before it took so much %d", r, short.Steps(), before)
		}
		before = short.Steps()
	}
	if _, err := tr.fitting(made(time.Second, time.Second), 29*time.Second); err == nil || !strings.Contains(err.Error(), "measuring took about 29s") {
		t.Errorf("no time left: %v", err)
	}
}

// The settings that docs/training.md shows train on small data.
func TestTheDocumentedExample(t *testing.T) {
	t.Parallel()
	text := readDoc(t, "training.md")
	_, after, ok := strings.Cut(text, "where speed.yaml is\n\n")
	if !ok {
		t.Fatal("docs/training.md has no speed.yaml")
	}
	var lines []string
	for line := range strings.Lines(after) {
		if !strings.HasPrefix(line, "    ") {
			break
		}
		lines = append(lines, line[4:])
	}
	c, err := config.Parse([]byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c.Data, c.Fit, c.Freeze.Until = data, true, "inception_4e"
	if c.Phases[0].Steps != 60 || c.Batch.Classes != 32 {
		t.Errorf("%d steps, %d classes", c.Phases[0].Steps, c.Batch.Classes)
	}
	c.Backbone.Width, c.Image.Crop, c.Phases[0].Steps = 0.125, 32, 2
	w := &recorder{}
	finish(t, begin(t, c, filepath.Join(t.TempDir(), "run"), w))
	if !said(w.lines, "a batch holds 4 classes, not 32") {
		t.Errorf("it said %q", w.lines)
	}
}

// A step that ends what is trained on the cache is evaluated from it, and an evaluation that was
// interrupted there is made from it when the run goes on.
func TestEvaluationsFallOnTheEndsOfPhases(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Phases[0].Steps, c.Phases[1].Steps, c.Evaluate.Every = 5, 4, 3
	w := &recorder{}
	finish(t, begin(t, c, filepath.Join(t.TempDir(), "run"), w))
	if want := []int{0, 3, 5, 8, 9}; !slices.Equal(w.evals, want) {
		t.Errorf("evaluated after %v, want %v", w.evals, want)
	}
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
