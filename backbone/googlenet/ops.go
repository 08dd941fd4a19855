package googlenet

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:staticcheck // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/norm"
)

// convolve applies the layer's convolution and what follows it but ReLU. x [B,H,W,In] -> [B,h,w,Channels].
func (s Spec) convolve(scope *model.Scope, l Layer, x *Node, training bool) *Node {
	g := x.Graph()
	v := layerVariables(scope, l, s.Form)
	w := v["weights"].NodeValue(g)
	if s.Form == Original {
		return Add(convolution(l, x, w), perChannel(v["biases"].NodeValue(g)))
	}
	p := norm.Params{Scale: v["scale"].NodeValue(g), Offset: v["offset"].NodeValue(g), Mean: v["mean"].NodeValue(g), Variance: v["variance"].NodeValue(g), Epsilon: normEpsilon}
	if training && !s.FreezeStatistics {
		return p.Maps(convolution(l, x, w), func(mean, variance *Node) {
			v["mean"].SetNodeValue(norm.Towards(p.Mean, mean, normMomentum))
			v["variance"].SetNodeValue(norm.Towards(p.Variance, variance, normMomentum))
		})
	}
	a, b := p.Fixed()
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

const (
	lrnSize  = 5
	lrnAlpha = 1e-4
	lrnBeta  = 0.75
)

// localResponseNorm divides x [B,H,W,C] by s^0.75, s = 1 + alpha/5 * the sum of x^2 over the five channels around (Krizhevsky et al. 2012,
// section 3.3, with Caffe's constants).
//
// With dy the gradient of what it gives, its own gradient is dx = dy s^-b - 2ab/5 x sum5(dy x
// s^(-b-1)). The product below hands w = dy s^-b to its first factor, where the second term is
// taken off, so that no power is differentiated and s^-b is computed once.
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
