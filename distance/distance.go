package distance

import (
	"fmt"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Kind names how far two embeddings lie apart.
type Kind string

const (
	Euclidean Kind = "euclidean" // Euclidean is |x - y|.
	Squared   Kind = "squared"   // Squared is |x - y|^2.
	Cosine    Kind = "cosine"    // Cosine is 1 - x.y / (|x| |y|), in [0, 2].
)

// Kinds lists every Kind.
func Kinds() []Kind { return []Kind{Euclidean, Squared, Cosine} }

// Validate reports a kind that does not exist, and which do.
func (k Kind) Validate() error {
	names := make([]string, 0, len(Kinds()))
	for _, known := range Kinds() {
		if k == known {
			return nil
		}
		names = append(names, string(known))
	}
	return fmt.Errorf("distance: %q is not a distance; choose one of %s", string(k), strings.Join(names, ", "))
}

// tiny is the squared length under which a vector counts as zero.
const tiny = 1e-24

// Normalise scales each row of x [B,D] to length 1. A row of zeros stays zero and has no gradient.
func Normalise(x *Node) *Node {
	square := ReduceAndKeep(Square(x), ReduceSum, -1) // [B,1]
	none := LessOrEqual(square, Scalar(x.Graph(), x.DType(), tiny))
	length := Sqrt(Where(none, OnesLike(square), square))
	return Where(BroadcastLike(none, x), ZerosLike(x), Div(x, length))
}

// Between gives the distance of each row of x [A,D] to each row of y [N,D] as [A,N].
func Between(kind Kind, x, y *Node) *Node {
	switch kind {
	case Cosine:
		return OneMinus(Dots(Normalise(x), Normalise(y)))
	case Squared:
		return squared(x, y)
	default:
		return SafeSqrt(squared(x, y))
	}
}

// Dots gives the dot product of each row of x [A,D] with each row of y [N,D] as [A,N].
func Dots(x, y *Node) *Node {
	return DotGeneral(x, []int{1}, nil, y, []int{1}, nil)
}

// squared is |x|^2 + |y|^2 - 2 x.y, never below 0 [A,N]. Both sides are first moved so that y's
// mean lies at the origin: that changes no distance and no gradient (the mean is a constant), and
// keeps the digits that the subtraction would lose where all embeddings lie far from 0.
func squared(x, y *Node) *Node {
	centre := StopGradient(ReduceAndKeep(y, ReduceMean, 0)) // [1,D]
	same := x == y
	x = Sub(x, centre)
	if same {
		y = x
	} else {
		y = Sub(y, centre)
	}
	xx := ReduceAndKeep(Square(x), ReduceSum, -1)   // [A,1]
	yy := InsertAxes(ReduceSum(Square(y), -1), 0)   // [1,N]
	d := Sub(Add(xx, yy), MulScalar(Dots(x, y), 2)) // [A,N]
	return Where(LessOrEqual(d, ZerosLike(d)), ZerosLike(d), d)
}

// SafeSqrt is the square root with gradient 0 where x is 0 (or below, which gives 0).
func SafeSqrt(x *Node) *Node {
	none := LessOrEqual(x, Scalar(x.Graph(), x.DType(), tiny))
	return Where(none, ZerosLike(x), Sqrt(Where(none, OnesLike(x), x)))
}

// Masks tells the pairs of anchors and references apart by their labels [A] and [N] (int32):
// positive [A,N] (same class) and negative [A,N] (another), both bool. With self, the references
// are the anchors themselves and nothing is its own positive. A reference whose label is below 0 is
// void: it is in no pair.
func Masks(anchors, references *Node, self bool) (positive, negative *Node) {
	a, n := InsertAxes(anchors, 1), InsertAxes(references, 0)
	same := Equal(a, n)
	negative = LogicalNot(same)
	positive = same
	if self {
		size := anchors.Shape().Dimensions[0]
		square := shapes.Make(dtypes.Float32, size, size)
		other := NotEqual(Iota(anchors.Graph(), square, 0), Iota(anchors.Graph(), square, 1))
		return LogicalAnd(same, other), negative
	}
	void := BroadcastLike(LessThan(n, ZerosLike(n)), same)
	present := LogicalNot(void)
	return LogicalAnd(positive, present), LogicalAnd(negative, present)
}

// Count turns a mask into float32 0 and 1.
func Count(mask *Node) *Node { return ConvertDType(mask, dtypes.Float32) }

// Any tells for each row of a mask [...,N] whether it holds a true [...].
func Any(mask *Node) *Node {
	count := ReduceSum(Count(mask), -1)
	return GreaterThan(count, ZerosLike(count))
}
