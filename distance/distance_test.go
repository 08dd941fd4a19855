package distance

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/gomlx/compute"
	_ "github.com/gomlx/compute/gobackend"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

var engine = sync.OnceValues(func() (compute.Backend, error) { return compute.NewWithConfig("go:ops_sequential") })

// run executes a graph once.
func run(t testing.TB, f func(in []*Node) []*Node, args ...any) []*tensors.Tensor {
	t.Helper()
	backend, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	exec, err := NewExec(backend, f)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestBetween(t *testing.T) {
	x := [][]float32{{3, 4}, {0, 0}}
	y := [][]float32{{3, 4}, {6, 8}, {-4, 3}}
	for kind, want := range map[Kind][][]float32{
		Euclidean: {{0, 5, math.Sqrt2 * 5}, {5, 10, 5}},
		Squared:   {{0, 25, 50}, {25, 100, 25}},
		Cosine:    {{0, 0, 1}, {1, 1, 1}},
	} {
		out := run(t, func(in []*Node) []*Node {
			d := Between(kind, in[0], in[1])
			return append([]*Node{d}, Gradient(ReduceAllSum(d), in...)...)
		}, x, y)
		for i, row := range out[0].Value().([][]float32) {
			for j, got := range row {
				if math.Abs(float64(got-want[i][j])) > 1e-5 {
					t.Errorf("%s of %v and %v is %g, want %g", kind, x[i], y[j], got, want[i][j])
				}
			}
		}
		for _, gradient := range out[1:] {
			for _, row := range gradient.Value().([][]float32) {
				for _, v := range row {
					if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
						t.Errorf("%s: gradient %v", kind, row)
					}
				}
			}
		}
	}
}

// TestFarFromOrigin checks that distances keep their digits where all embeddings share a large offset.
func TestFarFromOrigin(t *testing.T) {
	x := [][]float32{{1000, 2000}, {1000.5, 2000}, {1000, 2000.25}}
	out := run(t, func(in []*Node) []*Node { return []*Node{Between(Euclidean, in[0], in[0])} }, x)
	d := out[0].Value().([][]float32)
	if math.Abs(float64(d[0][1])-0.5) > 1e-4 || math.Abs(float64(d[0][2])-0.25) > 1e-4 || d[1][1] != 0 {
		t.Errorf("distances are %v", d)
	}
}

func TestMasks(t *testing.T) {
	out := run(t, func(in []*Node) []*Node {
		selfPositive, selfNegative := Masks(in[0], in[0], true)
		positive, negative := Masks(in[0], in[1], false)
		return []*Node{selfPositive, selfNegative, positive, negative}
	}, []int32{0, 1, 0}, []int32{-1, 0, 1, -1})
	for i, want := range []string{
		"[[false false true] [false false false] [true false false]]",
		"[[false true false] [true false true] [false true false]]",
		"[[false true false false] [false false true false] [false true false false]]",
		"[[false false true false] [false true false false] [false false true false]]",
	} {
		if got := fmt.Sprint(out[i].Value()); got != want {
			t.Errorf("mask %d is %s, want %s", i, got, want)
		}
	}
}

// TestTable checks that slots hold the positives in order, come back to their columns, and that a class beyond the promise is noticed.
func TestTable(t *testing.T) {
	labels := []int32{0, 1, 0, 0, 2, 1}
	x := make([][]float32, len(labels))
	for i := range x {
		for j := range labels {
			x[i] = append(x[i], float32(10*i+j))
		}
	}
	slots := func(perClass int) (gathered, spread string, guard float32) {
		out := run(t, func(in []*Node) []*Node {
			positive, _ := Masks(in[0], in[0], true)
			table := NewTable(positive, perClass)
			gathered := Where(table.Valid, table.Gather(in[1]), ZerosLike(table.Gather(in[1])))
			return []*Node{gathered, table.Spread(gathered), table.Guard()}
		}, labels, x)
		return fmt.Sprint(out[0].Value()), fmt.Sprint(out[1].Value()), tensors.ToScalar[float32](out[2])
	}
	const back = "[[0 0 2 3 0 0] [0 0 0 0 0 15] [20 0 0 23 0 0] [30 0 32 0 0 0] [0 0 0 0 0 0] [0 51 0 0 0 0]]"
	gathered, spread, guard := slots(3)
	if gathered != "[[2 3] [15 0] [20 23] [30 32] [0 0] [51 0]]" || spread != back || guard != 0 {
		t.Errorf("three a class: %s, %s, %g", gathered, spread, guard)
	}
	gathered, spread, guard = slots(0)
	if gathered != back || spread != back || guard != 0 {
		t.Errorf("unknown: %s, %s, %g", gathered, spread, guard)
	}
	if _, _, guard = slots(2); !math.IsNaN(float64(guard)) {
		t.Errorf("two a class promised, three there: guard is %g", guard)
	}
}

func TestValidate(t *testing.T) {
	for _, kind := range Kinds() {
		if err := kind.Validate(); err != nil {
			t.Error(err)
		}
	}
	if err := Kind("taxi").Validate(); err == nil || !strings.Contains(err.Error(), "euclidean, squared, cosine") {
		t.Errorf("%v", err)
	}
}
