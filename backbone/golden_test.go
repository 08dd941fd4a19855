package backbone

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/internal/shared"
	"github.com/dvml/dvml/weights"
)

func newBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := compute.NewWithConfig("go:ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// madeImages draws [n,size,size,3] as the golden files do, which count in the order [n,3,size,size].
func madeImages(seed uint64, n, size int, scale float32) *tensors.Tensor {
	state := seed
	next := func() float32 { // splitmix64
		state += 0x9e3779b97f4a7c15
		z := state
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
		return (float32(z>>40)/(1<<23) - 1) * scale
	}
	data := make([]float32, n*3*size*size)
	for i := range n {
		for c := range 3 {
			for p := range size * size {
				data[(i*size*size+p)*3+c] = next()
			}
		}
	}
	return tensors.FromFlatDataAndDimensions(data, n, size, size, 3)
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(shared.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// loadStore returns a store whose root holds the weights of a file of the reference data.
func loadStore(t *testing.T, s Spec, file string) (*model.Store, augment.Normalisation) {
	t.Helper()
	f, err := weights.Read(shared.Path(t, file))
	if err != nil {
		t.Fatal(err)
	}
	values, norm, err := s.FromFile(f)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	for path, v := range values {
		if _, err := store.CreateVariable(path, tensors.FromFlatDataAndDimensions(v.Data, v.Shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return store, norm
}

// relative is the largest difference over the largest value, and 2 where the lengths differ.
func relative(got, want []float32) float64 {
	if len(got) != len(want) {
		return 2
	}
	var difference, size float64
	for i := range got {
		difference = math.Max(difference, math.Abs(float64(got[i]-want[i])))
		size = math.Max(size, math.Abs(float64(want[i])))
	}
	return difference / size
}

func TestOriginalAgreesWithCaffe(t *testing.T) {
	if testing.Short() {
		t.Skip("a forward pass of two images of 227 pixels")
	}
	var golden struct {
		Made struct {
			Pool5 [][]float32 `json:"pool5"`
		} `json:"made"`
	}
	readJSON(t, "golden/googlenet_bvlc.json", &golden)
	s := Spec{Form: Original, Width: 1}
	store, norm := loadStore(t, s, "weights/googlenet_bvlc.onnx")
	if norm != augment.Caffe {
		t.Errorf("normalisation %+v", norm)
	}
	exec := model.MustNewExec(newBackend(t), store, func(scope *model.Scope, x *Node) *Node { return s.Build(scope, x, false) })
	out, err := exec.Exec(madeImages(11, 2, 227, 60))
	if err != nil {
		t.Fatal(err)
	}
	features := tensors.MustCopyFlatData[float32](out[0])
	for i, want := range golden.Made.Pool5 {
		if d := relative(features[i*1024:(i+1)*1024], want); !(d < 1e-4) {
			t.Errorf("image %d: features differ by %g relative", i, d)
		} else {
			t.Logf("image %d: features differ by %g relative", i, d)
		}
	}
}
