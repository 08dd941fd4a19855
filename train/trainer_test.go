package train

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/run"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/weights"
)

// recorder is a Watcher that keeps what it hears, and may act on a step.
type recorder struct {
	lines    []string
	evals    []int
	features map[string]float64
	onStep   func(Progress)
}

func (r *recorder) Say(line string)                           { r.lines = append(r.lines, line) }
func (r *recorder) Evaluation(step int, m map[string]float64) { r.evals = append(r.evals, step) }
func (r *recorder) Features(m map[string]float64)             { r.features = m }
func (r *recorder) Embedding(done, total int)                 {}
func (r *recorder) Step(p Progress) {
	if r.onStep != nil {
		r.onStep(p)
	}
}

// writeImages makes a data file of 8 classes with 6 images each: noise of the class's colour.
func writeImages(t *testing.T, path string) { writeImagesOf(t, path, 40) }

// writeImagesOf is writeImages with images of size x size.
func writeImagesOf(t *testing.T, path string, size int) {
	t.Helper()
	const classes, each = 8, 6
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
	w, err := store.Create(path, store.Spec{N: classes * each, Size: size, Classes: names})
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
}

// tiny is a run of 3 + 3 steps that takes a moment.
func tiny(t *testing.T, data string) *config.Config {
	t.Helper()
	c, err := config.Preset("laptop")
	if err != nil {
		t.Fatal(err)
	}
	c.Data, c.Backbone.Width, c.Image.Crop = data, 0.125, 32
	c.Method.Dim, c.Method.Decoder.Hidden, c.Method.Classifier = 16, 32, true
	c.Optimizer.Rates.Classifier = 1e-3
	c.Batch = config.Batch{Sampler: "pxk", Classes: 3, PerClass: 2}
	for i := range c.Phases {
		c.Phases[i].Steps = 3
	}
	c.Evaluate.Every, c.Evaluate.K, c.Evaluate.Batch = 3, []int{1, 2}, 8
	c.Checkpoint = config.Checkpoint{Every: 2, Keep: 3}
	c.Log.Every = 1
	return c
}

func testBackend(name string) (compute.Backend, error) { return engine.New(name) }

// begin starts a run, or fails the test.
func begin(t *testing.T, c *config.Config, dir string, w Watcher) *Trainer {
	t.Helper()
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	tr, err := New(c, run.Folder(dir), b, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// finish runs to the end and returns the last state's tensors.
func finish(t *testing.T, tr *Trainer) map[string]weights.Tensor {
	t.Helper()
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return tensorsOf(t, tr.Folder.Checkpoint(tr.Config.Steps()))
}

func tensorsOf(t *testing.T, path string) map[string]weights.Tensor {
	t.Helper()
	f, err := weights.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return f.Tensors
}

func sameBits(t *testing.T, got, want map[string]weights.Tensor) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d variables, want %d", len(got), len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name].Data, w.Data) {
			t.Errorf("%s differs", name)
		}
	}
}

func resume(t *testing.T, dir string, w Watcher) *Trainer {
	t.Helper()
	tr, err := Resume(run.Folder(dir), "", testBackend, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func TestRunIsRepeatable(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	sameBits(t, finish(t, begin(t, tiny(t, data), filepath.Join(t.TempDir(), "a"), &recorder{})),
		finish(t, begin(t, tiny(t, data), filepath.Join(t.TempDir(), "b"), &recorder{})))
}

// goesOnExactly interrupts the run of 6 steps that config describes after each of steps, and checks that it ends as the whole one does.
func goesOnExactly(t *testing.T, config func() *config.Config, steps ...int) {
	t.Helper()
	want := finish(t, begin(t, config(), filepath.Join(t.TempDir(), "whole"), &recorder{}))
	for _, at := range steps {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(context.Background())
		tr := begin(t, config(), dir, &recorder{onStep: func(p Progress) {
			if p.Step == at {
				cancel()
			}
		}})
		if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) {
			t.Fatalf("interrupted after step %d: %v", at, err)
		}
		tr.Close()
		again := resume(t, dir, &recorder{})
		if again.Step() != at {
			t.Errorf("stopped after step %d, goes on after step %d", at, again.Step())
		}
		sameBits(t, finish(t, again), want)
		wholeTable(t, run.Folder(dir))
	}
}

func TestInterruptedRunGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config { return tiny(t, data) }, 1, 2, 3, 4, 5)
}

// wholeTable checks that metrics.csv has each step's losses and each evaluation once.
func wholeTable(t *testing.T, f run.Folder) {
	t.Helper()
	rows, err := run.ReadRows(f.Metrics())
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(f.Config())
	if err != nil {
		t.Fatal(err)
	}
	var due []float64
	for step := range c.Steps() + 1 {
		if c.Evaluates(step) {
			due = append(due, float64(step))
		}
	}
	steps, _ := run.Series(rows, run.Total)
	evals, _ := run.Series(rows, "R@1")
	if !slices.Equal(steps, []float64{1, 2, 3, 4, 5, 6}) || len(due) < 3 || !slices.Equal(evals, due) {
		t.Errorf("metrics.csv has losses at %v and evaluations at %v, not at %v", steps, evals, due)
	}
}

func TestTornCheckpointIsPassedOver(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	dir := filepath.Join(t.TempDir(), "run")
	tr := begin(t, tiny(t, data), dir, &recorder{})
	want := finish(t, tr)
	tr.Close()
	last := run.Folder(dir).Checkpoint(6)
	whole, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	for _, torn := range [][]byte{whole[:len(whole)/2], whole[:4], {}, append(slices.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1)} {
		if err := os.WriteFile(last, torn, 0o644); err != nil {
			t.Fatal(err)
		}
		w := &recorder{}
		again := resume(t, dir, w)
		if again.Step() != 4 || len(w.lines) == 0 || !strings.Contains(w.lines[0], "step-000006") {
			t.Errorf("goes on after step %d and says %q", again.Step(), w.lines)
		}
		sameBits(t, finish(t, again), want)
		again.Close()
	}
}

// TestKilled kills the run with SIGKILL at moments spread over it, until one child lives to the end.
func TestKilled(t *testing.T) {
	if dir := os.Getenv("DVML_TEST_KILLED"); dir != "" {
		child(t, dir)
		return
	}
	if testing.Short() {
		t.Skip("starts many processes")
	}
	work := t.TempDir()
	data := filepath.Join(work, "x.h5")
	writeImages(t, data)
	began := time.Now()
	want := finish(t, begin(t, tiny(t, data), filepath.Join(work, "whole"), &recorder{}))
	whole := time.Since(began)
	dir := filepath.Join(work, "run")
	tr := begin(t, tiny(t, data), dir, &recorder{})
	tr.Close() // the first children find a run without a state
	rng := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for tries := 0; ; tries++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "DVML_TEST_KILLED="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(rng.Float64()*float64(whole)*(1+float64(tries)/8)), func() { cmd.Process.Kill() })
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		if kills++; kills > 40 {
			t.Fatal("40 children were killed and none finished")
		}
	}
	t.Logf("killed %d times", kills)
	sameBits(t, tensorsOf(t, run.Folder(dir).Checkpoint(6)), want)
	wholeTable(t, run.Folder(dir))
}

// child goes on with the run in dir to its end.
func child(t *testing.T, dir string) {
	tr := resume(t, dir, &recorder{})
	finish(t, tr)
}

func TestNotANumberStops(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Optimizer.Rates = config.Rates{Backbone: 1e18, Heads: 1e18, Decoder: 1e18, Classifier: 1e18, Loss: 1}
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	err := tr.Run(context.Background())
	if err == nil {
		t.Fatal("a diverging run went through")
	}
	for _, part := range []string{"step ", "step-00000", "images are ["} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func TestFrozenDecoderStays(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Phases = []config.Phase{{Phase: method.Phase{Steps: 4, Lambda: method.Lambda{KL: 1, Reconstruction: 1, Synthetic: 1, Invariant: 1}, Samples: 1}}}
	dir := filepath.Join(t.TempDir(), "run")
	last := finish(t, begin(t, c, dir, &recorder{}))
	c2 := tiny(t, data)
	c2.Phases = []config.Phase{{Phase: method.Phase{Steps: 1, Lambda: method.Lambda{KL: 1, Reconstruction: 1, Synthetic: 1, Invariant: 1}, Samples: 1}}}
	one := finish(t, begin(t, c2, filepath.Join(t.TempDir(), "one"), &recorder{}))
	for name, w := range last {
		if strings.HasPrefix(name, "decoder/") && !strings.Contains(name, "norm") && !slices.Equal(w.Data, one[name].Data) {
			t.Errorf("%s moved though the decoder is frozen", name)
		}
		if strings.HasPrefix(name, "heads/z_i/weights") && slices.Equal(w.Data, one[name].Data) {
			t.Errorf("%s did not move", name)
		}
	}
}

func TestWrongData(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "x.h5")
	writeImages(t, data)
	folder := filepath.Join(dir, "run")
	tr := begin(t, tiny(t, data), folder, &recorder{})
	finish(t, tr)
	tr.Close()
	if _, err := New(tiny(t, data), run.Folder(folder), tr.backend, &recorder{}); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("a second run in the same folder: %v", err)
	}
	if err := os.Truncate(data, 5000); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(run.Folder(folder), "", testBackend, &recorder{}); err == nil {
		t.Error("a truncated data file passed")
	}
	big := tiny(t, data)
	big.Image.Crop = 64
	writeImages(t, filepath.Join(dir, "y.h5"))
	big.Data = filepath.Join(dir, "y.h5")
	if _, err := New(big, run.Folder(filepath.Join(dir, "big")), tr.backend, &recorder{}); err == nil || !strings.Contains(err.Error(), "image.crop") {
		t.Errorf("a crop larger than the images: %v", err)
	}
}

func TestFitClasses(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	wide := config.Batch{Sampler: "pxk", Classes: 32, PerClass: 2}
	c.Batch.Classes, c.Phases[1].Batch = 64, &wide
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "run")
	if _, err := New(c, run.Folder(dir), b, &recorder{}); err == nil || !strings.Contains(err.Error(), "phase 1") {
		t.Errorf("batches of more classes than there are: %v", err)
	}
	c.Fit = true
	w := &recorder{}
	begin(t, c, dir, w)
	kept, err := config.Read(run.Folder(dir).Config())
	if err != nil {
		t.Fatal(err)
	}
	if kept.Batch.Classes != 4 || kept.BatchOf(1).Classes != 4 || len(w.lines) != 1 {
		t.Errorf("batches of %d and %d classes; said %q", kept.Batch.Classes, kept.BatchOf(1).Classes, w.lines)
	}
}

// A run whose data file has moved goes on with the file where it lies now, remembers that, and takes no other data.
func TestDataThatMoved(t *testing.T) {
	t.Parallel()
	work := t.TempDir()
	data, now, dir := filepath.Join(work, "x.h5"), filepath.Join(work, "moved.h5"), filepath.Join(work, "run")
	writeImages(t, data)
	want := finish(t, begin(t, tiny(t, data), filepath.Join(work, "whole"), &recorder{}))
	ctx, cancel := context.WithCancel(context.Background())
	tr := begin(t, tiny(t, data), dir, &recorder{onStep: func(p Progress) { cancel() }})
	if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	tr.Close()
	if err := os.Rename(data, now); err != nil {
		t.Fatal(err)
	}
	other := writeClasses(t, 6, 6, 6, 6, 6, 6)
	if _, err := Resume(run.Folder(dir), other, testBackend, &recorder{}); err == nil || !strings.Contains(err.Error(), "is not the data that this run began with") {
		t.Errorf("other data: %v", err)
	}
	again, err := Resume(run.Folder(dir), now, testBackend, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	sameBits(t, finish(t, again), want)
	again.Close()
	if tr := resume(t, dir, &recorder{}); tr.Config.Data != now || !strings.Contains(tr.info.Config, now) {
		t.Errorf("the run remembers %s", tr.Config.Data)
	}
}

// Two processes, or trainers, do not train in one folder: neither by a new run nor by going on.
func TestFolderIsHeld(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "darwin" {
		t.Skip("folders are held on Linux and macOS alone")
	}
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeImages(t, data)
	tr := begin(t, tiny(t, data), dir, &recorder{})
	if err := tr.save(); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(run.Folder(dir), "", testBackend, &recorder{}); err == nil || !strings.Contains(err.Error(), "another process trains in") {
		t.Errorf("going on with a run that is at work: %v", err)
	}
	if _, err := New(tiny(t, data), run.Folder(dir), tr.backend, &recorder{}); err == nil || !strings.Contains(err.Error(), "another process trains in") {
		t.Errorf("a second run beside it: %v", err)
	}
	tr.Close()
	resume(t, dir, &recorder{})
}
