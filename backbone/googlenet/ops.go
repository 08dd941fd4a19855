package googlenet

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"
)

// convolve applies the layer's convolution and what follows it but ReLU. x [B,H,W,In] -> [B,h,w,Channels].
func (s Spec) convolve(scope *model.Scope, l Layer, x *Node, training bool) *Node {
	g := x.Graph()
	v := layerVariables(scope, l, s.Form)
	w := v["weights"].NodeValue(g)
	if s.Form == Original {
		return Add(convolution(l, x, w), perChannel(v["biases"].NodeValue(g)))
	}
	if training && !s.FreezeStatistics {
		return batchNorm(v, convolution(l, x, w))
	}
	// With fixed statistics batch norm is a factor and an offset a channel, and the factor goes into the weights: conv(x, aW) + b.
	a := Div(v["scale"].NodeValue(g), Sqrt(AddScalar(v["variance"].NodeValue(g), normEpsilon)))
	b := Sub(v["offset"].NodeValue(g), Mul(v["mean"].NodeValue(g), a))
	return Add(convolution(l, x, Mul(w, perChannel(a))), perChannel(b))
}

func convolution(l Layer, x, kernel *Node) *Node {
	return Convolve(x, kernel).Strides(l.Stride).PaddingPerDim([][2]int{{l.Pad, l.Pad}, {l.Pad, l.Pad}}).Done()
}

// perChannel turns [C] into [1,1,1,C].
func perChannel(v *Node) *Node {
	return Reshape(v, 1, 1, 1, v.Shape().Dimensions[0])
}

// relu is max(x, 0). Written as a choice its gradient is one choice too, and a NaN stays a NaN.
func relu(x *Node) *Node {
	zero := ScalarZero(x.Graph(), x.DType())
	return Where(LessOrEqual(x, zero), zero, x)
}

// maxPool takes the maximum of each window. x [B,H,W,C] -> [B,h,w,C]; a window that reaches beyond the map sees what lies on it.
func maxPool(l Layer, x *Node) *Node {
	pads := make([][2]int, 2)
	for i := range pads {
		in := x.Shape().Dimensions[1+i]
		end := (l.outputSize(in)-1)*l.Stride + l.Kernel - in - l.Pad
		pads[i] = [2]int{l.Pad, max(end, 0)}
	}
	return MaxPool(x).Window(l.Kernel).Strides(l.Stride).PaddingPerDim(pads).Done()
}

const (
	normEpsilon  = 1e-3 // torchvision's
	normMomentum = 0.1  // the share of the batch in the running averages
)

// batchNorm normalises each channel of x [B,H,W,C] by the batch's mean and variance, scales and shifts it, and moves the running averages
// (Ioffe and Szegedy, ICML 2015), the variance among them unbiased as PyTorch's. It is written from small operations because a partitioner
// splits these by batch, and not the fused operation.
//
// Mean and variance move with x, which takes from the gradient w by the normalised part its mean and its part along d = x - mean:
// dx = w - mean(w) - d mean(w d) / (variance + epsilon) (section 3 there). Written so it needs no sum beyond those of the other gradients' pass.
func batchNorm(v map[string]*model.Variable, x *Node) *Node {
	g, dims := x.Graph(), x.Shape().Dimensions
	n := float64(dims[0] * dims[1] * dims[2])
	mean := ReduceMean(x, 0, 1, 2)
	d := Sub(x, perChannel(mean))
	variance := ReduceMean(Mul(d, d), 0, 1, 2)
	running(v["mean"], mean)
	running(v["variance"], MulScalar(variance, n/max(n-1, 1)))
	spread := StopGradient(AddScalar(variance, normEpsilon))
	through := IdentityWithCustomGradient(x, func(_, w *Node) *Node {
		along := Div(ReduceMean(Mul(w, d), 0, 1, 2), spread)
		return Sub(Sub(w, perChannel(ReduceMean(w, 0, 1, 2))), Mul(d, perChannel(along)))
	})
	a := Div(v["scale"].NodeValue(g), Sqrt(spread))
	return Add(Mul(Sub(through, perChannel(StopGradient(mean))), perChannel(a)), perChannel(v["offset"].NodeValue(g)))
}

// running moves a running average towards the batch's value.
func running(v *model.Variable, now *Node) {
	old := v.NodeValue(now.Graph())
	v.SetNodeValue(Add(MulScalar(old, 1-normMomentum), MulScalar(StopGradient(now), normMomentum)))
}

const (
	lrnSize  = 5
	lrnAlpha = 1e-4
	lrnBeta  = 0.75
)

// localResponseNorm divides x [B,H,W,C] by s^0.75, s = 1 + alpha/5 * the sum of x^2 over the five channels around (Krizhevsky et al. 2012,
// section 3.3, with Caffe's constants).
//
// With dy the gradient of what it gives, its own gradient is dx = dy s^-b - 2ab/5 x sum5(dy x s^(-b-1)). The product below hands w = dy s^-b to
// its first factor, where the second term is taken off, so that no power is differentiated and s^-b is computed once.
func localResponseNorm(x *Node) *Node {
	s := AddScalar(MulScalar(channelSum(Mul(x, x)), lrnAlpha/lrnSize), 1)
	s = StopGradient(s)
	factor := Reciprocal(Mul(Sqrt(s), Sqrt(Sqrt(s)))) // s^-0.75
	through := IdentityWithCustomGradient(x, func(x, w *Node) *Node {
		return Sub(w, Mul(MulScalar(x, 2*lrnAlpha*lrnBeta/lrnSize), channelSum(Div(Mul(w, x), s))))
	})
	return Mul(through, factor)
}

// channelSum adds up the five channels around each. x [B,H,W,C] -> [B,H,W,C]
func channelSum(x *Node) *Node {
	return SumPool(x).FullShape().WindowPerAxis(1, 1, 1, lrnSize).Strides(1).PadSame().Done()
}
