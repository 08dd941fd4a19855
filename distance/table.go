package distance

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Table lists for each anchor its positives in R slots, so that triplets are a block [A,R,N] (anchor, positive's slot, negative).
//
// Where it is known how many samples of a class a batch holds at most (a P x K plan: K), R is K - 1
// and the block stays small: at B = 128 and K = 2 it is [128,1,128], no larger than the matrix of
// distances. Where it is not known, R is N: slot r is simply column r.
type Table struct {
	Valid *Node // Valid [A,R] bool: the slot holds a positive.

	slots *Node // [A,R,N] bool, which column lies in which slot; nil where slot r is column r
	lost  *Node // scalar: positives that found no slot
}

// NewTable makes the table of a positive mask [A,N]. perClass is the largest number of samples of
// one class that a batch holds, 0 where unknown.
func NewTable(positive *Node, perClass int) Table {
	dims := positive.Shape().Dimensions
	if perClass < 2 || perClass-1 >= dims[1] {
		return Table{Valid: positive}
	}
	g, slots := positive.Graph(), perClass-1
	rank := Before(Count(positive))                              // [A,N]
	slot := Iota(g, shapes.Make(dtypes.Float32, 1, slots, 1), 1) // [1,R,1]
	in := Equal(InsertAxes(rank, 1), slot)                       // [A,R,N]
	in = LogicalAnd(in, BroadcastToDims(InsertAxes(positive, 1), dims[0], slots, dims[1]))
	valid := Any(in)
	lost := Sub(ReduceAllSum(Count(positive)), ReduceAllSum(Count(valid)))
	return Table{Valid: valid, slots: in, lost: lost}
}

// Before counts for each column of x [A,N] (0 or 1) the ones to its left in the row, [A,N].
func Before(x *Node) *Node {
	n := x.Shape().Dimensions[1]
	g := x.Graph()
	row := Iota(g, shapes.Make(dtypes.Float32, n, n), 0)
	column := Iota(g, shapes.Make(dtypes.Float32, n, n), 1)
	return DotGeneral(x, []int{1}, nil, Count(LessThan(row, column)), []int{0}, nil)
}

// Gather takes from x [A,N] the values of the positives, [A,R]; an empty slot reads 0 or, where R is N, x itself: look at Valid.
func (t Table) Gather(x *Node) *Node {
	if t.slots == nil {
		return x
	}
	return ReduceSum(Mul(Count(t.slots), InsertAxes(x, 1)), -1)
}

// Spread is Gather's reverse: values of the slots [A,R] go back to their columns [A,N]. Empty slots must hold 0.
func (t Table) Spread(x *Node) *Node {
	if t.slots == nil {
		return x
	}
	return ReduceSum(Mul(Count(t.slots), InsertAxes(x, -1)), 1)
}

// Guard returns 0, or NaN where a class had more samples than perClass promised, so that such a
// batch stops the run instead of being trained on in part. Add it to the loss.
func (t Table) Guard() *Node {
	g := t.Valid.Graph()
	if t.lost == nil {
		return ScalarZero(g, dtypes.Float32)
	}
	broken := GreaterThan(t.lost, ScalarZero(g, dtypes.Float32))
	return Where(broken, Const(g, float32(math.NaN())), ScalarZero(g, dtypes.Float32))
}

// Triplets is the mask [A,R,N] of every triplet: each anchor's positives joined with its negatives [A,N].
func (t Table) Triplets(negative *Node) *Node {
	slots, dims := t.Valid.Shape().Dimensions[1], negative.Shape().Dimensions
	valid := BroadcastToDims(InsertAxes(t.Valid, -1), dims[0], slots, dims[1])
	return LogicalAnd(valid, BroadcastToDims(InsertAxes(negative, 1), dims[0], slots, dims[1]))
}
