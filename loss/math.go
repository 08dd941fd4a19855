package loss

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"github.com/dvml/dvml/distance"
)

// far stands for infinity where a masked entry must lose every minimum; its negative every maximum.
const far = 1e30

// relu is max(x, 0) with gradient 0 at 0; NaN stays NaN.
func relu(x *Node) *Node { return Where(LessOrEqual(x, ZerosLike(x)), ZerosLike(x), x) }

// keep is x where mask holds and 0 elsewhere.
func keep(mask, x *Node) *Node { return Where(mask, x, ZerosLike(x)) }

// scalar is a float32 constant.
func scalar(g *Graph, value float64) *Node { return Scalar(g, dtypes.Float32, value) }

// rowMax is the largest x of each row where mask holds, -far in rows without any. x and mask [...,N], the result [...].
func rowMax(x, mask *Node) *Node {
	return ReduceMax(Where(mask, x, MulScalar(OnesLike(x), -far)), -1)
}

// rowMin is the smallest x of each row where mask holds, far in rows without any. x and mask [...,N], the result [...].
func rowMin(x, mask *Node) *Node {
	return ReduceMin(Where(mask, x, MulScalar(OnesLike(x), far)), -1)
}

// logSumExp is log(sum_j exp(x_ij)) over the j where mask holds, plus exp(0) where withOne; a row without any term gives 0 with gradient 0.
// x and mask [A,N], the result [A].
func logSumExp(x, mask *Node, withOne bool) *Node {
	top := StopGradient(rowMax(x, mask)) // [A]
	some := distance.Any(mask)
	if withOne {
		top = Max(top, ZerosLike(top))
	} else {
		top = keep(some, top)
	}
	shifted := Where(mask, Sub(x, InsertAxes(top, -1)), ZerosLike(x))
	sum := ReduceSum(keep(mask, Exp(shifted)), -1)
	if withOne {
		return Add(top, Log(Add(sum, Exp(Neg(top)))))
	}
	return Add(top, Log(Where(some, sum, OnesLike(sum))))
}

// softplus is log(1 + exp(x)), exact in value and gradient for large x of either sign.
func softplus(x *Node) *Node {
	top := StopGradient(Max(x, ZerosLike(x)))
	return Add(top, Log(Add(Exp(Sub(x, top)), Exp(Neg(top)))))
}

// count is how many entries of a mask hold, a float32 scalar.
func count(mask *Node) *Node { return ReduceAllSum(distance.Count(mask)) }

// share is part / whole of two counts, 0 where whole is 0.
func share(part, whole *Node) *Node { return Div(part, Max(whole, OnesLike(whole))) }

// mean is the sum of x where mask holds, divided by how many do; 0 where none does.
func mean(x, mask *Node) *Node { return share(ReduceAllSum(keep(mask, x)), count(mask)) }

// ties turns a mask of choices [...,N] into weights that share 1 among those chosen in a row (0 in rows without a choice), so that equally good
// choices count alike whatever their order in the batch.
func ties(chosen *Node) *Node {
	weights := distance.Count(chosen)
	return share(weights, ReduceAndKeep(weights, ReduceSum, -1))
}

// linear gives the scalar value the gradient that sum(coefficients * x) has for x. A loss that is piecewise linear in its distances uses it: the
// pieces are found once, without keeping anything for the way back.
func linear(value, coefficients, x *Node) *Node {
	path := ReduceAllSum(Mul(StopGradient(coefficients), x))
	return Add(StopGradient(value), Sub(path, StopGradient(path)))
}
