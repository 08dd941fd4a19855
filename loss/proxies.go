package loss

import (
	"fmt"
	"math/rand/v2"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/distance"
)

// proxies are learned vectors that stand for classes: the variable "proxies" [rows,D] of the loss's scope, drawn from a normal distribution by seed.
// Losses use their directions alone; the deviation sets how far one step of an optimiser turns them.
type proxies struct {
	rows, dim int
	deviation float64
	seed      uint64
}

// newProxies makes perClass proxies a class.
func newProxies(c Config, perClass int, deviation float64) (proxies, error) {
	p := proxies{c.NumClasses * perClass, c.Dim, or(c.ProxyDeviation, deviation), c.Seed}
	if c.NumClasses < 1 || c.Dim < 1 {
		return p, fmt.Errorf("num_classes is %d and dim %d; both must be given, for the proxies", c.NumClasses, c.Dim)
	}
	return p, positive("proxy_deviation", p.deviation)
}

// open gives the proxies scaled to length 1, [rows,D].
func (p proxies) open(scope *model.Scope, g *Graph) *Node {
	variable := scope.GetVariable("proxies")
	if variable == nil {
		variable = scope.VariableWithValue("proxies", p.draw())
	}
	if dims := variable.Shape().Dimensions; len(dims) != 2 || dims[0] != p.rows || dims[1] != p.dim {
		panic(fmt.Errorf("loss: variable %s has shape %s, but %d classes need [%d,%d]; was it saved with another number of classes or dimension?",
			variable.Path(), variable.Shape(), p.rows, p.rows, p.dim))
	}
	return distance.Normalise(variable.NodeValue(g))
}

// draw gives the first values.
func (p proxies) draw() [][]float32 {
	rng := rand.New(rand.NewPCG(p.seed, 0x70726f78696573)) // "proxies"
	rows := make([][]float32, p.rows)
	for i := range rows {
		rows[i] = make([]float32, p.dim)
		for j := range rows[i] {
			rows[i][j] = float32(p.deviation * rng.NormFloat64())
		}
	}
	return rows
}

// oneHot marks each sample's class, float32 [B,C]; a label outside [0,C) has a row of zeros.
func oneHot(labels *Node, classes int) *Node { return OneHot(labels, classes, dtypes.Float32) }

// ownClass takes the value of each sample's own class, [B,1]; x [B,C] or [1,C]. NaN for a label outside the classes, so that it does not go unseen.
func ownClass(x, own *Node) *Node {
	return Div(ReduceAndKeep(Mul(own, x), ReduceSum, -1), ReduceAndKeep(own, ReduceSum, -1))
}

// crossEntropy is the mean of -log softmax(logits)_y, logits [B,C]; with rivals (bool [B,C]), the softmax's denominator holds those classes alone.
// Active: the share of samples whose own class does not have the largest logit.
func crossEntropy(logits, own, rivals *Node) Value {
	mine := Squeeze(ownClass(logits, own), -1) // [B]
	if rivals == nil {
		rivals = BroadcastLike(Const(logits.Graph(), true), logits)
	}
	term := Sub(logSumExp(logits, rivals, false), mine)
	return Value{Loss: ReduceAllMean(term), Active: misplaced(logits, own)}
}

// misplaced is the share of samples whose own class is not the most similar, s [B,C]; no gradient flows from it.
func misplaced(s, own *Node) *Node {
	frozen := StopGradient(s)
	others := LogicalNot(GreaterThan(own, ZerosLike(own)))
	return ReduceAllMean(distance.Count(GreaterOrEqual(rowMax(frozen, others), Squeeze(ownClass(frozen, own), -1))))
}

// strangers is 0, and NaN where a sample's label lies outside the classes, which has no proxy; s [B,C]. Losses that would pass over such a sample add it.
func strangers(s, own *Node) *Node { return MulScalar(ReduceAllSum(ownClass(StopGradient(s), own)), 0) }
