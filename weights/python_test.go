package weights

import (
	"os/exec"
	"path/filepath"
	"testing"

	peer "github.com/dvml/dvml/internal/python"
)

// python runs a script under the interpreter that DVML_PYTHON names, or skips.
func python(t *testing.T, script string, args ...string) {
	t.Helper()
	interpreter := peer.With(t, "safetensors", "torch", "numpy")
	if out, err := exec.Command(interpreter, append([]string{"-c", script}, args...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// The reference implementation reads what is written here, and what it writes is read here.
func TestSafetensorsAgreesWithReference(t *testing.T) {
	ours, theirs := filepath.Join(t.TempDir(), "ours.safetensors"), filepath.Join(t.TempDir(), "theirs.safetensors")
	if err := WriteSafetensors(ours, sample()); err != nil {
		t.Fatal(err)
	}
	python(t, `
import sys
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
values = load_file(sys.argv[1])
assert sorted(values) == ["b", "conv1/weights", "empty", "scalar"], sorted(values)
assert values["conv1/weights"].shape == (2, 1, 3) and values["conv1/weights"].dtype == "float32"
assert values["conv1/weights"].ravel()[:3].tolist() == [1, -2, 3.5] and values["scalar"].shape == ()
with safe_open(sys.argv[1], "np") as f:
    meta = f.metadata()
assert meta["step"] == "12", meta
save_file(values, sys.argv[2], metadata={k: v for k, v in meta.items() if not k.startswith("dvml.")})
`, ours, theirs)
	if got, err := Read(theirs); err != nil || !equal(got, sample()) {
		t.Errorf("read %v, %v", got, err)
	}
}

// torch.save in both forms, by the PyTorch that is installed.
func TestTorchAgreesWithReference(t *testing.T) {
	dir := t.TempDir()
	python(t, `
import sys, torch
base = torch.arange(24, dtype=torch.float32) / 8
d = dict(a=base.reshape(2, 3, 4)[1], half=torch.tensor([1.5, -2., 65504., 6e-8]).half(), bf=torch.tensor([1.5, -3.]).bfloat16(), double=torch.tensor([.1]).double(),
         t=base[:6].reshape(2, 3).t(), n=torch.tensor(7), p=torch.nn.Parameter(torch.tensor([4., 5.])), scalar=torch.tensor(2.5), empty=torch.zeros(0, 3))
torch.save(d, sys.argv[1] + "/zip.pth")
torch.save(dict(epoch=3, state_dict=d), sys.argv[1] + "/legacy.pth", _use_new_zipfile_serialization=False)
`, dir)
	for _, name := range []string{"zip.pth", "legacy.pth"} {
		if got, err := Read(filepath.Join(dir, name)); err != nil || !equal(got, torchSample()) {
			t.Errorf("%s: read %v, %v", name, got, err)
		}
	}
}
