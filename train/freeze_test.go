package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/checkpoint"
)

// frozenConfig trains heads on features of two crops for 4 steps, then the whole network for 2.
func frozenConfig(t *testing.T, data string) *Config {
	c := tiny(t, data)
	c.Freeze = FreezeConfig{Part: "backbone", Crops: 2, UnfreezeAt: 4}
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

func TestFrozenRunGoesOnExactly(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	want := finish(t, begin(t, frozenConfig(t, data), filepath.Join(t.TempDir(), "whole"), &recorder{}))
	for _, at := range []int{1, 3, 4, 5} {
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
		tr := begin(t, frozenConfig(t, data), dir, &recorder{onStep: func(p Progress) {
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
}

// The evaluation on cached features is that of the whole network.
func TestFrozenEvaluationIsTheNetworks(t *testing.T) {
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	c := frozenConfig(t, data)
	c.Freeze.UnfreezeAt = 0
	tr := begin(t, c, filepath.Join(t.TempDir(), "run"), &recorder{})
	finish(t, tr)
	whole, err := tr.eval.embedder.Rows(context.Background(), tr.data.reader, tr.data.test, c.TestPlan(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range tr.eval.embeddings {
		if d := v - whole[i]; d > 1e-4 || d < -1e-4 {
			t.Fatalf("value %d of the embeddings is %g from the cache and %g from the network", i, v, whole[i])
		}
	}
}

func TestWarmStartKeepsBatchNormsStatistics(t *testing.T) {
	for _, c := range []struct {
		form, part string
		want       bool
	}{{backbone.BN, "backbone", true}, {backbone.BN, "", false}, {backbone.Original, "backbone", false}} {
		cfg, err := base()
		if err != nil {
			t.Fatal(err)
		}
		cfg.Freeze.Part = c.part
		cfg.UseBackbone("w", &checkpoint.Backbone{Spec: backbone.Spec{Form: c.form, Width: 1}})
		if cfg.Backbone.FreezeStatistics != c.want {
			t.Errorf("%s, freeze %q: frozen statistics %t", c.form, c.part, cfg.Backbone.FreezeStatistics)
		}
	}
}
