package backbone_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/weights"
	"github.com/gomlx/gomlx/core/tensors"
)

// residual is a small residual network: a convolution, a block whose input is added to what it
// gives, the mean of all pixels. It shows all that a new network takes: this type and one line that
// registers it.
type residual struct{ spec backbone.Spec }

func init() { backbone.Register("residual-of-the-tests", residualRoom{}) }

type residualRoom struct{}

func (residualRoom) Check(backbone.Spec) error { return nil }
func (residualRoom) New(s backbone.Spec, _ []byte) (backbone.Backbone, error) {
	return residual{backbone.Spec{Network: s.Network}}, nil // it has no forms, widths and outputs
}
func (residualRoom) Read(_ string, f *weights.File, _ backbone.Options) (backbone.Imported, error) {
	r := residual{backbone.Spec{Network: "residual-of-the-tests"}}
	for _, v := range r.Variables() {
		t, ok := f.Tensors[v.Path]
		if !ok {
			return backbone.Imported{}, backbone.ErrOther
		}
		if !slices.Equal(t.Shape, v.Shape) {
			return backbone.Imported{}, fmt.Errorf("%s is %v, the network's is %v", v.Path, t.Shape, v.Shape)
		}
	}
	return backbone.Imported{Network: r, Tensors: f.Tensors, Normalisation: augment.ImageNet, Naming: "its own"}, nil
}

const width = 8

func (residual) String() string        { return "a small residual network" }
func (r residual) Spec() backbone.Spec { return r.spec }
func (residual) Structure() []byte     { return nil }
func (residual) Features() int         { return width }
func (residual) Cuts() []string        { return []string{"stem", backbone.Features} }

func (r residual) Build(scope *model.Scope, images *Node, training bool) *Node {
	return r.BuildFrom(scope, r.BuildUntil(scope, images, training, "stem"), training, "stem")
}

func (r residual) BuildUntil(scope *model.Scope, images *Node, training bool, cut string) *Node {
	if cut == backbone.Features {
		return r.Build(scope, images, training)
	}
	return MaxScalar(r.convolve(scope, "stem", images, 3, 2), 0)
}

func (r residual) BuildFrom(scope *model.Scope, x *Node, _ bool, cut string) *Node {
	if cut == backbone.Features {
		return x
	}
	return ReduceMean(MaxScalar(Add(x, r.convolve(scope, "block", x, width, 1)), 0), 1, 2)
}

func (residual) convolve(scope *model.Scope, name string, x *Node, in, stride int) *Node {
	path := model.JoinPath(scope.Scope(), name)
	w := scope.Store().GetVariable(path)
	if w == nil {
		seed := model.GetRootParamOr(scope.Store(), initial.SeedParam, uint64(0)) // the run's
		w = scope.VariableWithValue(name, initial.Uniform(seed, path, .3, 3, 3, in, width))
	}
	return Convolve(x, w.NodeValue(x.Graph())).Strides(stride).PadSame().Done()
}

func (residual) CutShape(cut string, size int) ([]int, error) {
	if cut == backbone.Features {
		return []int{width}, nil
	}
	return []int{(size + 1) / 2, (size + 1) / 2, width}, nil
}

func (r residual) Variables() []backbone.Variable { return r.VariablesUntil(backbone.Features) }
func (residual) VariablesUntil(cut string) []backbone.Variable {
	all := []backbone.Variable{{Path: "stem", Shape: []int{3, 3, 3, width}, Trainable: true}, {Path: "block", Shape: []int{3, 3, width, width}, Trainable: true}}
	if cut == "stem" {
		return all[:1]
	}
	return all
}
func (residual) Parameters() int            { return 9*3*width + 9*width*width }
func (r residual) FLOPs(size int) int64     { return r.FLOPsUntil(backbone.Features, size) }
func (residual) Activations(size int) int64 { return int64(size * size * width / 2) }
func (residual) FLOPsUntil(cut string, size int) int64 {
	stem := int64(size*size/4) * 2 * 9 * 3 * width
	if cut == "stem" {
		return stem
	}
	return stem + int64(size*size/4)*2*9*width*width
}
func (residual) Nodes(size int) []backbone.GraphNode {
	return []backbone.GraphNode{{Name: backbone.Input, Op: backbone.Input, Shape: []int{-1, size, size, 3}}}
}

// A network of another kind is named by settings, found in a file, and built under a method, with nothing changed elsewhere.
func TestAnotherNetwork(t *testing.T) {
	c, err := config.Preset("laptop")
	if err != nil {
		t.Fatal(err)
	}
	c.Data = "x.h5"
	for _, s := range []string{"backbone.network=residual-of-the-tests", "freeze={until: stem}"} {
		if err := c.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if err := c.Set("freeze={until: conv9}"); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "stem, pool") {
		t.Errorf("a cut that the network does not have: %v", err)
	}
	b, err := backbone.Open(c.Backbone.Spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := method.NewModel(b, c.Method, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	backend, err := engine.New("")
	if err != nil {
		t.Fatal(err)
	}
	store := model.NewStore()
	images := tensors.FromFlatDataAndDimensions(make([]float32, 2*32*32*3), 2, 32, 32, 3)
	z, err := model.MustNewExec(backend, store, m.Embed).Call1(images)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{2, c.Method.Dim}; !slices.Equal(z.Shape().Dimensions, want) {
		t.Errorf("embeddings %v, want %v", z.Shape().Dimensions, want)
	}
	f := &weights.File{Tensors: map[string]weights.Tensor{"stem": {Shape: []int{3, 3, 3, width}}, "block": {Shape: []int{3, 3, width, width}}}}
	if in, err := backbone.Read("x.safetensors", f, backbone.Options{}); err != nil || in.Network.Spec().Network != "residual-of-the-tests" {
		t.Errorf("%v, %v", in.Network, err)
	}
	f.Tensors["block"] = weights.Tensor{Shape: []int{3, 3, 3, width}}
	if _, err := backbone.Read("x.safetensors", f, backbone.Options{}); err == nil || !strings.Contains(err.Error(), "block is [3 3 3 8]") {
		t.Errorf("a tensor of another shape: %v", err)
	}
}

// What no kind of network knows, and names that none has, are errors that say what there is.
func TestUnknownNetworks(t *testing.T) {
	if err := (backbone.Spec{Network: "alexnet"}).Validate(); err == nil || !strings.Contains(err.Error(), "googlenet") {
		t.Errorf("%v", err)
	}
	_, err := backbone.Read("x.safetensors", &weights.File{Tensors: map[string]weights.Tensor{"a": {Shape: []int{1}, Data: []float32{1}}}}, backbone.Options{})
	if err == nil || errors.Is(err, backbone.ErrOther) {
		t.Errorf("%v", err)
	}
	if err := backbone.CheckCut(googlenet.Spec{}, "conv9"); err == nil || !strings.Contains(err.Error(), "inception_4e") {
		t.Errorf("%v", err)
	}
}
