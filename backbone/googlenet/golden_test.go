package googlenet

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	_ "github.com/dvml/dvml/backend/cpu" // registers it
	"github.com/dvml/dvml/internal/shared"
	"github.com/dvml/dvml/weights"
)

// backend returns the backend of all tests: tensors cannot move between two.
var backend = sync.OnceValue(func() compute.Backend {
	b, err := compute.NewWithConfig("cpu")
	if err != nil {
		panic(err)
	}
	return b
})

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
	in, err := s.Import(f)
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	for path, v := range in.Tensors {
		if _, err := store.CreateVariable(path, tensors.FromFlatDataAndDimensions(v.Data, v.Shape...)); err != nil {
			t.Fatal(err)
		}
	}
	return store, in.Normalisation
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
		t.Skip("a forward pass of 227 pixels")
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
	exec := model.MustNewExec(backend(), store, func(scope *model.Scope, x *Node) *Node { return s.Build(scope, x, false) })
	const images = 1 // of the two golden ones, to save time
	out, err := exec.Exec(madeImages(11, images, 227, 60))
	if err != nil {
		t.Fatal(err)
	}
	features := tensors.MustCopyFlatData[float32](out[0])
	for i, want := range golden.Made.Pool5[:images] {
		if d := relative(features[i*1024:(i+1)*1024], want); !(d < 1e-4) {
			t.Errorf("image %d: features differ by %g relative", i, d)
		}
	}
}

// torchGolden is golden/googlenet.json.
type torchGolden struct {
	Eval struct {
		Pool   [][]float32           `json:"pool"`
		Layers map[string][2]float64 `json:"layer_mean_std"`
	} `json:"eval"`
	Train struct {
		Value     float64            `json:"value"`
		GradNorms map[string]float64 `json:"grad_norms"`
	} `json:"train"`
}

func TestBNAgreesWithTorchvision(t *testing.T) {
	if testing.Short() {
		t.Skip("a forward pass of two images of 227 pixels")
	}
	var golden torchGolden
	readJSON(t, "golden/googlenet.json", &golden)
	s := Spec{Form: BN, Width: 1}
	store, norm := loadStore(t, s, "golden/googlenet_torchvision.pth")
	if norm != augment.TorchGoogLeNet {
		t.Errorf("normalisation %+v", norm)
	}
	exec := model.MustNewExec(backend(), store, func(scope *model.Scope, x *Node) []*Node {
		var outputs []*Node
		for i := range stages { // stage by stage, so that the graph holds each once
			x = s.build(scope, x, false, i, i)
			outputs = append(outputs, x)
		}
		return outputs
	})
	out, err := exec.Exec(madeImages(7, 2, 227, 1))
	if err != nil {
		t.Fatal(err)
	}
	features := tensors.MustCopyFlatData[float32](out[len(stages)-1])
	for i, want := range golden.Eval.Pool {
		if d := relative(features[i*1024:(i+1)*1024], want); !(d < 1e-4) {
			t.Errorf("image %d: features differ by %g relative", i, d)
		}
	}
	names := map[string]string{"conv1": "conv1", "conv2": "conv3", "inception_3b": "inception3b", "inception_4e": "inception4e", "inception_5b": "inception5b", "pool": "pool"}
	for i, stage := range stages {
		want, ok := golden.Eval.Layers[names[stage]]
		if !ok {
			continue
		}
		mean, std := meanStd(tensors.MustCopyFlatData[float32](out[i]))
		if math.Abs(mean-want[0]) > 1e-4*want[0] || math.Abs(std-want[1]) > 1e-4*want[1] {
			t.Errorf("%s: mean %g and deviation %g, torchvision's %v", stage, mean, std, want)
		}
	}
}

// meanStd returns the mean and the unbiased standard deviation.
func meanStd(values []float32) (mean, std float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += float64(v) / n
	}
	for _, v := range values {
		std += (float64(v) - mean) * (float64(v) - mean) / (n - 1)
	}
	return mean, math.Sqrt(std)
}

// The golden norms are float32's. Computed again by PyTorch in float64 they differ by 3.4e-4 in the
// middle and 3.3e-3 at most, in float32 with channels last by 3.6e-4 and 9e-3: roundings flip some
// of the choices in ReLU and max pools of two images' batch statistics. So the bounds here are what
// another order of summation may cost; the operations one by one are held to 1e-5 in ops_test.go.
func TestBNGradientsAgreeWithTorchvision(t *testing.T) {
	if testing.Short() {
		t.Skip("a training step of two images of 227 pixels")
	}
	var golden torchGolden
	readJSON(t, "golden/googlenet.json", &golden)
	s := Spec{Form: BN, Width: 1}
	store, _ := loadStore(t, s, "golden/googlenet_torchvision.pth")
	var paths []string
	names := map[string]string{} // torchvision's by path
	torch := namings[len(namings)-1]
	for name, v := range torch.names(s) {
		names[v.Path] = name
	}
	for _, v := range s.Variables() {
		if v.Trainable {
			paths = append(paths, v.Path)
		}
	}
	exec := model.MustNewExec(backend(), store, func(scope *model.Scope, x *Node) []*Node {
		features := s.Build(scope, x, true)
		loss := ReduceAllMean(ReduceSum(Square(features), -1))
		var values []*Node
		for _, path := range paths {
			values = append(values, store.GetVariable("/"+path).NodeValue(x.Graph()))
		}
		outputs := []*Node{loss}
		for _, gradient := range Gradient(loss, values...) {
			outputs = append(outputs, Sqrt(ReduceAllSum(Square(gradient))))
		}
		return outputs
	})
	out, err := exec.Exec(madeImages(7, 2, 227, 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := float64(tensors.ToScalar[float32](out[0])); !(math.Abs(got-golden.Train.Value) < 1e-4*golden.Train.Value) {
		t.Errorf("loss %g, torchvision's %g", got, golden.Train.Value)
	}
	var errs []float64
	for i, path := range paths {
		got, want := float64(tensors.ToScalar[float32](out[1+i])), golden.Train.GradNorms[names[path]]
		err := math.Abs(got-want) / want
		if !(err < 2e-2) {
			t.Errorf("%s: gradient norm %g, torchvision's %g", path, got, want)
		}
		errs = append(errs, err)
	}
	slices.Sort(errs)
	t.Logf("gradient norms differ by %.2g in the middle and %.2g at most", errs[len(errs)/2], errs[len(errs)-1])
	if !(errs[len(errs)/2] < 1e-3) {
		t.Errorf("half of the gradient norms differ by more than %g", errs[len(errs)/2])
	}
}
