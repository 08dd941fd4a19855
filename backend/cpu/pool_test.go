package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	ml "github.com/gomlx/gomlx/core/graph"
)

// pooled is one ReduceWindow over images, or over tensors of other ranks.
type pooled struct {
	dims, window, strides []int
	pads                  [][2]int
	inDilation, dilation  []int
}

// drawPooled draws windows that overlap, touch or leave gaps. Windows without any real element are left out where real is set.
func drawPooled(r *rand.Rand) pooled {
	for {
		p := pooled{dims: []int{1 + r.IntN(2), 1 + r.IntN(12), 1 + r.IntN(12), 1 + r.IntN(20)}, window: []int{1, 1 + r.IntN(4), 1 + r.IntN(4), 1}, strides: []int{1, 1 + r.IntN(3), 1 + r.IntN(3), 1}}
		switch r.IntN(5) {
		case 0:
			p.strides = nil
		case 1:
			p.window, p.strides = []int{1, 3, 3, 1}, []int{1, 1 + r.IntN(2), 1 + r.IntN(2), 1}
		}
		p.pads = make([][2]int, 4)
		for a := 1; a < 3; a++ {
			p.pads[a] = [2]int{r.IntN(p.window[a]), r.IntN(p.window[a])}
		}
		if r.IntN(3) == 0 {
			p.pads = nil
		}
		if p.valid() {
			return p
		}
	}
}

func (p pooled) valid() bool {
	for a, n := range p.dims {
		if len(p.pads) > 0 {
			n += p.pads[a][0] + p.pads[a][1]
		}
		if n < p.window[a] {
			return false
		}
	}
	return true
}

func (p pooled) reduce(f compute.Function, x compute.Value, kind compute.ReduceOpType) compute.Value {
	return must(f.ReduceWindow(x, kind, p.window, p.strides, p.inDilation, p.dilation, p.pads))
}

func TestPooling(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		r := random(uint64(seed))
		p := drawPooled(r)
		ok := t.Run(fmt.Sprintf("%d %+v", seed, p), func(t *testing.T) {
			x := few(r, p.dims...) // many ties
			if seed%2 == 0 {
				x = normal(r, p.dims...)
			}
			e := compare(t, 1e-5, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{p.reduce(f, in[0], compute.ReduceOpMax), p.reduce(f, in[0], compute.ReduceOpSum)}
			})
			if !slices.ContainsFunc(p.strides, func(s int) bool { return s > 4 }) {
				native(t, e, "max pool")
			}
			compare(t, 1e-5, []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{p.reduce(f, in[0], compute.ReduceOpMin), p.reduce(f, must(f.Abs(in[0])), compute.ReduceOpProduct)}
			})
		})
		if !ok {
			break
		}
	}
}

// TestMaxPoolGradient scatters to the first of equal maxima, with the pooling in the graph and without.
func TestMaxPoolGradient(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	for seed := range rounds {
		r := random(uint64(500 + seed))
		p := drawPooled(r)
		if p.strides == nil {
			p.strides = p.window
		}
		if p.pads == nil {
			p.pads = make([][2]int, 4)
		}
		ok := t.Run(fmt.Sprintf("%d %+v", seed, p), func(t *testing.T) {
			x := few(r, p.dims...)
			y, err := build(reference(), []tensor{x}, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{p.reduce(f, in[0], compute.ReduceOpMax)}
			})
			if err != nil {
				t.Fatal(err)
			}
			dy := normal(r, y.Outputs()[0].Dimensions...)
			together := compare(t, 1e-5, []tensor{x, dy}, func(f compute.Function, in []compute.Value) []compute.Value {
				y := p.reduce(f, in[0], compute.ReduceOpMax)
				return []compute.Value{y, must(f.SelectAndScatterMax(in[0], in[1], p.window, p.strides, p.pads))}
			})
			native(t, together, "max pool", "max pool gradient")
			compare(t, 1e-5, []tensor{x, dy}, func(f compute.Function, in []compute.Value) []compute.Value {
				dx := must(f.SelectAndScatterMax(in[0], in[1], p.window, p.strides, p.pads)) // before the pooling
				return []compute.Value{dx, p.reduce(f, in[0], compute.ReduceOpMax)}
			})
		})
		if !ok {
			break
		}
	}
}

// TestPoolingOfOtherKinds has windows for which there is no kernel: over channels or the batch, dilated, of other ranks, of more positions than are kept.
func TestPoolingOfOtherKinds(t *testing.T) {
	r := random(14)
	for _, p := range []pooled{
		{dims: []int{2, 5, 6, 3}, window: []int{2, 2, 2, 2}, strides: []int{1, 2, 1, 1}},
		{dims: []int{2, 3, 9, 9}, window: []int{1, 1, 3, 3}, strides: []int{1, 1, 2, 2}, pads: [][2]int{{0, 0}, {0, 0}, {1, 1}, {1, 1}}},
		{dims: []int{2, 9, 9, 3}, window: []int{1, 3, 3, 1}, strides: []int{1, 1, 1, 1}, dilation: []int{1, 2, 2, 1}},
		{dims: []int{2, 4, 5, 3}, window: []int{1, 3, 3, 1}, strides: []int{1, 1, 1, 1}, inDilation: []int{1, 2, 2, 1}},
		{dims: []int{11}, window: []int{3}, strides: []int{2}},
		{dims: []int{4, 11}, window: []int{1, 3}, strides: []int{1, 1}},
		{dims: []int{1, 20, 20, 2}, window: []int{1, 17, 17, 1}, strides: []int{1, 1, 1, 1}},
		{dims: []int{2, 7, 7, 3}, window: []int{1, 7, 7, 1}},
	} {
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			compare(t, 1e-5, []tensor{normal(r, p.dims...)}, func(f compute.Function, in []compute.Value) []compute.Value {
				return []compute.Value{p.reduce(f, in[0], compute.ReduceOpMax), p.reduce(f, in[0], compute.ReduceOpSum)}
			})
		})
	}
}

// TestChannelSums has the windows of local response normalisation, odd and even, wider than the channels too.
func TestChannelSums(t *testing.T) {
	r := random(15)
	for _, c := range []int{1, 2, 5, 64} {
		for _, n := range []int{1, 2, 3, 5, 8} {
			for before := range n {
				p := pooled{window: []int{1, 1, n}, strides: []int{1, 1, 1}, pads: [][2]int{{0, 0}, {0, 0}, {before, n - 1 - before}}}
				e := compare(t, 1e-5, []tensor{normal(r, 3, 7, c)}, func(f compute.Function, in []compute.Value) []compute.Value {
					return []compute.Value{p.reduce(f, in[0], compute.ReduceOpSum)}
				})
				native(t, e, "channel sum")
			}
		}
	}
}

// TestPoolingOfSpecials has infinities anywhere, and channels that are NaN throughout. A NaN among numbers is another matter: the kernel passes over
// those that do not come first in their window, where the reference gives NaN.
func TestPoolingOfSpecials(t *testing.T) {
	p := pooled{window: []int{1, 2, 2, 1}, strides: []int{1, 1, 1, 1}, pads: [][2]int{{0, 0}, {1, 0}, {0, 1}, {0, 0}}}
	pool := func(f compute.Function, in []compute.Value) []compute.Value {
		return []compute.Value{p.reduce(f, in[0], compute.ReduceOpMax), must(f.SelectAndScatterMax(in[0], in[1], p.window, p.strides, p.pads))}
	}
	for place := range 4 * 4 * 9 {
		for _, v := range []float32{float32(math.Inf(1)), float32(math.Inf(-1))} {
			x := normal(random(uint64(place)), 1, 4, 4, 9)
			x.flat.([]float32)[place] = v
			compare(t, 1e-5, []tensor{x, normal(random(1), 1, 4, 4, 9)}, pool)
		}
	}
	x := normal(random(2), 1, 4, 4, 9)
	for i := 3; i < len(x.flat.([]float32)); i += 9 {
		x.flat.([]float32)[i] = float32(math.NaN())
	}
	compare(t, 0, []tensor{x, normal(random(1), 1, 4, 4, 9)}, func(f compute.Function, in []compute.Value) []compute.Value { return pool(f, in)[:1] })
}

// TestPoolingGradients are GoMLX's own, of the maximum and the mean.
func TestPoolingGradients(t *testing.T) {
	for seed := range 20 {
		r := random(uint64(900 + seed))
		window, stride := 1+r.IntN(3), 1+r.IntN(3)
		in := []tensor{few(r, 2, 4+r.IntN(8), 4+r.IntN(8), 1+r.IntN(9))}
		for _, mean := range []bool{false, true} {
			compareGraph(t, 1e-4, in, func(in []*ml.Node) []*ml.Node {
				pool := ml.MaxPool(in[0])
				if mean {
					pool = ml.MeanPool(in[0])
				}
				pool = pool.Window(window).Strides(stride)
				if seed%2 == 0 && !mean { // the reference fails on the negative padding in the mean's gradient: see TestPadsThatCrop
					pool = pool.PadSame()
				}
				y := pool.Done()
				return append(ml.Gradient(ml.ReduceAllSum(ml.Mul(y, ml.Mul(y, y))), in[0]), y)
			})
		}
	}
}
