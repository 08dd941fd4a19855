package method

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/initial"
)

// Embedding is what the heads make of a batch of features.
type Embedding struct {
	Mu, LogVar *Node // [B,D] mean and log variance of z_V; nil under the plain objective
	ZI         *Node // [B,D] the class-invariant embedding, not normalised
}

// heads builds z_I and, for the dvml objective, the mean and the log variance of z_V, from features x [B,F]: scaled, then behind batch norm, where
// the method says so. Dropout goes by the uniform noise drop [B,F], which is nil where there is none.
func (m Method) heads(scope *model.Scope, x, drop *Node, training bool) Embedding {
	scope = scope.At("heads")
	x = m.normalised(scope, x, training)
	if m.Dropout > 0 && drop != nil {
		kept := ConvertDType(GreaterOrEqual(drop, Scalar(x.Graph(), x.DType(), m.Dropout)), x.DType())
		x = Mul(x, MulScalar(kept, 1/(1-m.Dropout)))
	}
	e := Embedding{ZI: m.invariant(scope, x)}
	if m.Objective == "dvml" {
		e.Mu = dense(scope.At("mu"), x, m.Dim)
		e.LogVar = dense(scope.At("logvar"), x, m.Dim)
	}
	return e
}

// normalised is what the heads read: x, scaled and behind batch norm where the method says so.
func (m Method) normalised(scope *model.Scope, x *Node, training bool) *Node {
	if m.FeatureScale == "root" {
		x = root(x)
	}
	if !m.FeatureNorm {
		return x
	}
	return batchNorm(scope.At("norm"), x, training)
}

// RootBend is added to the size of features before their root: it keeps the gradient of a root finite where a feature is 0, as pooled rectified features often are; features are about 1 on average.
const RootBend = 0.01

// root scales the features of each image, a row of x [N,F], to a mean square of 1, takes the root of each and keeps its sign, and scales to a mean
// square of 1 again. Few large features then outweigh the others less (power normalisation: Perronnin, Sanchez and Mensink, ECCV 2010), and z_I, where
// it begins as the features, is as long as normal noise of its dimension: as z_V.
func root(x *Node) *Node {
	x = unitMeanSquare(x)
	bent := AddScalar(Sqrt(AddScalar(Abs(x), RootBend)), -math.Sqrt(RootBend))
	return unitMeanSquare(Mul(Sign(x), bent))
}

// unitMeanSquare scales each row of x [N,F] to a mean square of 1.
func unitMeanSquare(x *Node) *Node {
	return Div(x, Sqrt(AddScalar(ReduceAndKeep(Mul(x, x), ReduceMean, -1), 1e-12)))
}

// invariant is the head of z_I.
func (m Method) invariant(scope *model.Scope, x *Node) *Node {
	if features := x.Shape().Dimensions[1]; m.Start == "features" && m.Dim == features {
		variable(scope.At("z_i"), "weights", func(string) any { return initial.Identity(features) })
	}
	return dense(scope.At("z_i"), x, m.Dim)
}

// decode builds x_hat [N,F] from z [N,D].
func (m Method) decode(scope *model.Scope, z *Node, features int, training bool) *Node {
	scope = scope.At("decoder")
	h := dense(scope.At("hidden"), z, m.Decoder.Hidden)
	if m.Decoder.Activation == "tanh" {
		h = Tanh(h)
	} else {
		h = batchNorm(scope.At("norm"), MaxScalar(h, 0), training)
	}
	return dense(scope.At("out"), h, features)
}

// dense is a fully connected layer, x [N,F] -> [N,out]: Glorot uniform weights, biases from zero.
func dense(scope *model.Scope, x *Node, out int) *Node {
	in := x.Shape().Dimensions[1]
	w := variable(scope, "weights", func(path string) any { return initial.Glorot(seed(scope), path, in, out, in, out) })
	b := variable(scope, "biases", func(string) any { return initial.Constant(0, out) })
	return Add(MatMul(x, w.NodeValue(x.Graph())), ExpandAxes(b.NodeValue(x.Graph()), 0))
}

const (
	// NormEpsilon is added to variances by the batch norm of heads and decoder.
	NormEpsilon  = 1e-5
	normMomentum = 0.1
)

// batchNorm normalises each column of x [N,F] (Ioffe and Szegedy 2015): by the batch's mean and variance in training, where the running averages
// take a tenth of them (the variance unbiased), and by the running averages elsewhere. It is written from small operations so that XLA's
// partitioner can split it.
func batchNorm(scope *model.Scope, x *Node, training bool) *Node {
	g, f := x.Graph(), x.Shape().Dimensions[1]
	scale := variable(scope, "scale", func(string) any { return initial.Constant(1, f) })
	offset := variable(scope, "offset", func(string) any { return initial.Constant(0, f) })
	mean := variable(scope, "mean", func(string) any { return initial.Constant(0, f) }).SetTrainable(false)
	variance := variable(scope, "variance", func(string) any { return initial.Constant(1, f) }).SetTrainable(false)
	mu, sigma2 := mean.NodeValue(g), variance.NodeValue(g)
	if training {
		n := float64(x.Shape().Dimensions[0])
		mu = ReduceMean(x, 0)
		d := Sub(x, ExpandAxes(mu, 0))
		sigma2 = ReduceMean(Mul(d, d), 0)
		mean.SetNodeValue(average(mean.NodeValue(g), StopGradient(mu)))
		variance.SetNodeValue(average(variance.NodeValue(g), MulScalar(StopGradient(sigma2), n/max(n-1, 1))))
	}
	a := Div(scale.NodeValue(g), Sqrt(AddScalar(sigma2, NormEpsilon)))
	return Add(Mul(Sub(x, ExpandAxes(mu, 0)), ExpandAxes(a, 0)), ExpandAxes(offset.NodeValue(g), 0))
}

func average(old, now *Node) *Node {
	return Add(MulScalar(old, 1-normMomentum), MulScalar(now, normMomentum))
}

// variable returns the scope's variable, made from first where it does not exist yet.
func variable(scope *model.Scope, name string, first func(path string) any) *model.Variable {
	path := model.JoinPath(scope.Scope(), name)
	if v := scope.Store().GetVariable(path); v != nil {
		return v
	}
	return scope.VariableWithValue(name, first(path))
}

// seed is the seed of the store's first values.
func seed(scope *model.Scope) uint64 {
	return model.GetRootParamOr(scope.Store(), initial.SeedParam, uint64(0))
}
