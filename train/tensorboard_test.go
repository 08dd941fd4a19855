package train

import (
	"os/exec"
	"path/filepath"
	"testing"

	peer "github.com/dvml/dvml/internal/python"
	"github.com/dvml/dvml/run"
)

// TestTensorBoardReadsARun lets TensorBoard's own reader look at a run's events.
func TestTensorBoardReadsARun(t *testing.T) {
	python := peer.With(t, "tensorboard")
	data := filepath.Join(t.TempDir(), "x.h5")
	writeImages(t, data)
	dir := filepath.Join(t.TempDir(), "run")
	finish(t, begin(t, tiny(t, data), dir, &recorder{}))
	script := `
import glob, os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
e = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
e.Reload()
tags = e.Tags()
for name in ("kl", "reconstruction", "synthetic", "invariant", "classifier", "active", "gradient_norm"):
    assert [s.step for s in e.Scalars("train/" + name)] == [1, 2, 3, 4, 5, 6], name
for name in ("NMI", "F1", "R@1", "R@2"):
    assert [s.step for s in e.Scalars("test/" + name)] == [0, 3, 6], name
assert tags["graph"], tags
nodes = [n.name for n in e.Graph().node]
for name in ("backbone/conv1/conv1_7x7_s2", "heads/z_i", "generator/z", "decoder/x_hat", "loss/invariant", "loss/total"):
    assert any(n.startswith(name) for n in nodes), (name, nodes)
assert e.Images("train/batch") and e.Histograms("train/z_i"), tags
found = [os.path.basename(p) for p in glob.glob(sys.argv[1] + "/**/*", recursive=True)]
assert "projector_config.pbtxt" in found, found
`
	if out, err := exec.Command(python, "-c", script, run.Folder(dir).Events()).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
