package train

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"backbone/conv*", "/backbone/conv1_7x7_s2/weights", true},
		{"backbone/conv1_7x7_s2", "backbone/conv1_7x7_s2/biases", true},
		{"/backbone/conv1_7x7_s2/", "backbone/conv1_7x7_s2/biases", true},
		{"backbone/conv1", "backbone/conv1_7x7_s2/biases", false},
		{"*/biases", "heads/z_i/biases", true},
		{"*/bias", "heads/z_i/biases", false},
		{"z_i/*", "heads/z_i/biases", false},
		{"loss", "loss/proxies", true},
		{"loss", "heads/loss", false},
		{"heads/z.i", "heads/z_i/weights", false}, // a point is a point
	} {
		if got := (patterns{"nothing", c.pattern}).match(c.path); got != c.want {
			t.Errorf("%q matches %q: %t", c.pattern, c.path, got)
		}
	}
}

// What is frozen stays to the bit under weight decay and momentum; everything else moves.
func TestFrozenWeightsStay(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := tiny(t, data)
	c.Optimizer.Name, c.Optimizer.WeightDecay, c.EMA = "adamw", 0.1, 0.9
	c.Frozen = []string{"backbone/conv*", "backbone/inception_3*", "heads/mu", "*/offset"}
	c.Phases[0].TrainDecoder = true
	c.Checkpoint = config.Checkpoint{Every: 1, Keep: 7}
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	last := finish(t, tr)
	first := tensorsOf(t, tr.Folder.Checkpoint(1)) // the heads are drawn in the first step
	held := 0
	for name, w := range first {
		if groupOf(name) < 0 || isStatistic(name) {
			continue
		}
		frozen := patterns(c.Frozen).match(name)
		if frozen {
			held++
		}
		if same := slices.Equal(w.Data, last[name].Data); same != frozen {
			t.Errorf("%s: frozen %t, unchanged %t", name, frozen, same)
		}
		for _, kept := range []string{"optimizer/first/" + name, "trained/" + name} {
			if _, ok := last[kept]; ok == frozen {
				t.Errorf("%s is kept: %t", kept, ok)
			}
		}
	}
	if held < 20 {
		t.Errorf("only %d variables were frozen", held)
	}
}

func TestFrozenPatternsAreChecked(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		frozen []string
		want   string
	}{
		{[]string{"heads/*", "conv1/*"}, `"conv1/*" matches no weight of the model; near it are backbone/conv1_7x7_s2, `},
		{[]string{"backbone/inceptoin_3a_1x1"}, "near it are backbone/inception_3a_1x1, "},
		{[]string{"backbone/conv1_7x7_s2/mean"}, "matches no weight"},
		{[]string{"back*", "*"}, "leaves nothing to train"},
	} {
		cfg := tiny(t, data)
		cfg.Frozen = c.frozen
		dir := filepath.Join(t.TempDir(), "run")
		if _, err := New(cfg, run.Folder(dir), b, &recorder{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.frozen, err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: a folder was made: %v", c.frozen, err)
		}
	}
}

func TestFrozenRunWithPatternsGoesOnExactly(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	goesOnExactly(t, func() *config.Config {
		c := tiny(t, data)
		c.Frozen = []string{"backbone/conv*", "heads/mu"}
		return c
	}, 4)
}
