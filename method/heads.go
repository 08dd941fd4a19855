package method

import (
	"math"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/internal/initial"
	"github.com/dvml/dvml/internal/norm"
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
	normMomentum = 0.1 // the share of the batch in the running averages
)

// batchNorm normalises each column of x [N,F]: by the batch's mean and variance in training, where the running averages take a tenth of them, and by
// the running averages elsewhere.
func batchNorm(scope *model.Scope, x *Node, training bool) *Node {
	g, f := x.Graph(), x.Shape().Dimensions[1]
	of := func(name string, first float32) *model.Variable {
		return variable(scope, name, func(string) any { return initial.Constant(first, f) })
	}
	scale, offset := of("scale", 1), of("offset", 0)
	mean, variance := of("mean", 0).SetTrainable(false), of("variance", 1).SetTrainable(false)
	p := norm.Params{Scale: scale.NodeValue(g), Offset: offset.NodeValue(g), Mean: mean.NodeValue(g), Variance: variance.NodeValue(g), Epsilon: NormEpsilon}
	if !training {
		return p.Columns(x, nil)
	}
	return p.Columns(x, func(m, v *Node) {
		mean.SetNodeValue(norm.Towards(p.Mean, m, normMomentum))
		variance.SetNodeValue(norm.Towards(p.Variance, v, normMomentum))
	})
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
