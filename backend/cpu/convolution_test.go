package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// geometry is one two-dimensional convolution.
type geometry struct {
	layout                         string // see axes
	batch, in, out                 int    // in and out for all groups
	size, kernel                   [2]int
	strides, inDilation, kDilation []int
	pads                           [][2]int
	groups, batchGroups            int
	reversed                       bool // the kernel is reversed first
}

// The layouts: channels innermost as networks have it, the two that its gradients make, and some for which there is no kernel here.
const (
	forwardLayout = "forward"
	inputLayout   = "by input"
	kernelLayout  = "by kernel"
	firstLayout   = "channels first"
	mixedLayout   = "mixed"
)

var layouts = []string{forwardLayout, inputLayout, kernelLayout, firstLayout, mixedLayout}

// axes returns the configuration, and the shapes of both operands.
func (g geometry) axes() (a compute.ConvolveAxesConfig, x, w []int) {
	kin := g.in / g.groups
	h, wd, kh, kw := g.size[0], g.size[1], g.kernel[0], g.kernel[1]
	innermost := compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 3, InputSpatial: []int{1, 2}, KernelInputChannels: 2, KernelOutputChannels: 3, KernelSpatial: []int{0, 1},
		OutputBatch: 0, OutputChannels: 3, OutputSpatial: []int{1, 2}}
	switch g.layout {
	case inputLayout:
		innermost.KernelInputChannels, innermost.KernelOutputChannels = 3, 2
		return innermost, []int{g.batch, h, wd, g.in}, []int{kh, kw, g.out, kin}
	case kernelLayout:
		return compute.ConvolveAxesConfig{InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2}, KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
			OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1}}, []int{g.in, h, wd, g.batch}, []int{kin, kh, kw, g.out}
	case firstLayout:
		return compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 1, InputSpatial: []int{2, 3}, KernelInputChannels: 1, KernelOutputChannels: 0, KernelSpatial: []int{2, 3},
			OutputBatch: 0, OutputChannels: 1, OutputSpatial: []int{2, 3}}, []int{g.batch, g.in, h, wd}, []int{g.out, kin, kh, kw}
	case mixedLayout:
		return compute.ConvolveAxesConfig{InputBatch: 2, InputChannels: 0, InputSpatial: []int{3, 1}, KernelInputChannels: 3, KernelOutputChannels: 1, KernelSpatial: []int{2, 0},
			OutputBatch: 1, OutputChannels: 2, OutputSpatial: []int{3, 0}}, []int{g.in, wd, g.batch, h}, []int{kw, g.out, kh, kin}
	}
	return innermost, []int{g.batch, h, wd, g.in}, []int{kh, kw, kin, g.out}
}

// valid reports whether the interface takes the geometry, with an output that is not empty.
func (g geometry) valid() bool {
	if g.batchGroups > 1 && (g.layout == kernelLayout || g.layout == mixedLayout) {
		return false // the reference looks for the output's batch along the input's axis
	}
	if g.in%(g.groups*max(g.batchGroups, 1)) != 0 || g.out%(g.groups*max(g.batchGroups, 1)) != 0 || g.batch%max(g.batchGroups, 1) != 0 || g.groups > 1 && g.batchGroups > 1 {
		return false
	}
	for a := range 2 {
		field := (g.kernel[a]-1)*at(g.kDilation, a) + 1
		size := (g.size[a]-1)*at(g.inDilation, a) + 1
		if len(g.pads) > 0 {
			size += g.pads[a][0] + g.pads[a][1]
		}
		if size < field {
			return false
		}
	}
	return true
}

func at(v []int, i int) int {
	if len(v) == 0 {
		return 1
	}
	return v[i]
}

// draw draws a geometry. All sizes are small: the reference is slow.
func draw(r *rand.Rand) geometry {
	for {
		g := geometry{layout: layouts[r.IntN(len(layouts))], batch: 1 + r.IntN(4), in: 1 + r.IntN(9), out: 1 + r.IntN(17), size: [2]int{1 + r.IntN(12), 1 + r.IntN(12)},
			kernel: [2]int{1 + r.IntN(5), 1 + r.IntN(5)}, groups: 1, batchGroups: 1, reversed: r.IntN(2) == 0}
		pair := func(n int) []int {
			if r.IntN(3) == 0 {
				return nil
			}
			return []int{1 + r.IntN(n), 1 + r.IntN(n)}
		}
		g.strides, g.kDilation = pair(3), pair(2)
		if r.IntN(2) == 0 {
			g.inDilation = pair(3)
		}
		if r.IntN(4) > 0 {
			g.pads = [][2]int{{r.IntN(5), r.IntN(5)}, {r.IntN(5), r.IntN(5)}}
		}
		switch r.IntN(6) {
		case 0:
			g.groups = 1 + r.IntN(3)
			g.in, g.out = g.groups*(1+r.IntN(4)), g.groups*(1+r.IntN(5))
		case 1:
			g.batchGroups = 1 + r.IntN(2)
			g.batch, g.in, g.out = g.batchGroups*g.batch, g.batchGroups*g.in, g.batchGroups*g.out
		case 2:
			g.kernel, g.strides, g.kDilation = [2]int{3, 3}, nil, nil // Winograd's
		}
		if g.valid() {
			return g
		}
	}
}

// build is the convolution of two operands.
func (g geometry) build(f compute.Function, in []compute.Value) []compute.Value {
	a, _, _ := g.axes()
	w := in[1]
	if g.reversed {
		w = must(f.Reverse(w, a.KernelSpatial...))
	}
	return []compute.Value{must(f.ConvGeneral(in[0], w, a, g.strides, g.pads, g.inDilation, g.kDilation, g.groups, g.batchGroups))}
}

func (g geometry) check(t *testing.T, r *rand.Rand) *executable {
	t.Helper()
	_, x, w := g.axes()
	return compare(t, 1e-4, []tensor{normal(r, x...), normal(r, w...)}, g.build)
}

func TestConvolutions(t *testing.T) {
	rounds := 400
	if testing.Short() {
		rounds = 60
	}
	kinds := map[string]int{}
	for seed := range rounds {
		r := random(uint64(seed))
		g := draw(r)
		t.Run(fmt.Sprintf("%d %+v", seed, g), func(t *testing.T) {
			plan := g.check(t, r)
			if plan == nil {
				kinds["portable"]++
			}
			for _, s := range plan.stepNames() {
				kinds[s]++
			}
		})
		if t.Failed() {
			break
		}
	}
	for _, k := range []string{"convolution", "convolution by input", "convolution by kernel", "portable"} {
		if kinds[k] < rounds/60 {
			t.Errorf("%d convolutions ran as %q: %v", kinds[k], k, kinds)
		}
	}
}

// TestConvolutionsOfOtherRanks have no kernel here, and need none.
func TestConvolutionsOfOtherRanks(t *testing.T) {
	r := random(7)
	compare(t, 1e-4, []tensor{normal(r, 2, 9, 3), normal(r, 3, 3, 4)}, one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
		return f.ConvGeneral(in[0], in[1], compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 2, InputSpatial: []int{1}, KernelInputChannels: 1, KernelOutputChannels: 2, KernelSpatial: []int{0},
			OutputBatch: 0, OutputChannels: 2, OutputSpatial: []int{1}}, []int{2}, [][2]int{{1, 1}}, nil, nil, 1, 1)
	}))
	compare(t, 1e-4, []tensor{normal(r, 1, 4, 5, 4, 2), normal(r, 2, 2, 2, 2, 3)}, one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
		return f.ConvGeneral(in[0], in[1], compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 4, InputSpatial: []int{1, 2, 3}, KernelInputChannels: 3, KernelOutputChannels: 4, KernelSpatial: []int{0, 1, 2},
			OutputBatch: 0, OutputChannels: 4, OutputSpatial: []int{1, 2, 3}}, nil, nil, nil, nil, 1, 1)
	}))
}

// TestKernelReversedTwice has a reversed kernel that is an operand of other things too, or both operands of one convolution.
func TestKernelReversedTwice(t *testing.T) {
	g := geometry{layout: inputLayout, batch: 3, in: 3, out: 3, size: [2]int{3, 3}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{2, 2}, {2, 2}}}
	a, x, w := g.axes()
	r := random(8)
	in := []tensor{normal(r, x...), normal(r, w...)}
	conv := func(f compute.Function, x, w compute.Value) compute.Value {
		return must(f.ConvGeneral(x, w, a, nil, g.pads, nil, nil, 1, 1))
	}
	compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
		reversed := must(f.Reverse(in[1], 0, 1))
		return []compute.Value{conv(f, reversed, reversed)}
	})
	compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
		reversed := must(f.Reverse(in[1], 1, 0))
		return []compute.Value{conv(f, in[0], reversed), must(f.Neg(reversed))}
	})
	compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
		reversed := must(f.Reverse(in[1], 0, 1))
		return []compute.Value{reversed, conv(f, in[0], reversed)}
	})
	compare(t, 1e-4, in, func(f compute.Function, in []compute.Value) []compute.Value {
		return []compute.Value{conv(f, in[0], must(f.Reverse(in[1], 0))), conv(f, must(f.Reverse(in[0], 0, 1)), must(f.Reverse(in[1], 0, 1)))}
	})
}

// spy keeps what its backend compiles.
type spy struct {
	compute.Backend
	plans []*executable
}

type spyBuilder struct {
	compute.Builder
	s *spy
}

func (s *spy) Builder(name string) compute.Builder { return spyBuilder{s.Backend.Builder(name), s} }

func (b spyBuilder) Compile() (compute.Executable, error) {
	e, err := b.Builder.Compile()
	if plan, ok := e.(*executable); ok {
		b.s.plans = append(b.s.plans, plan)
	}
	return e, err
}

// gradients runs a GoMLX graph on a backend and returns its results.
func gradients(b compute.Backend, g func(in []*ml.Node) []*ml.Node, in []tensor) (out []tensor, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	e := ml.MustNewExec(b, g)
	defer e.Finalize()
	var args []any
	for _, x := range in {
		args = append(args, tensors.FromFlatDataAndDimensions(x.flat.([]float32), x.shape.Dimensions...))
	}
	results, err := e.Call(args...)
	if err != nil {
		return nil, err
	}
	for _, r := range results {
		out = append(out, tensor{r.Shape(), tensors.MustCopyFlatData[float32](r)})
	}
	return out, nil
}

// compareGraph compares a GoMLX graph on both backends; it reports false where GoMLX cannot build it. plan is nil if the portable backend ran all of it.
func compareGraph(t *testing.T, tolerance float64, in []tensor, g func(in []*ml.Node) []*ml.Node) (plan *executable, built bool) {
	t.Helper()
	want, err := gradients(reference(), g, in)
	if err != nil {
		if strings.Contains(err.Error(), "failed to set up reverse") { // GoMLX has no gradient of some paddings
			return nil, false
		}
		t.Fatalf("the reference: %v", err)
	}
	s := &spy{Backend: tested()}
	got, err := gradients(s, g, in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if err := agree(got[i], want[i], tolerance); err != nil {
			t.Fatalf("result %d: %v", i, err)
		}
	}
	if len(s.plans) == 1 {
		plan = s.plans[0]
	}
	return plan, true
}

// TestConvolutionGradients takes the gradients that GoMLX makes of convolutions with channels innermost.
func TestConvolutionGradients(t *testing.T) {
	rounds := 120
	if testing.Short() {
		rounds = 25
	}
	tried, taken := 0, 0
	for seed := 0; tried < rounds; seed++ {
		r := random(uint64(1000 + seed))
		g := draw(r)
		g.layout, g.inDilation, g.reversed = forwardLayout, nil, false
		if r.IntN(5) == 0 {
			g.layout = firstLayout
		}
		if g.strides != nil { // GoMLX has no gradients of both at once
			g.kDilation = nil
		}
		if !g.valid() || g.groups*g.batchGroups > 1 && g.batch*g.in*g.out > 200 {
			continue
		}
		tried++
		a, x, w := g.axes()
		in := []tensor{normal(r, x...), normal(r, w...)}
		ok := t.Run(fmt.Sprintf("%d %+v", seed, g), func(t *testing.T) {
			plan, built := compareGraph(t, 1e-4, in, func(in []*ml.Node) []*ml.Node {
				y := ml.ConvGeneral(in[0], in[1], a, g.strides, g.pads, nil, g.kDilation, g.groups, g.batchGroups)
				return append(ml.Gradient(ml.ReduceAllSum(ml.Mul(y, y)), in[0], in[1]), y)
			})
			if built && g.layout == forwardLayout && g.groups*g.batchGroups == 1 {
				taken++
				native(t, plan, "convolution", "convolution by input", "convolution by kernel")
			}
		})
		if !ok {
			break
		}
	}
	if taken < rounds/6 {
		t.Errorf("GoMLX built the gradients of %d convolutions out of %d only", taken, tried)
	}
}

// FuzzConvolution compares convolutions whose geometry is drawn from the bytes.
func FuzzConvolution(f *testing.F) {
	for seed := range 8 {
		f.Add([]byte{byte(seed), 1, 2, 2, 3, 9, 7, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0})
		f.Add([]byte{byte(seed), 3, 5, 4, 7, 8, 8, 2, 1, 2, 1, 1, 2, 1, 2, 0, 3, 1, 0, 2})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		next := func(n int) int {
			if len(data) == 0 {
				return 0
			}
			v := int(data[0]) % n
			data = data[1:]
			return v
		}
		g := geometry{layout: layouts[next(len(layouts))], batch: 1 + next(4), in: 1 + next(9), out: 1 + next(18), size: [2]int{1 + next(12), 1 + next(12)},
			kernel: [2]int{1 + next(6), 1 + next(6)}, strides: []int{1 + next(4), 1 + next(4)}, inDilation: []int{1 + next(4), 1 + next(4)}, kDilation: []int{1 + next(4), 1 + next(4)},
			pads: [][2]int{{next(8), next(8)}, {next(8), next(8)}}, groups: 1 + next(3), batchGroups: 1 + next(2), reversed: next(2) == 1}
		g.in, g.out, g.batch = g.in*g.groups*g.batchGroups, g.out*g.groups*g.batchGroups, g.batch*g.batchGroups
		if !g.valid() {
			return
		}
		g.check(t, random(1))
	})
}

// TestBiasAndReLU has what a convolution's last pass can do, with NaN among the images, and near misses: values that are read elsewhere too.
func TestBiasAndReLU(t *testing.T) {
	g := geometry{layout: forwardLayout, batch: 2, in: 5, out: 9, size: [2]int{6, 7}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{1, 1}, {1, 1}}}
	a, xd, wd := g.axes()
	r := random(31)
	x := normal(r, xd...)
	x.flat.([]float32)[100] = odd[9] // NaN
	in := []tensor{x, normal(r, wd...), normal(r, 1, 1, 1, 9), normal(r, 2, 6, 7, 9)}
	zero := func(f compute.Function) compute.Value { return must(f.Constant([]float32{0})) }
	conv := func(f compute.Function, in []compute.Value) compute.Value {
		return must(f.ConvGeneral(in[0], in[1], a, nil, g.pads, nil, nil, 1, 1))
	}
	relu := func(f compute.Function, x compute.Value) compute.Value {
		return must(f.Where(must(f.LessOrEqual(x, zero(f))), zero(f), x))
	}
	for name, c := range map[string]struct {
		step string
		make graphOf
	}{
		"bias": {"convolution, bias", func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{must(f.Add(in[2], conv(f, in)))}
		}},
		"bias and ReLU": {"convolution, bias, ReLU", func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{relu(f, must(f.Add(conv(f, in), in[2])))}
		}},
		"with its gradient": {"convolution, bias, ReLU", func(f compute.Function, in []compute.Value) []compute.Value {
			y := must(f.Add(conv(f, in), in[2]))
			under := must(f.LessOrEqual(y, zero(f)))
			out := must(f.Where(under, zero(f), y))
			return []compute.Value{out, must(f.Where(under, zero(f), must(f.Reverse(out, 3))))}
		}},
		"a computed bias": {"convolution, bias, ReLU", func(f compute.Function, in []compute.Value) []compute.Value {
			b := must(f.Exp(in[2]))
			return []compute.Value{relu(f, must(f.Add(conv(f, in), b))), must(f.Neg(b))}
		}},
		"read without the bias": {"convolution", func(f compute.Function, in []compute.Value) []compute.Value {
			y := conv(f, in)
			return []compute.Value{must(f.Add(y, in[2])), must(f.Neg(y))}
		}},
		"read without ReLU": {"convolution", func(f compute.Function, in []compute.Value) []compute.Value {
			y := must(f.Add(conv(f, in), in[2]))
			return []compute.Value{y, relu(f, y)}
		}},
		"added to an image": {"convolution", func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{relu(f, must(f.Add(conv(f, in), in[3])))}
		}},
		"more than ReLU": {"convolution", func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{must(f.Exp(relu(f, must(f.Add(conv(f, in), in[2])))))}
		}},
		"added to itself": {"convolution", func(f compute.Function, in []compute.Value) []compute.Value {
			y := conv(f, in)
			return []compute.Value{must(f.Add(y, y))}
		}},
	} {
		t.Run(name, func(t *testing.T) { native(t, compare(t, 1e-4, in, c.make), c.step) })
	}
}

// TestScaledKernel has kernels times a factor a channel, which the last pass does, and near misses.
func TestScaledKernel(t *testing.T) {
	g := geometry{layout: forwardLayout, batch: 2, in: 5, out: 9, size: [2]int{6, 7}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{1, 1}, {1, 1}}}
	a, xd, wd := g.axes()
	r := random(33)
	in := []tensor{normal(r, xd...), normal(r, wd...), normal(r, 1, 1, 1, 9), normal(r, 1, 1, 5, 1)}
	conv := func(f compute.Function, x, w compute.Value) compute.Value {
		return must(f.ConvGeneral(x, w, a, nil, g.pads, nil, nil, 1, 1))
	}
	for name, c := range map[string]struct {
		steps []string
		make  graphOf
	}{
		"a factor": {[]string{"convolution"}, func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{conv(f, in[0], must(f.Mul(in[1], in[2])))}
		}},
		"factor and bias": {[]string{"Exp", "convolution, bias"}, func(f compute.Function, in []compute.Value) []compute.Value {
			scale := must(f.Exp(in[2]))
			return []compute.Value{must(f.Add(conv(f, in[0], must(f.Mul(scale, in[1]))), in[2])), scale}
		}},
		"read elsewhere": {[]string{"Mul", "convolution"}, func(f compute.Function, in []compute.Value) []compute.Value {
			w := must(f.Mul(in[1], in[2]))
			return []compute.Value{conv(f, in[0], w), must(f.Reverse(w, 0))}
		}},
		"a factor of the inputs": {[]string{"Mul", "convolution"}, func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{conv(f, in[0], must(f.Mul(in[1], in[3])))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := compare(t, 1e-4, in, c.make)
			native(t, e, c.steps...)
			if names := e.stepNames(); slices.Contains(c.steps, "Mul") != slices.Contains(names, "Mul") {
				t.Errorf("the steps are %q", names)
			}
		})
	}
}

// TestConcatenatedConvolutions has convolutions whose results are parts of a concatenation, written right there, and near misses.
func TestConcatenatedConvolutions(t *testing.T) {
	g := geometry{layout: forwardLayout, batch: 2, in: 5, out: 9, size: [2]int{6, 7}, kernel: [2]int{3, 3}, groups: 1, pads: [][2]int{{1, 1}, {1, 1}}}
	a, xd, wd := g.axes()
	r := random(34)
	in := []tensor{normal(r, xd...), normal(r, wd...), normal(r, 3, 3, 5, 4), normal(r, 1, 1, 1, 9)}
	conv := func(f compute.Function, x, w compute.Value) compute.Value {
		return must(f.ConvGeneral(x, w, a, nil, g.pads, nil, nil, 1, 1))
	}
	for name, c := range map[string]struct {
		copies bool
		make   graphOf
	}{
		"all parts": {false, func(f compute.Function, in []compute.Value) []compute.Value {
			y, z := must(f.Add(conv(f, in[0], in[1]), in[3])), conv(f, in[0], in[2])
			return []compute.Value{must(f.Concatenate(3, z, y))}
		}},
		"inside": {false, func(f compute.Function, in []compute.Value) []compute.Value {
			y, z := must(f.Add(conv(f, in[0], in[1]), in[3])), conv(f, in[0], in[2])
			return []compute.Value{must(f.ReduceMax(must(f.Concatenate(3, y, z)), 3)), must(f.Neg(in[0]))}
		}},
		"one part of three": {true, func(f compute.Function, in []compute.Value) []compute.Value {
			return []compute.Value{must(f.Neg(must(f.Concatenate(3, in[0], conv(f, in[0], in[1]), must(f.Exp(in[0]))))))}
		}},
		"twice": {true, func(f compute.Function, in []compute.Value) []compute.Value {
			y := conv(f, in[0], in[1])
			return []compute.Value{must(f.Concatenate(3, y, y))}
		}},
		"read elsewhere": {true, func(f compute.Function, in []compute.Value) []compute.Value {
			y := conv(f, in[0], in[1])
			return []compute.Value{must(f.Concatenate(3, in[0], y)), must(f.ReduceMax(y, 3))}
		}},
		"along another axis": {true, func(f compute.Function, in []compute.Value) []compute.Value {
			y := conv(f, in[0], in[1])
			return []compute.Value{must(f.Concatenate(1, y, must(f.Exp(must(f.Reverse(conv(f, in[0], in[1]), 0))))))}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			e := compare(t, 1e-4, in, c.make)
			native(t, e)
			if names := e.stepNames(); slices.Contains(names, "Concatenate") != c.copies {
				t.Errorf("the steps are %q", names)
			}
		})
	}
}
