package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/config"
)

// A forecast writes nothing, names the batch as it would be, costs a chunked batch by its images, and knows the size of the states.
func TestForecast(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data := filepath.Join(dir, "x.h5")
	writeImages(t, data)
	b, err := testBackend("")
	if err != nil {
		t.Fatal(err)
	}
	of := func(set func(c *config.Config)) Forecast {
		t.Helper()
		c := chunkable(t, data)
		set(c)
		f, err := Expect(c, b, &recorder{})
		if err != nil {
			t.Fatal(err)
		}
		if f.Steps != 6 || f.Time < f.Step || f.Step <= 0 || f.Memory < 1<<20 {
			t.Errorf("%+v", f)
		}
		return f
	}
	whole := of(func(*config.Config) {})
	if whole.Batch != 6 || whole.Chunk != 6 {
		t.Errorf("%+v", whole)
	}
	cut := of(func(c *config.Config) { c.Batch.PerClass, c.Chunk = 40, 2 })
	if cut.Batch != 120 || cut.Chunk != 2 || cut.Step < 3*whole.Step {
		t.Errorf("a batch of 120 in chunks: %+v; one of 6: %+v", cut, whole)
	}
	// The states of a run are as large as foreseen, but for their heads.
	c := chunkable(t, data)
	finish(t, begin(t, c, filepath.Join(dir, "run"), &recorder{}))
	info, err := os.Stat(filepath.Join(dir, "run", "checkpoints", "step-000006.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if states := info.Size() * int64(c.Checkpoint.Keep+1); float64(states) > 1.15*float64(whole.Disk) || float64(states) < 0.85*float64(whole.Disk) {
		t.Errorf("%d bytes of states were foreseen, they take %d", whole.Disk, states)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if !slices.Equal(names, []string{"run", "x.h5"}) {
		t.Errorf("a forecast left %v", names)
	}
}
