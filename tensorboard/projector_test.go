package tensorboard

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestProjectorStays: a later Writer's embedding joins the configuration; one of the same name replaces it.
func TestProjectorStays(t *testing.T) {
	dir := t.TempDir()
	w := open(t, dir, 0)
	do(t, w.Projector("a", 1, []float32{1, 2}, 2, []string{"x"}, picture(4, 4), 4))
	do(t, w.Projector("b", 1, []float32{1, 2}, 1, nil, nil, 0))
	do(t, w.Close())
	w = open(t, dir, 1)
	do(t, w.Projector("b", 2, []float32{0.5, -2e-9, 3, 4}, 2, nil, nil, 0))
	do(t, w.Close())

	want := `embeddings {
  tensor_name: "a_step_1"
  tensor_shape: 1
  tensor_shape: 2
  tensor_path: "projector/a/tensor.tsv"
  metadata_path: "projector/a/labels.tsv"
  sprite {
    image_path: "projector/a/sprite.png"
    single_image_dim: 4
    single_image_dim: 4
  }
}
embeddings {
  tensor_name: "b_step_2"
  tensor_shape: 2
  tensor_shape: 2
  tensor_path: "projector/b/tensor.tsv"
}
`
	config, err := os.ReadFile(filepath.Join(dir, projectorConfig))
	do(t, err)
	equal(t, "configuration", string(config), want)
	tensor, err := os.ReadFile(filepath.Join(dir, "projector", "b", tensorFile))
	do(t, err)
	equal(t, "tensor", string(tensor), "0.5\t-2e-09\n3\t4\n")
	do(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if filepath.Ext(path) == ".tmp" {
			t.Errorf("%s is left over", path)
		}
		return err
	}))
}
