package method

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/loss"
)

// Inputs are the values of one training step's graph.
type Inputs struct {
	Features *Node // x [B,F], the backbone's pooled features
	Labels   *Node // [B] int32, class numbers from 0
	Eps      *Node // [T,B,D], normal noise of the generator, or [1,B,D] of Method.Noise; unused where Method.NeedsEps is false
	Drop     *Node // [B,F], uniform noise in [0,1) that dropout is drawn by; nil where Method.Dropout is 0
	Uniform  *Node // [B,B], uniform noise for losses that sample; nil where the loss asks for none
	KLShare  *Node // scalar of Phase.KLShare; nil where the phase has no KLWarmup
}

// Terms are the parts of the objective, each a scalar. Parts that the method does not have are nil.
type Terms struct {
	KL             *Node // L1
	Reconstruction *Node // L2
	Synthetic      *Node // L3 = Lm(z)
	Invariant      *Node // L4 = Lm(z_I)
	Classifier     *Node // cross entropy of the classifier's layer
	Total          *Node // what is minimised
	Active         *Node // share of the terms of Lm(z_I) that are active, in [0,1]
	Embedding      Embedding
}

// objective builds all losses of one step.
func (m Method) objective(scope *model.Scope, lm loss.Loss, in Inputs, phase Phase, classes int) Terms {
	e := m.heads(scope, in.Features, in.Drop, true)
	t := Terms{Embedding: e}
	z := e.ZI
	if m.Noise > 0 {
		z = Add(z, MulScalar(Squeeze(in.Eps, 0), m.Noise))
	}
	invariant := lm.Graph(scope.At("loss"), loss.Batch{Embeddings: z, Labels: in.Labels, Uniform: in.Uniform})
	t.Invariant, t.Active = invariant.Loss, invariant.Active
	if m.Objective == "dvml" {
		m.variational(scope, lm, in, phase, &t)
		t.Total = m.weigh(phase.Lambda, in.KLShare, &t)
	} else {
		t.Total = MulScalar(t.Invariant, phase.Lambda.Invariant)
	}
	if m.Classifier {
		t.Classifier = m.classify(scope, in, classes)
		t.Total = Add(t.Total, t.Classifier)
	}
	if m.WeightDecay > 0 {
		t.Total = Add(t.Total, MulScalar(halfSquares(scope, in.Features.Graph()), m.WeightDecay*phase.Lambda.Invariant))
	}
	return t
}

// variational adds the parts that the generator and the decoder bring.
func (m Method) variational(scope *model.Scope, lm loss.Loss, in Inputs, phase Phase, t *Terms) {
	e, x := t.Embedding, StopGradient(in.Features)
	t.KL = divergence(e.Mu, e.LogVar)
	s := Exp(MulScalar(e.LogVar, 0.5))
	samples := in.Eps.Shape().Dimensions[0]
	var reconstruction, synthetic *Node
	for i := range samples {
		eps := Squeeze(Slice(in.Eps, AxisElem(i)), 0)
		z := Add(e.ZI, Add(e.Mu, Mul(s, eps)))
		synthetic = sum(synthetic, lm.Graph(scope.At("loss"), loss.Batch{Embeddings: z, Labels: in.Labels, Uniform: in.Uniform}).Loss)
		if phase.CutReconstruction {
			z = StopGradient(z)
		}
		reconstruction = sum(reconstruction, m.distance(x, m.decode(scope, z, x.Shape().Dimensions[1], true)))
	}
	t.Synthetic = DivScalar(synthetic, float64(samples))
	t.Reconstruction = DivScalar(reconstruction, float64(samples))
}

// divergence is the mean over the batch of the Kullback-Leibler divergence of N(mu, s^2) from N(0, I):
// 1/(2B) sum_i sum_j (s^2 + mu^2 - log s^2 - 1), for mu and log s^2 [B,D].
func divergence(mu, logVar *Node) *Node {
	each := Sub(Add(Exp(logVar), Mul(mu, mu)), AddScalar(logVar, 1))
	return MulScalar(ReduceAllSum(each), 0.5/float64(mu.Shape().Dimensions[0]))
}

// charged is the divergence with free nats a dimension: sum_j max(free, 1/(2B) sum_i (s^2 + mu^2 - log s^2 - 1)), for mu and log s^2 [B,D].
func charged(mu, logVar *Node, free float64) *Node {
	each := MulScalar(Sub(Add(Exp(logVar), Mul(mu, mu)), AddScalar(logVar, 1)), 0.5)
	return ReduceAllSum(MaxScalar(ReduceMean(each, 0), free))
}

// distance is the reconstruction loss of x_hat [B,F] for x [B,F], the mean over the batch of the Euclidean norm of the rest, or of half its square.
func (m Method) distance(x, xHat *Node) *Node {
	d := Sub(x, xHat)
	squares := ReduceSum(Mul(d, d), 1)
	if m.Reconstruction == "squared" {
		return MulScalar(ReduceAllMean(squares), 0.5)
	}
	// The norm has no gradient at 0: the floor keeps it finite there.
	return ReduceAllMean(Sqrt(MaxScalar(squares, 1e-12)))
}

// classify is the softmax cross entropy of one layer on the features, which no gradient leaves.
func (m Method) classify(scope *model.Scope, in Inputs, classes int) *Node {
	logits := dense(scope.At("classifier"), StopGradient(in.Features), classes)
	hot := OneHot(in.Labels, classes, dtypes.Float32)
	return Neg(ReduceAllMean(ReduceSum(Mul(hot, LogSoftmax(logits, 1)), 1)))
}

// halfSquares is half the squared norm of every weight in use but batch norm's.
func halfSquares(scope *model.Scope, g *Graph) *Node {
	total := ScalarZero(g, dtypes.Float32)
	for v := range scope.Store().IterVariables() {
		if !v.Trainable || !v.InUseByGraph(g) || IsNormParameter(v.Path()) {
			continue
		}
		w := v.NodeValue(g)
		total = Add(total, MulScalar(ReduceAllSum(Mul(w, w)), 0.5))
	}
	return total
}

// IsNormParameter reports whether the variable at path is a scale or an offset of batch norm, which weight decay leaves alone.
func IsNormParameter(path string) bool {
	_, name := model.SplitPath(path)
	return name == "scale" || name == "offset"
}

// weigh is the weighted sum of the four losses; one that weighs nothing is not in the graph. The KL weighs the part share of its weight, nil: all of it.
func (m Method) weigh(l Lambda, share *Node, t *Terms) *Node {
	var total *Node
	add := func(weight float64, term *Node) {
		if weight != 0 {
			total = sum(total, MulScalar(term, weight))
		}
	}
	kl := t.KL
	if m.FreeBits > 0 {
		kl = charged(t.Embedding.Mu, t.Embedding.LogVar, m.FreeBits)
	}
	if share != nil {
		kl = Mul(kl, share)
	}
	add(l.KL, kl)
	add(l.Reconstruction, t.Reconstruction)
	add(l.Synthetic, t.Synthetic)
	add(l.Invariant, t.Invariant)
	if total == nil {
		return ScalarZero(t.KL.Graph(), dtypes.Float32)
	}
	return total
}

// sum adds b to a, where a may not exist yet.
func sum(a, b *Node) *Node {
	if a == nil {
		return b
	}
	return Add(a, b)
}
