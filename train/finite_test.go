package train

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/run"
)

// A run that meets a value that is not finite stops, and names the first tensor that is not; no
// state with such a value is saved.
func TestStopNamesTheFirstTensor(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	const gradient = "step 1: gradient_norm is +Inf: the first tensor that is not finite is the gradient of decoder/"
	for _, c := range []struct {
		name, poisoned string
		at             int // the step after which
		set            func(c *config.Config)
		want           []string
	}{
		{"weight", "/heads/z_i/weights", 2, nil, []string{"after step 2 heads/z_i/weights holds values that are not finite; stopped; the last good state is ", "step-000000"}},
		{"z_i", "/heads/z_i/weights", 1, nil, []string{"step 2: ", "the first tensor that is not finite is z_i, of images ["}},
		{"weight that stays", "/backbone/conv1_7x7_s2/weights", 1, func(c *config.Config) { c.Frozen = []string{"backbone/conv1*"} },
			[]string{"step 2: ", "is backbone/conv1_7x7_s2/weights; stopped"}},
		{"loss", "", 0, func(c *config.Config) { c.Phases[0].Lambda.Reconstruction = math.MaxFloat32 }, []string{"step 1: total is +Inf, the first value of the step that is not finite"}},
		{"gradient", "", 0, func(c *config.Config) { c.Phases[0].Lambda.Reconstruction = 1e30 }, []string{gradient}},
		{"gradient of two batches", "", 0, func(c *config.Config) { c.Accumulate, c.Phases[0].Lambda.Reconstruction = 2, 1e30 }, []string{gradient}},
	} {
		t.Run(c.name, func(t *testing.T) {
			settings, dir := tiny(t, data), filepath.Join(t.TempDir(), "run")
			if c.set != nil {
				c.set(settings)
			}
			w := &recorder{}
			tr := begin(t, settings, dir, w)
			w.onStep = func(p Progress) {
				if p.Step != c.at {
					return
				}
				v := tr.store.GetVariable(c.poisoned)
				if v == nil {
					t.Fatalf("no %s", c.poisoned)
				}
				values := make([]float32, v.Shape().Size())
				values[len(values)/2] = float32(math.Inf(1))
				if err := v.SetValue(tensors.FromFlatDataAndDimensions(values, v.Shape().Dimensions...)); err != nil {
					t.Fatal(err)
				}
			}
			err := tr.Run(context.Background())
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Fatalf("%v\nwant %q in it", err, want)
				}
			}
			if states, err := run.Folder(dir).Checkpoints(); err != nil || len(states) != 1 {
				t.Errorf("states are %v, %v", states, err)
			}
		})
	}
}
