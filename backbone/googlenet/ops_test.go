package googlenet

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/initial"
)

// random returns a tensor of values in [-r, r].
func random(name string, r float64, dims ...int) *tensors.Tensor {
	return initial.Uniform(1, name, r, dims...)
}

// withGradient runs op on x and returns what it gives and the gradient by x of sum(dy * op(x)).
func withGradient(t *testing.T, store *model.Store, x, dy *tensors.Tensor, op func(scope *model.Scope, x *Node) *Node) (y, dx []float32) {
	t.Helper()
	exec := model.MustNewExec(backend(), store, func(scope *model.Scope, inputs []*Node) []*Node {
		y := op(scope, inputs[0])
		return []*Node{y, Gradient(ReduceAllSum(Mul(y, inputs[1])), inputs[0])[0]}
	})
	out, err := exec.Exec(x, dy)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float32](out[0]), tensors.MustCopyFlatData[float32](out[1])
}

// differences computes the gradient by x of sum(dy * f(x)) by central differences in float64.
func differences(x, dy []float32, f func(x []float64) []float64) []float32 {
	at := make([]float64, len(x))
	for i, v := range x {
		at[i] = float64(v)
	}
	value := func() (sum float64) {
		for i, y := range f(at) {
			sum += y * float64(dy[i])
		}
		return sum
	}
	dx := make([]float32, len(x))
	for i, v := range x {
		const h = 1e-4
		at[i] = float64(v) + h
		up := value()
		at[i] = float64(v) - h
		dx[i] = float32((up - value()) / (2 * h))
		at[i] = float64(v)
	}
	return dx
}

func floats(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func doubles(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func checkClose(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if d := relative(got, want); !(d < tolerance) {
		t.Errorf("%s differs by %g relative: %v, want %v", what, d, got[:min(8, len(got))], want[:min(8, len(want))])
	}
}

func TestLocalResponseNorm(t *testing.T) {
	const channels = 7
	x, dy := random("x", 200, 1, 2, 2, channels), random("dy", 1, 1, 2, 2, channels)
	slow := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x {
			pixel, s := i/channels*channels, 1.0
			for c := max(0, i-pixel-2); c <= min(channels-1, i-pixel+2); c++ {
				s += 1e-4 / 5 * x[pixel+c] * x[pixel+c]
			}
			y[i] = x[i] * math.Pow(s, -0.75)
		}
		return y
	}
	y, dx := withGradient(t, model.NewStore(), x, dy, func(_ *model.Scope, x *Node) *Node { return localResponseNorm(x) })
	values := tensors.MustCopyFlatData[float32](x)
	checkClose(t, "output", y, floats(slow(doubles(values))), 1e-6)
	checkClose(t, "gradient", dx, differences(values, tensors.MustCopyFlatData[float32](dy), slow), 1e-5)
}

// bnLayer is a 1x1 convolution with weights that give each channel back, so that batch norm stands alone.
func bnLayer(channels int) (Layer, *model.Store) {
	store := model.NewStore()
	identity := make([]float32, channels*channels)
	for c := range channels {
		identity[c*channels+c] = 1
	}
	for name, v := range map[string]*tensors.Tensor{
		"weights":  tensors.FromFlatDataAndDimensions(identity, 1, 1, channels, channels),
		"scale":    random("scale", 2, channels),
		"offset":   random("offset", 2, channels),
		"mean":     random("mean", 1, channels),
		"variance": tensors.FromFlatDataAndDimensions([]float32{0.5, 1, 2}, channels),
	} {
		if _, err := store.CreateVariable(name, v); err != nil {
			panic(err)
		}
	}
	return Layer{Op: OpConv, Kernel: 1, Stride: 1, In: channels, Channels: channels}, store
}

func TestBatchNorm(t *testing.T) {
	const channels, pixels = 3, 2 * 3 * 3
	layer, store := bnLayer(channels)
	get := func(name string) []float64 {
		return doubles(tensors.MustCopyFlatData[float32](store.GetVariable("/" + name).MustValue()))
	}
	scale, offset, mean, variance := get("scale"), get("offset"), get("mean"), get("variance")
	statistics := func(x []float64, c int) (mu, sigma2 float64) {
		for i := c; i < len(x); i += channels {
			mu += x[i] / pixels
		}
		for i := c; i < len(x); i += channels {
			sigma2 += (x[i] - mu) * (x[i] - mu) / pixels
		}
		return mu, sigma2
	}
	slow := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x {
			c := i % channels
			mu, sigma2 := statistics(x, c)
			y[i] = (x[i]-mu)/math.Sqrt(sigma2+0.001)*scale[c] + offset[c]
		}
		return y
	}
	fixed := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i := range x {
			c := i % channels
			y[i] = (x[i]-mean[c])/math.Sqrt(variance[c]+0.001)*scale[c] + offset[c]
		}
		return y
	}
	x, dy := random("x", 3, 2, 3, 3, channels), random("dy", 1, 2, 3, 3, channels)
	values, dyValues := tensors.MustCopyFlatData[float32](x), tensors.MustCopyFlatData[float32](dy)
	run := func(s Spec, training bool) (y, dx []float32) {
		return withGradient(t, store, x, dy, func(scope *model.Scope, x *Node) *Node { return s.convolve(scope, layer, x, training) })
	}

	for name, frozen := range map[string]struct {
		spec     Spec
		training bool
	}{"inference": {Spec{Form: BN}, false}, "frozen": {Spec{Form: BN, FreezeStatistics: true}, true}} {
		y, dx := run(frozen.spec, frozen.training)
		checkClose(t, name+": output", y, floats(fixed(doubles(values))), 1e-6)
		checkClose(t, name+": gradient", dx, differences(values, dyValues, fixed), 1e-5)
		checkClose(t, name+": running mean", floats(get("mean")), floats(mean), 1e-9)
		checkClose(t, name+": running variance", floats(get("variance")), floats(variance), 1e-9)
	}

	y, dx := run(Spec{Form: BN}, true)
	checkClose(t, "training: output", y, floats(slow(doubles(values))), 1e-6)
	checkClose(t, "training: gradient", dx, differences(values, dyValues, slow), 1e-5)
	for c := range channels {
		mu, sigma2 := statistics(doubles(values), c)
		mean[c] = 0.9*mean[c] + 0.1*mu
		variance[c] = 0.9*variance[c] + 0.1*sigma2*pixels/(pixels-1)
	}
	checkClose(t, "training: running mean", floats(get("mean")), floats(mean), 1e-6)
	checkClose(t, "training: running variance", floats(get("variance")), floats(variance), 1e-6)
	if store.GetVariable("/mean").Trainable || store.GetVariable("/variance").Trainable || !store.GetVariable("/scale").Trainable {
		t.Error("the running averages should not be trainable, and the scale should")
	}
}

func TestMaxPoolRoundsUp(t *testing.T) {
	for _, l := range []Layer{{Kernel: 3, Stride: 2}, {Kernel: 2, Stride: 2}, {Kernel: 3, Stride: 1, Pad: 1}} {
		l.Op = OpMaxPool
		for in := 1; in <= 9; in++ {
			if in < l.Kernel-1 {
				continue // no image from MinSize on makes such a map
			}
			x := random("x", 1, 1, in, in, 2)
			values := tensors.MustCopyFlatData[float32](x)
			var want []float32
			for r := -l.Pad; r+l.Kernel-l.Stride < in+l.Pad && r < in; r += l.Stride {
				for c := -l.Pad; c+l.Kernel-l.Stride < in+l.Pad && c < in; c += l.Stride {
					for channel := range 2 {
						best := float32(math.Inf(-1))
						for i := max(0, r); i < min(in, r+l.Kernel); i++ {
							for j := max(0, c); j < min(in, c+l.Kernel); j++ {
								best = max(best, values[(i*in+j)*2+channel])
							}
						}
						want = append(want, best)
					}
				}
			}
			exec := MustNewExec(backend(), func(x *Node) *Node { return maxPool(l, x) })
			out, err := exec.Call1(x)
			if err != nil {
				t.Fatal(err)
			}
			checkClose(t, "max pool", tensors.MustCopyFlatData[float32](out), want, 1e-9)
		}
	}
}

func TestReLU(t *testing.T) {
	nan := float32(math.NaN())
	x := tensors.FromFlatDataAndDimensions([]float32{-2, 0, 3, nan}, 4)
	y, dx := withGradient(t, model.NewStore(), x, tensors.FromFlatDataAndDimensions([]float32{5, 6, 7, 8}, 4), func(_ *model.Scope, x *Node) *Node { return relu(x) })
	if y[0] != 0 || y[1] != 0 || y[2] != 3 || y[3] == y[3] {
		t.Errorf("relu gives %v", y)
	}
	if dx[0] != 0 || dx[1] != 0 || dx[2] != 7 {
		t.Errorf("its gradient is %v", dx)
	}
}
