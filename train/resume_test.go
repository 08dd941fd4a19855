package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dvml/dvml/run"
)

// A run that was stopped before its first state begins anew, resumed or started again, and leaves
// what a whole run leaves.
func TestRunWithoutAStateBeginsAnew(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	want := finish(t, begin(t, tiny(t, data), filepath.Join(t.TempDir(), "whole"), &recorder{}))
	for name, again := range map[string]func(dir string, w Watcher) *Trainer{
		"resumed": func(dir string, w Watcher) *Trainer { return resume(t, dir, w) },
		"started": func(dir string, w Watcher) *Trainer { return begin(t, tiny(t, data), dir, w) },
	} {
		dir := filepath.Join(t.TempDir(), "run")
		stopped := begin(t, tiny(t, data), dir, &recorder{})
		if err := stopped.logs.table.Add(run.Row{Step: 0, Values: map[string]float64{"R@1": 0.5}}); err != nil {
			t.Fatal(err)
		}
		stopped.Close()
		left := []string{filepath.Join(dir, ".config.yaml.1.tmp"), filepath.Join(dir, "checkpoints", ".step-000000.safetensors.2.tmp"), run.Folder(dir).Metrics() + ".new"}
		for _, path := range left {
			if err := os.WriteFile(path, []byte("half"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		w := &recorder{}
		tr := again(dir, w)
		if name == "resumed" && !said(w.lines, "the run begins anew") {
			t.Errorf("it said %q", w.lines)
		}
		for _, path := range left {
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s: %s is still there", name, path)
			}
		}
		sameBits(t, finish(t, tr), want)
		wholeTable(t, run.Folder(dir))
	}
}

// A newest state that cannot be read at the moment ends the attempt: an older one is not trained on
// in its place, and nothing is changed.
func TestUnreadableStateIsNotPassedOver(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeImages(t, data)
	tr := begin(t, tiny(t, data), dir, &recorder{})
	finish(t, tr)
	tr.Close()
	newest, aside := run.Folder(dir).Checkpoint(6), filepath.Join(t.TempDir(), "aside")
	if err := os.Rename(newest, aside); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Base(newest), newest); err != nil { // a link to itself, which root cannot read either
		t.Skip("no symbolic links here: ", err)
	}
	w := &recorder{}
	if _, err := Resume(run.Folder(dir), "", testBackend, w); err == nil || !strings.Contains(err.Error(), "cannot be read") || len(w.lines) > 0 {
		t.Errorf("%v, and said %q", err, w.lines)
	}
	if err := os.Rename(aside, newest); err != nil {
		t.Fatal(err)
	}
	if again := resume(t, dir, &recorder{}); again.Step() != 6 {
		t.Errorf("resumes after step %d", again.Step())
	}
}

func TestDamagedStatesAreNotThrownAway(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeImages(t, data)
	tr := begin(t, tiny(t, data), dir, &recorder{})
	finish(t, tr)
	tr.Close()
	states, err := run.Folder(dir).Checkpoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range states {
		if err := os.Truncate(p, 100); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Resume(run.Folder(dir), "", testBackend, &recorder{}); err == nil || !strings.Contains(err.Error(), "all of its states are damaged") {
		t.Errorf("resumed: %v", err)
	}
	if _, err := New(tiny(t, data), run.Folder(dir), tr.backend, &recorder{}); err == nil || !strings.Contains(err.Error(), "already holds a run") {
		t.Errorf("started: %v", err)
	}
	if kept, err := run.Folder(dir).Checkpoints(); err != nil || len(kept) != len(states) {
		t.Errorf("%d states of %d are left: %v", len(kept), len(states), err)
	}
}

// Settings that were edited after the run began are refused by name; the data's place may change.
func TestEditedSettingsAreRefused(t *testing.T) {
	t.Parallel()
	data, dir := filepath.Join(t.TempDir(), "x.h5"), filepath.Join(t.TempDir(), "run")
	writeImages(t, data)
	tr := begin(t, tiny(t, data), dir, &recorder{})
	finish(t, tr)
	tr.Close()
	path := run.Folder(dir).Config()
	was, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(was), "dim: 16", "dim: 24", 1)
	if edited == string(was) {
		t.Fatal("nothing to edit")
	}
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(run.Folder(dir), "", testBackend, &recorder{}); err == nil || !strings.Contains(err.Error(), "method.dim is 24, and was 16") {
		t.Errorf("edited settings: %v", err)
	}
	if err := os.WriteFile(path, was, 0o644); err != nil {
		t.Fatal(err)
	}
	resume(t, dir, &recorder{})
}
