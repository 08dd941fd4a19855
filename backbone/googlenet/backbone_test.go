package googlenet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/backbone"
	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/weights"
)

var narrow = []Spec{{Form: Original, Width: 1.0 / 16}, {Form: BN, Width: 1.0 / 16}}

func run(t *testing.T, store *model.Store, x *tensors.Tensor, build func(scope *model.Scope, x *Node) *Node) *tensors.Tensor {
	t.Helper()
	out, err := model.MustNewExec(backend(), store, build).Call1(x)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestValidate(t *testing.T) {
	for want, s := range map[string]Spec{
		"":                           {Form: Original, Width: 1},
		"backbone.form is":           {Form: "caffe", Width: 1},
		"backbone.width is 0":        {Form: BN},
		"backbone.freeze_statistics": {Form: Original, Width: 1, FreezeStatistics: true},
	} {
		err := s.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
}

func TestChannels(t *testing.T) {
	for _, c := range []struct {
		width      float64
		from, want int
	}{{1, 24, 24}, {0.25, 16, 4}, {0.25, 24, 8}, {0.5, 208, 104}, {0.3, 64, 16}, {1.0 / 64, 64, 4}, {2, 16, 32}} {
		if got := (Spec{Width: c.width}).channels(c.from); got != c.want {
			t.Errorf("width %g makes %d of %d channels, want %d", c.width, got, c.from, c.want)
		}
	}
}

func TestEverySizeHasAMap(t *testing.T) {
	for _, s := range narrow {
		for size := MinSize; size <= 300; size++ {
			for _, l := range s.sized(size) {
				if l.out < 1 {
					t.Fatalf("%s: images of %d pixels: %s gives a map of %d pixels", s.Form, size, l.Name, l.out)
				}
			}
		}
	}
}

func TestBuild(t *testing.T) {
	for _, s := range narrow {
		for _, size := range []int{32, 45, 64} {
			store := model.NewStore()
			store.SetParam("/"+initial.SeedParam, uint64(3))
			x := madeImages(1, 2, size, 1)
			whole := run(t, store, x, func(scope *model.Scope, x *Node) *Node { return s.Build(scope.At("backbone"), x, false) })
			if got, want := whole.Shape().Dimensions, []int{2, s.Features()}; !slices.Equal(got, want) {
				t.Fatalf("%s at %d: features of shape %v, want %v", s.Form, size, got, want)
			}
			want := map[string]bool{}
			for _, v := range s.Variables() {
				want["/backbone/"+v.Path] = true
				made := store.GetVariable("/backbone/" + v.Path)
				if made == nil || !slices.Equal(made.Shape().Dimensions, v.Shape) || made.Trainable != v.Trainable {
					t.Errorf("%s: variable %+v is %v", s.Form, v, made)
				}
			}
			if store.NumVariables() != len(want) {
				t.Errorf("%s: %d variables, listed are %d", s.Form, store.NumVariables(), len(want))
			}

			other := model.NewStore() // split, and built a second time: the same first values
			other.SetParam("/"+initial.SeedParam, uint64(3))
			for _, stage := range s.Cuts() {
				shape, err := s.CutShape(stage, size)
				if err != nil {
					t.Fatal(err)
				}
				run(t, other, x, func(scope *model.Scope, x *Node) *Node {
					out := s.BuildUntil(scope.At("backbone"), x, false, stage)
					if got := out.Shape().Dimensions[1:]; !slices.Equal(got, shape) {
						t.Errorf("%s at %d: after %s the shape is %v, told was %v", s.Form, size, stage, got, shape)
					}
					return out
				})
			}
			if _, err := s.CutShape("conv9", size); err == nil || !strings.Contains(err.Error(), "inception_4e, inception_5a") {
				t.Errorf("no stage: %v", err)
			}
			for _, stage := range []string{"conv1", "inception_4b", "pool"} {
				split := run(t, other, x, func(scope *model.Scope, x *Node) *Node {
					scope = scope.At("backbone")
					return s.BuildFrom(scope, s.BuildUntil(scope, x, false, stage), false, stage)
				})
				if !slices.Equal(tensors.MustCopyFlatData[float32](split), tensors.MustCopyFlatData[float32](whole)) {
					t.Errorf("%s at %d: split after %s it gives other features", s.Form, size, stage)
				}
			}
		}
	}
}

func TestFirstValuesKeepTheSignal(t *testing.T) {
	for _, s := range narrow {
		out := run(t, model.NewStore(), madeImages(1, 2, 64, 1), func(scope *model.Scope, x *Node) *Node { return s.Build(scope, x, true) })
		if mean, _ := meanStd(tensors.MustCopyFlatData[float32](out)); !(mean > 0.01 && mean < 100) {
			t.Errorf("%s: the features of a fresh network have mean %g", s.Form, mean)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for want, try := range map[string]func(scope *model.Scope, x *Node) *Node{
		"backbone.form is": func(scope *model.Scope, x *Node) *Node { return Spec{Form: "resnet", Width: 1}.Build(scope, x, false) },
		"at least 32":      func(scope *model.Scope, x *Node) *Node { return narrow[0].Build(scope, x, false) },
		"to cut at":        func(scope *model.Scope, x *Node) *Node { return narrow[0].BuildUntil(scope, x, false, "conv9") },
	} {
		exec := model.MustNewExec(backend(), model.NewStore(), try)
		if _, err := exec.Call1(madeImages(1, 1, 31, 1)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

func TestCosts(t *testing.T) {
	// conv1 of the original form: 112 x 112 places of 7 x 7 x 3 weights for 64 channels.
	if got := (Spec{Form: Original, Width: 1}).FLOPsUntil("conv1", 224); got != 2*112*112*7*7*3*64 {
		t.Errorf("conv1 takes %d operations", got)
	}
	for _, c := range []struct {
		spec       Spec
		parameters int   // of the published networks, less the classifier's 1024 * 1000 + 1000
		flops      int64 // torchvision's count of multiply-adds at 224 pixels, 1.498e9, less the classifier's; the original's 5x5 take more
		variables  int
	}{
		{Spec{Form: Original, Width: 1}, 6_998_552 - 1_025_000, 3_162_000_000, 57 * 2},
		{Spec{Form: BN, Width: 1}, 6_624_904 - 1_025_000, 2 * (1_498_000_000 - 1_024_000), 57 * 5},
	} {
		if got := c.spec.Parameters(); got != c.parameters {
			t.Errorf("%s: %d parameters, want %d", c.spec.Form, got, c.parameters)
		}
		if got := c.spec.FLOPs(224); got < c.flops/1000*995 || got > c.flops/1000*1005 {
			t.Errorf("%s: %d operations, want about %d", c.spec.Form, got, c.flops)
		}
		if got := len(c.spec.Variables()); got != c.variables {
			t.Errorf("%s: %d variables, want %d", c.spec.Form, got, c.variables)
		}
		if c.spec.Features() != 1024 {
			t.Errorf("%s: %d features", c.spec.Form, c.spec.Features())
		}
	}
}

func TestNodesAreConnected(t *testing.T) {
	nodes := Spec{Form: Original, Width: 1}.Nodes(227)
	seen := map[string][]int{}
	for _, n := range nodes {
		for _, input := range n.Inputs {
			if seen[input] == nil {
				t.Errorf("%s reads %q, which does not stand before it", n.Name, input)
			}
		}
		seen[n.Name] = n.Shape
	}
	if got := seen["inception_5b/inception_5b_output"]; !slices.Equal(got, []int{-1, 7, 7, 1024}) {
		t.Errorf("the last module gives %v", got)
	}
	if last := nodes[len(nodes)-1]; !slices.Equal(last.Shape, []int{-1, 1024}) {
		t.Errorf("the last node is %+v", last)
	}
}

// filed returns a file with the network's weights under a naming, each value telling its place.
func filed(s Spec, n naming, rename func(string) string) *weights.File {
	f := &weights.File{Tensors: map[string]weights.Tensor{}, Meta: map[string]string{}}
	for name, v := range n.names(s) {
		t := weights.Tensor{Shape: n.fileShape(v.Shape), Data: make([]float32, product(v.Shape))}
		for i := range t.Data {
			t.Data[i] = float32(i)
		}
		f.Tensors[rename(name)] = t
	}
	return f
}

func TestImportKnowsEveryNaming(t *testing.T) {
	zoo := func(name string) string { // conv1_7x7_s2_w -> conv1/7x7_s2_w_0, inception_3a_1x1_b -> inception_3a/1x1_b_0
		parts := strings.SplitN(name, "_", 2)
		if parts[0] == "inception" {
			return name[:len("inception_3a")] + "/" + name[len("inception_3a_"):] + "_0"
		}
		return parts[0] + "/" + parts[1] + "_0"
	}
	same := func(name string) string { return name }
	under := func(prefix string) func(string) string {
		return func(name string) string { return prefix + name }
	}
	for _, c := range []struct {
		spec   Spec
		naming naming
		rename func(string) string
		extra  string
		norm   augment.Normalisation
	}{
		{narrow[0], namings[0], same, "heads/z_i/weights", augment.Caffe},
		{narrow[1], namings[0], under("/backbone/"), "/heads/z_i/weights", augment.TorchGoogLeNet},
		{narrow[0], namings[1], same, "loss3_classifier_w", augment.Caffe},
		{narrow[0], namings[1], zoo, "loss3/classifier_w_0", augment.Caffe},
		{narrow[1], namings[2], same, "aux1.conv.conv.weight", augment.TorchGoogLeNet},
		{narrow[1], namings[2], under("module."), "module.fc.weight", augment.TorchGoogLeNet},
		{narrow[1], namings[2], under("_orig_mod."), "_orig_mod.fc.weight", augment.TorchGoogLeNet},
		{narrow[1], namings[2], under("model.backbone."), "model.head.weight", augment.TorchGoogLeNet},
		{narrow[0], namings[1], under("trunk/"), "anything", augment.Caffe},
	} {
		f := filed(c.spec, c.naming, c.rename)
		f.Tensors[c.extra] = weights.Tensor{Shape: []int{1}, Data: []float32{0}}
		in, err := c.spec.Import(f)
		if err != nil {
			t.Errorf("%s: %v", c.naming.title, err)
			continue
		}
		if in.Normalisation != c.norm || !slices.Equal(in.Ignored, []string{c.extra}) || len(in.Tensors) != len(c.spec.Variables()) {
			t.Errorf("%s: normalisation %+v, ignored %q, %d tensors", c.naming.title, in.Normalisation, in.Ignored, len(in.Tensors))
		}
		// conv2_3x3 of 4 input and 16 output channels: value [kh=1,kw=2,in=3,out=5].
		w := in.Tensors["conv2_3x3/weights"]
		got, want := w.Data[((1*3+2)*w.Shape[2]+3)*w.Shape[3]+5], ((1*3+2)*w.Shape[2]+3)*w.Shape[3]+5
		if c.naming.oihw {
			want = ((5*w.Shape[2]+3)*3+1)*3 + 2
		}
		if got != float32(want) {
			t.Errorf("%s: a weight is %g, want %d", c.naming.title, got, want)
		}
		if d, err := Detect(f); err != nil || d.Form != c.spec.Form {
			t.Errorf("%s: detected %+v, %v", c.naming.title, d, err)
		}
	}
}

func TestImportNamesEachProblem(t *testing.T) {
	s := narrow[1]
	f := filed(s, namings[2], func(name string) string { return name })
	delete(f.Tensors, "conv2.bn.bias")
	delete(f.Tensors, "inception4c.branch3.1.conv.weight")
	f.Tensors["conv7.bn.bias"] = weights.Tensor{Shape: []int{1}, Data: []float32{0}}
	f.Tensors["inception5b.branch1.bn.running_var"] = weights.Tensor{Shape: []int{2}, Data: []float32{0, 0}}
	_, err := s.Import(f)
	for _, want := range []string{"conv2.bn.bias is missing", "inception4c.branch3.1.conv.weight is missing", "conv7.bn.bias is none of",
		"inception5b.branch1.bn.running_var has shape [2] and should have [24]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not say %q", err, want)
		}
	}
	if err != nil && strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("the error says more than the four problems: %v", err)
	}
	if _, err := narrow[0].Import(f); err == nil || !strings.Contains(err.Error(), "set it to bn") {
		t.Errorf("another form: %v", err)
	}
	if _, err := s.Import(&weights.File{Tensors: map[string]weights.Tensor{"layer1.0.conv1.weight": {}}}); err == nil || !strings.Contains(err.Error(), "layer1.0.conv1.weight") {
		t.Errorf("another network: %v", err)
	}
}

func TestNormalisationOfTheFileWins(t *testing.T) {
	f := filed(narrow[1], namings[2], func(name string) string { return name })
	f.Meta[backbone.MetaNormalisation] = backbone.EncodeNormalisation(augment.ImageNet)
	if in, err := narrow[1].Import(f); err != nil || in.Normalisation != augment.ImageNet {
		t.Errorf("%+v, %v", in.Normalisation, err)
	}
	f.Meta[backbone.MetaNormalisation] = "{"
	if _, err := narrow[1].Import(f); err == nil {
		t.Error("a broken normalisation is read")
	}
}

func ExampleSpec() {
	s := Spec{Form: "bn", Width: 1}
	fmt.Println(s.Features(), "features,", s.Parameters(), "parameters")
	fmt.Printf("%.1f GFLOP an image of 224 pixels\n", float64(s.FLOPs(224))/1e9)
	// Output:
	// 1024 features, 5599904 parameters
	// 3.0 GFLOP an image of 224 pixels
}

// Weights that no training gives are refused by the name of their tensor.
func TestDamagedWeightsAreNamed(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		tensor string
		value  float32
	}{{"conv1_7x7_s2/weights", nan}, {"inception_5b_1x1/mean", float32(math.Inf(1))}, {"inception_5b_1x1/variance", -1}} {
		f := filed(narrow[1], namings[0], func(name string) string { return name })
		f.Tensors[c.tensor].Data[1] = c.value
		if _, err := backbone.Read("x.safetensors", f, backbone.Options{}); err == nil || !strings.Contains(err.Error(), c.tensor) {
			t.Errorf("%s with %g: %v", c.tensor, c.value, err)
		}
	}
}
