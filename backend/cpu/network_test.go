package cpu

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/backbone/googlenet"
	"github.com/dvml/dvml/internal/initial"
)

// networkGradients returns the features of a GoogLeNet and the gradients of a loss of them by every weight, with the weights' names.
func networkGradients(t *testing.T, b compute.Backend, s googlenet.Spec, images tensor) (names []string, out []tensor) {
	t.Helper()
	store := model.NewStore()
	store.SetParam("/"+initial.SeedParam, uint64(3))
	x := tensors.FromFlatDataAndDimensions(images.flat.([]float32), images.shape.Dimensions...)
	results, err := model.CallOnceN(b, store, func(scope *model.Scope, in []*ml.Node) []*ml.Node {
		names = nil
		y := s.Build(scope.At("backbone"), in[0], true)
		var wrt []*ml.Node
		for v := range store.IterVariables() {
			if v.Trainable && v.InUseByGraph(y.Graph()) {
				wrt, names = append(wrt, v.NodeValue(y.Graph())), append(names, v.Path())
			}
		}
		loss := ml.ReduceAllSum(ml.Log(ml.AddScalar(ml.Mul(y, y), 1)))
		return append(ml.Gradient(loss, wrt...), y, loss)
	}, x)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		out = append(out, tensor{r.Shape(), tensors.MustCopyFlatData[float32](r)})
	}
	return append(names, "features", "loss"), out
}

// TestNetworks compares whole training graphs: the gradients of small GoogLeNets by each weight. They agree to 1e-4 of their length. Batch norm over a
// few pixels multiplies roundings, so there the bound is how far the reference moves from itself when the pixels are off by a rounding.
func TestNetworks(t *testing.T) {
	for _, s := range []googlenet.Spec{
		{Form: googlenet.Original, Width: 1.0 / 16}, {Form: googlenet.BN, Width: 1.0 / 16, FreezeStatistics: true}, {Form: googlenet.BN, Width: 1.0 / 16},
	} {
		t.Run(fmt.Sprintf("%+v", s), func(t *testing.T) {
			r := random(30)
			images := normal(r, 8, 64, 64, 3)
			names, want := networkGradients(t, reference(), s, images)
			off := tensor{images.shape, slices.Clone(images.flat.([]float32))}
			for i, v := range off.flat.([]float32) {
				off.flat.([]float32)[i] = math.Nextafter32(v, v+float32(r.IntN(3)-1))
			}
			_, moved := networkGradients(t, reference(), s, off)
			spied := &spy{Backend: tested()}
			again, got := networkGradients(t, spied, s, images)
			if !slices.Equal(names, again) {
				t.Fatal("the backends' graphs have other weights")
			}
			worst, sensitive := 0.0, 0.0
			for i, w := range want {
				d, own := distance(t, got[i], w), distance(t, moved[i], w)
				if !(d <= max(1e-4, 10*own)) {
					t.Errorf("%s: differs by %.2g of its length, the reference from itself by %.2g", names[i], d, own)
				}
				worst, sensitive = max(worst, d), max(sensitive, own)
			}
			t.Logf("worst difference %.2g, of the reference to itself %.2g; plan: %v", worst, sensitive, counts(spied.plans[len(spied.plans)-1]))
			forward := "convolution, bias, ReLU"
			if s.Form == googlenet.BN && !s.FreezeStatistics { // the batch's statistics stand between
				forward = "convolution"
			}
			native(t, spied.plans[len(spied.plans)-1], forward, "convolution by input", "convolution by kernel", "max pool", "max pool gradient")
		})
	}
}

// distance returns the length of got - want, relative to that of want.
func distance(t *testing.T, got, want tensor) float64 {
	if !got.shape.Equal(want.shape) {
		t.Fatalf("shape %s, want %s", got.shape, want.shape)
	}
	var off, size float64
	for i, w := range want.flat.([]float32) {
		d := float64(got.flat.([]float32)[i]) - float64(w)
		off += d * d
		size += float64(w) * float64(w)
	}
	return math.Sqrt(off / size)
}

// counts says how often the plan has each step.
func counts(e *executable) map[string]int {
	n := map[string]int{}
	for _, s := range e.stepNames() {
		n[s]++
	}
	return n
}
