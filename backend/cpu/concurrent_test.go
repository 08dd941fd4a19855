package cpu

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// layer is a small network with its gradient: convolution, bias, ReLU, pooling, product.
func layer(x, w, b *Node) []*Node {
	y := MaxScalar(Add(Convolve(x, w).PadSame().Done(), b), 0)
	p := MaxPool(y).Window(3).Strides(2).Done()
	z := Reshape(p, p.Shape().Dimensions[0], -1)
	loss := ReduceAllSum(Tanh(MatMul(z, Transpose(z, 0, 1))))
	return append(Gradient(loss, x, w, b), loss)
}

func filled(seed uint64, dims ...int) *tensors.Tensor {
	n := 1
	for _, d := range dims {
		n *= d
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(rng.NormFloat64()) / 4
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}

// One executable, run by many goroutines at once, gives every one the same bits.
func TestConcurrentExecutions(t *testing.T) {
	b := newTest(t)
	exec := MustNewExec(b, layer)
	run := func() [][]float32 {
		var flat [][]float32
		for _, o := range exec.MustCall(filled(1, 4, 17, 17, 8), filled(2, 3, 3, 8, 16), filled(3, 1, 1, 1, 16)) {
			flat = append(flat, tensors.MustCopyFlatData[float32](o))
		}
		return flat
	}
	want := run()
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 5 {
				for i, got := range run() {
					if !slices.Equal(got, want[i]) {
						t.Errorf("result %d differs", i)
					}
				}
			}
		})
	}
	all.Wait()
}

// A steady state allocates its results' buffers and little else, however many steps a computation has.
func TestSteadyStateAllocatesLittle(t *testing.T) {
	b := newTest(t)
	exec := MustNewExec(b, layer)
	x, w, bias := filled(1, 4, 17, 17, 8), filled(2, 3, 3, 8, 16), filled(3, 1, 1, 1, 16)
	args := []any{x, w, bias}
	run := func() {
		for _, o := range exec.MustCall(args...) {
			o.MustFinalizeAll()
		}
	}
	run()
	// About a dozen for each of four results (buffer, tensor, shape), and the closures of steps that are shared out.
	if n := testing.AllocsPerRun(20, run); n > 200 {
		t.Errorf("%g allocations an execution", n)
	}
}

func TestOpsNamesWhatIsRecorded(t *testing.T) {
	native := 0
	for _, op := range Ops() {
		if !slices.Contains(recorded, op.Name) {
			t.Errorf("%s is no operation of the interface", op.Name)
		}
		if op.Native != "" {
			native++
		}
	}
	if native < 30 || len(Ops()) != len(recorded) {
		t.Errorf("%d native of %d operations, %d recorded", native, len(Ops()), len(recorded))
	}
}

func TestProfileCountsSteps(t *testing.T) {
	exec := MustNewExec(newTest(t), layer)
	args := []any{filled(1, 4, 17, 17, 8), filled(2, 3, 3, 8, 16), filled(3, 1, 1, 1, 16)}
	exec.MustCall(args...)
	StartProfile()
	exec.MustCall(args...)
	kinds := map[string]int{}
	for _, s := range StopProfile() {
		kinds[s.Kind] = s.Steps
	}
	if kinds["convolution by kernel"] != 1 || kinds["max pool"] != 1 || kinds["element-wise group"] == 0 {
		t.Errorf("steps by kind: %v", kinds)
	}
	if StopProfile() != nil {
		t.Error("a profile that was not started has shares")
	}
}

var _ compute.Backend = (*Backend)(nil)
