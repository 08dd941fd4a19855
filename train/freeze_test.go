package train

import (
	"context"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
)

// frozenConfig trains heads on features of two crops for 4 steps, then the whole network for 2.
func frozenConfig(t *testing.T, data string) *config.Config {
	c := tiny(t, data)
	c.Freeze = config.Freeze{Part: "backbone", Crops: 2, UnfreezeAt: 4}
	return c
}

func TestFrozenBackboneStaysUntilItIsUnfrozen(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	tr := begin(t, frozenConfig(t, data), filepath.Join(t.TempDir(), "run"), &recorder{})
	last := finish(t, tr)
	frozen := tensorsOf(t, tr.Folder.Checkpoint(4))
	first := tensorsOf(t, tr.Folder.Checkpoint(2))
	moved := 0
	for name, w := range frozen {
		if strings.HasPrefix(name, "backbone/") {
			if !slices.Equal(w.Data, first[name].Data) {
				t.Errorf("%s moved while it was frozen", name)
			}
			if !slices.Equal(w.Data, last[name].Data) {
				moved++
			}
		}
	}
	if moved == 0 {
		t.Error("nothing of the backbone moved after it was unfrozen")
	}
	if slices.Equal(frozen["heads/z_i/weights"].Data, first["heads/z_i/weights"].Data) {
		t.Error("the heads did not learn on cached features")
	}
	wholeTable(t, tr.Folder)
}

// untilConfig trains what lies above inception_4a for 4 steps, then the whole network for 2.
func untilConfig(t *testing.T, data string) *config.Config {
	c := tiny(t, data)
	c.Freeze = config.Freeze{Until: "inception_4a", UnfreezeAt: 4}
	return c
}

var cacheConfigs = map[string]func(t *testing.T, data string) *config.Config{
	"backbone": frozenConfig,
	"until":    untilConfig,
	"until, crops, averages, two batches a step": func(t *testing.T, data string) *config.Config {
		c := untilConfig(t, data)
		c.Freeze.Crops, c.EMA, c.Accumulate = 2, 0.9, 2
		return c
	},
}

func TestFrozenRunGoesOnExactly(t *testing.T) {
	t.Parallel()
	for name, config := range cacheConfigs {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "x.h5")
			writeImages(t, data)
			want := finish(t, begin(t, config(t, data), filepath.Join(t.TempDir(), "whole"), &recorder{}))
			interruptions := []int{3, 4}
			if name == "backbone" {
				interruptions = []int{1, 3, 4, 5}
			}
			for _, at := range interruptions {
				caches, err := filepath.Glob(filepath.Join(filepath.Dir(data), "*.features-*.h5"))
				if err != nil || len(caches) != 1 {
					t.Fatalf("the caches are %v, %v", caches, err)
				}
				if at == 3 { // a cache that is gone is made anew, one that is cut is not used
					if err := os.Remove(caches[0]); err != nil {
						t.Fatal(err)
					}
				}
				if at == 4 {
					if err := os.Truncate(caches[0], 1000); err != nil {
						t.Fatal(err)
					}
				}
				dir := filepath.Join(t.TempDir(), "run")
				ctx, cancel := context.WithCancel(context.Background())
				tr := begin(t, config(t, data), dir, &recorder{onStep: func(p Progress) {
					if p.Step == at {
						cancel()
					}
				}})
				if err := tr.Run(ctx); !errors.Is(err, ErrInterrupted) {
					t.Fatalf("interrupted after step %d: %v", at, err)
				}
				tr.Close()
				sameBits(t, finish(t, resume(t, dir, &recorder{})), want)
			}
		})
	}
}

// The evaluation on cached features is that of the whole network.
func TestFrozenEvaluationIsTheNetworks(t *testing.T) {
	t.Parallel()
	for name, config := range cacheConfigs {
		data := filepath.Join(t.TempDir(), "x.h5")
		writeImages(t, data)
		c := config(t, data)
		c.Freeze.UnfreezeAt, c.EMA = 0, 0
		tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
		finish(t, tr)
		whole, err := tr.eval.embedder.Rows(context.Background(), tr.data.reader, tr.data.test, c.TestPlan(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range tr.eval.embeddings {
			if d := v - whole[i]; d > 1e-4 || d < -1e-4 {
				t.Fatalf("%s: value %d of the embeddings is %g from the cache and %g from the network", name, i, v, whole[i])
			}
		}
	}
}

// The baseline of a run whose heads train on cached features is what these features find by themselves; other runs have none.
func TestFeaturesAreTheBaseline(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	w := &recorder{}
	tr := begin(t, frozenConfig(t, data), filepath.Join(t.TempDir(), "run"), w)
	finish(t, tr)
	first, _, err := checkpoint.Load(tr.Folder.Checkpoint(4)) // the backbone has not moved yet
	if err != nil {
		t.Fatal(err)
	}
	e, err := embed.New(tr.backend, first, tr.Model, embed.Features, 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	rows, err := e.Rows(context.Background(), tr.data.reader, tr.data.test, tr.Config.TestPlan(), nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tr.eval.measure(rows, e.Dim())
	if err != nil {
		t.Fatal(err)
	}
	if len(w.features) == 0 || !maps.Equal(w.features, want) {
		t.Errorf("the baseline is %v, the features give %v", w.features, want)
	}
	for name, c := range map[string]*config.Config{"whole": tiny(t, data), "until": untilConfig(t, data)} {
		w := &recorder{}
		finish(t, begin(t, c, filepath.Join(t.TempDir(), "run"), w))
		if w.features != nil {
			t.Errorf("%s: a baseline of features that the heads do not train on: %v", name, w.features)
		}
	}
}

// Training above a stage on its cached maps is training the whole network with everything up to that stage held.
func TestUntilIsTheWholeNetworkWithItsLowerLayersHeld(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImagesOf(t, data, 70)
	for _, form := range []string{googlenet.Original, googlenet.BN} {
		config := func() *config.Config {
			c := tiny(t, data)
			c.Backbone.Spec = backbone.Spec{Form: form, Width: 0.25, FreezeStatistics: form == googlenet.BN}
			c.Image.Crop, c.Image.RandomCrop, c.Image.Mirror = 64, false, false
			c.Optimizer.Name, c.Optimizer.Momentum = "sgd", 0.9
			c.Optimizer.Rates = config.Rates{Backbone: 1e-2, Heads: 1e-2, Decoder: 1e-2, Classifier: 1e-2, Loss: 1e-2}
			c.Optimizer.ClipNorm = 1
			return c
		}
		cached, whole := config(), config()
		cached.Freeze.Until = "inception_4a"
		whole.Frozen = []string{"backbone/conv*", "backbone/inception_3*", "backbone/inception_4a*"}
		tr := begin(t, cached, filepath.Join(t.TempDir(), "cached"), &recorder{})
		got := finish(t, tr)
		first := tensorsOf(t, tr.Folder.Checkpoint(2))
		want := finish(t, begin(t, whole, filepath.Join(t.TempDir(), "whole"), &recorder{}))
		if len(got) != len(want) {
			t.Errorf("%s: %d tensors, %d of the whole network", form, len(got), len(want))
		}
		moved := 0
		for name, w := range want {
			if strings.HasPrefix(name, "backbone/") && !slices.Equal(first[name].Data, w.Data) {
				moved++
			}
			g := got[name].Data
			for i, v := range w.Data {
				if d := math.Abs(float64(g[i] - v)); d > 1e-5+1e-4*math.Abs(float64(v)) {
					t.Errorf("%s: %s[%d] is %g, and %g end to end", form, name, i, g[i], v)
					break
				}
			}
		}
		if moved == 0 {
			t.Errorf("%s: nothing of the backbone moved", form)
		}
	}
}

// While layers are frozen the running statistics of batch norm below stay, and those above move.
func TestStatisticsBelowStay(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := untilConfig(t, data)
	c.Backbone.Form, c.Freeze.UnfreezeAt = googlenet.BN, 0
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	last := finish(t, tr)
	first := tensorsOf(t, tr.Folder.Checkpoint(2))
	held := map[string]bool{}
	for _, v := range tr.Model.Backbone.VariablesUntil("inception_4a") {
		held[v.Path] = true
	}
	for _, v := range tr.Model.Backbone.Variables() {
		frozen := held[v.Path]
		if name := "backbone/" + v.Path; slices.Equal(first[name].Data, last[name].Data) != frozen {
			t.Errorf("%s: frozen %t, unchanged %t", name, frozen, !frozen)
		}
	}
}

// From unfreeze_at the moments of the backbone are of one age.
func TestMomentsBeginAnewWhereAllTrains(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := untilConfig(t, data)
	c.Checkpoint = config.Checkpoint{Every: 1, Keep: 7}
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	const moment = "optimizer/second/backbone/inception_5b_1x1/weights"
	before, after := tensorsOf(t, tr.Folder.Checkpoint(4))[moment].Data, tensorsOf(t, tr.Folder.Checkpoint(5))[moment].Data
	kept := 0 // values that are at least what the old ones would have become
	for i, v := range before {
		if v > 0 && float64(after[i]) >= c.Optimizer.Beta2*float64(v) {
			kept++
		}
	}
	if kept > len(before)/2 {
		t.Errorf("%d of %d values of %s go on", kept, len(before), moment)
	}
	if tr.info.Taken[backboneGroup] != 2 || tr.info.Taken[1] != 6 {
		t.Errorf("steps taken by group: %v", tr.info.Taken)
	}
}
