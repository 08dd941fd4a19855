package train

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
)

// writeCopies makes a data file of 8 classes with 6 images each, which are the same picture but for a little noise.
func writeCopies(t *testing.T, path string) {
	t.Helper()
	const classes, each, size = 8, 6, 40
	w, err := store.Create(path, store.Spec{N: classes * each, Size: size, Classes: []string{"a", "b", "c", "d", "e", "f", "g", "h"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range classes * each {
		c := i / each
		class, own := rand.New(rand.NewPCG(7, uint64(c))), rand.New(rand.NewPCG(8, uint64(i)))
		pixels := make([]byte, 3*size*size)
		for p := range pixels {
			pixels[p] = byte(class.IntN(250) + own.IntN(4))
		}
		if err := w.Put(i, pixels, int32(c), store.ClassDisjoint(c, classes)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

// Where the features alone are good, the run says so with figures, names near copies, and chooses
// its best state by MAP@R, also when it goes on.
func TestGoodFeatures(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeCopies(t, data)
	c, w := tiny(t, data), &recorder{}
	c.Freeze = config.Freeze{Part: "backbone"}
	tr := begin(t, c, dir, w)
	finish(t, tr)
	for _, want := range []string{"your features are already this good: R@1 1.000", "R@1 has little left to gain: the best state is chosen by MAP@R", "100% of the held-out photographs have a near copy"} {
		if !said(w.lines, want) {
			t.Errorf("it did not say %q: %q", want, w.lines)
		}
	}
	known, err := tr.Features(context.Background())
	if err != nil || known["R@1"] < 1 {
		t.Errorf("features %v, %v", known, err)
	}
	best := func(tr *Trainer) {
		t.Helper()
		rows, err := run.ReadRows(tr.Folder.Metrics())
		if err != nil {
			t.Fatal(err)
		}
		_, values := run.Series(rows, "MAP@R")
		v, _ := tr.Best()
		if got := slices.Max(values); tr.JudgedBy() != "MAP@R" || v-got > 1e-6 || got-v > 1e-6 {
			t.Errorf("judged by %s: %g is the best of %v", tr.JudgedBy(), v, values)
		}
	}
	best(tr)
	tr.Close()
	best(resume(t, dir, &recorder{}))
}

func TestCopies(t *testing.T) {
	rows := []float32{1, 0, 0, 0, 1, 0, 3, .1, 0, 0, 0, 1, .5, .5, .5}
	if got := copies(rows, 3); got != .4 {
		t.Errorf("%g of the rows have a near copy, want .4", got)
	}
}

// The features of a run that did not begin with measuring them are measured where the untrained state is the best.
func TestFeaturesOfTheUntrainedState(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeCopies(t, data)
	tr := begin(t, tiny(t, data), filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	m, err := tr.Features(context.Background())
	if _, step := tr.Best(); err != nil || (m != nil) != (step == 0) || m != nil && m["R@1"] < 1 {
		t.Errorf("%v, %v, best after step %d", m, err, step)
	}
}

// With all classes to train on nothing is evaluated, the last state is the best, and the model knows every class.
func TestAllClasses(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeImages(t, data)
	c, w := tiny(t, data), &recorder{}
	c.All = true
	tr := begin(t, c, dir, w)
	if s := tr.Summary(); !strings.Contains(s, "48 images of 8 classes to train on, 0 images held out") || !strings.Contains(s, "nothing is held out") {
		t.Error(s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.onStep = func(p Progress) {
		if p.Step == 4 {
			cancel()
		}
	}
	if err := tr.Run(ctx); err != ErrInterrupted {
		t.Fatal(err)
	}
	tr.Close()
	again := resume(t, dir, w)
	last := finish(t, again)
	if len(w.evals) > 0 {
		t.Errorf("evaluated after %v", w.evals)
	}
	_, info, err := checkpoint.Load(run.Folder(dir).Best())
	if err != nil || len(info.Names) != 8 || info.Step != 6 || info.Metrics != nil || info.Calibration != nil {
		t.Errorf("best: %v, of classes %v after step %d, %v", err, info.Names, info.Step, info.Metrics)
	}
	sameBits(t, tensorsOf(t, run.Folder(dir).Best()), last)
	for want, change := range map[string]func(c *config.Config){
		"none is held out":         func(c *config.Config) { c.Fold = config.Fold{Of: 2, Held: 1} },
		"no evaluation that could": func(c *config.Config) { c.Stop.Patience = 2 },
		"set freeze.crops to 0":    func(c *config.Config) { c.Freeze = config.Freeze{Part: "backbone", Crops: 2} },
	} {
		c := tiny(t, data)
		c.All = true
		change(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
