// Package norm is batch norm (Ioffe and Szegedy, ICML 2015) as graphs, in the three forms that
// networks and heads need. All are written from small operations: a partitioner splits these by
// batch, and not the fused operation.
package norm

import (
	"slices"

	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
)

// Params are one layer's values, [C] each.
type Params struct {
	Scale, Offset  *Node
	Mean, Variance *Node // the running averages; those of a layer in training are not read
	Epsilon        float64
}

// Move is told the batch's mean and its unbiased variance (as PyTorch's running variance is), [C]
// each, for the running averages to move towards.
type Move func(mean, variance *Node)

// Towards is a running average that moves the given share of the way from old to now, through which no gradient flows.
func Towards(old, now *Node, share float64) *Node {
	return Add(MulScalar(old, 1-share), MulScalar(StopGradient(now), share))
}

// Fixed is the norm by the running averages, as a factor and an offset per channel: behind a convolution the factor goes into the
// weights, conv(x, aW) + b.
func (p Params) Fixed() (a, b *Node) {
	a = Div(p.Scale, Sqrt(AddScalar(p.Variance, p.Epsilon)))
	return a, Sub(p.Offset, Mul(p.Mean, a))
}

// Maps normalises each channel of x [...,C] by the batch's mean and variance.
//
// Both move with x, which takes from the gradient w by the normalised part its mean and its part
// along d = x - mean: dx = w - mean(w) - d mean(w d) / (variance + epsilon) (section 3 there).
// Written so it needs no sum beyond those of the other gradients' pass over the map.
func (p Params) Maps(x *Node, move Move) *Node {
	rank := x.Rank()
	channels := func(v *Node) *Node { return perChannel(v, rank) }
	axes := make([]int, rank-1)
	n := 1.0
	for i := range axes {
		axes[i] = i
		n *= float64(x.Shape().Dimensions[i])
	}
	mean := ReduceMean(x, axes...)
	d := Sub(x, channels(mean))
	variance := ReduceMean(Mul(d, d), axes...)
	move(mean, MulScalar(variance, n/max(n-1, 1)))
	spread := StopGradient(AddScalar(variance, p.Epsilon))
	through := IdentityWithCustomGradient(x, func(_, w *Node) *Node {
		along := Div(ReduceMean(Mul(w, d), axes...), spread)
		return Sub(Sub(w, channels(ReduceMean(w, axes...))), Mul(d, channels(along)))
	})
	a := Div(p.Scale, Sqrt(spread))
	return Add(Mul(Sub(through, channels(StopGradient(mean))), channels(a)), channels(p.Offset))
}

// Columns normalises each column of x [N,C]: by the batch's mean and variance where move is given,
// else by the running averages. A batch of features is small beside maps, so its gradient is left
// to automatic differentiation.
func (p Params) Columns(x *Node, move Move) *Node {
	mean, variance := p.Mean, p.Variance
	if move != nil {
		n := float64(x.Shape().Dimensions[0])
		mean = ReduceMean(x, 0)
		d := Sub(x, perChannel(mean, 2))
		variance = ReduceMean(Mul(d, d), 0)
		move(mean, MulScalar(StopGradient(variance), n/max(n-1, 1)))
	}
	a := Div(p.Scale, Sqrt(AddScalar(variance, p.Epsilon)))
	return Add(Mul(Sub(x, perChannel(mean, 2)), perChannel(a, 2)), perChannel(p.Offset, 2))
}

// perChannel gives v [C] the given rank, [1,...,1,C].
func perChannel(v *Node, rank int) *Node {
	return Reshape(v, append(slices.Repeat([]int{1}, rank-1), v.Shape().Dimensions[0])...)
}
