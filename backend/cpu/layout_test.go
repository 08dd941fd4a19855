package cpu

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// drawDims draws the shape of a small tensor of rank 1 to 5.
func drawDims(r *rand.Rand) []int {
	dims := make([]int, 1+r.IntN(5))
	for i := range dims {
		dims[i] = 1 + r.IntN(7)*r.IntN(3)/2
	}
	return dims
}

// TestMoves compares what moves values without computing, for values of 1, 4 and 8 bytes.
func TestMoves(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 40
	}
	types := []dtypes.DType{dtypes.Float32, dtypes.Bool, dtypes.Int32, dtypes.Float64, dtypes.Uint8}
	for seed := range rounds {
		r := random(uint64(seed))
		dims := drawDims(r)
		in := []tensor{few(r, dims...), few(r, 1)}
		ok := t.Run(fmt.Sprintf("%d %v", seed, dims), func(t *testing.T) {
			e := compare(t, 0, in, func(f compute.Function, in []compute.Value) []compute.Value {
				r := random(uint64(seed)) // the same for both backends
				kind := types[seed%len(types)]
				x := must(f.ConvertDType(in[0], kind))
				fill := must(f.ConvertDType(must(f.Reshape(in[1])), kind))
				return []compute.Value{transposed(r, f, x, len(dims)), sliced(r, f, x, dims), padded(r, f, x, fill, len(dims)), turned(r, f, x, len(dims)), joined(r, f, x, len(dims)),
					must(f.Reshape(x, must(f.Shape(x)).Size()))}
			})
			if k := types[seed%len(types)]; k == dtypes.Float32 {
				native(t, e, "Slice", "Pad", "Reverse", "Concatenate")
				if p := order(random(uint64(seed)).Perm(len(dims))); !p.same(nil, dims) {
					native(t, e, "Transpose")
				}
			}
		})
		if !ok {
			break
		}
	}
}

func transposed(r *rand.Rand, f compute.Function, x compute.Value, rank int) compute.Value {
	return must(f.Transpose(x, r.Perm(rank)...))
}

func sliced(r *rand.Rand, f compute.Function, x compute.Value, dims []int) compute.Value {
	starts, limits, strides := make([]int, len(dims)), make([]int, len(dims)), make([]int, len(dims))
	for a, n := range dims {
		starts[a] = r.IntN(n)
		limits[a] = starts[a] + 1 + r.IntN(n-starts[a])
		strides[a] = 1 + r.IntN(3)
	}
	if r.IntN(3) == 0 {
		strides = nil
	}
	return must(f.Slice(x, starts, limits, strides))
}

func padded(r *rand.Rand, f compute.Function, x, fill compute.Value, rank int) compute.Value {
	frames := make([]compute.PadAxis, rank)
	for a := range frames {
		frames[a] = compute.PadAxis{Start: r.IntN(3), End: r.IntN(3), Interior: r.IntN(3)}
	}
	return must(f.Pad(x, fill, frames...))
}

func turned(r *rand.Rand, f compute.Function, x compute.Value, rank int) compute.Value {
	return must(f.Reverse(x, r.Perm(rank)[:r.IntN(rank+1)]...))
}

func joined(r *rand.Rand, f compute.Function, x compute.Value, rank int) compute.Value {
	parts := make([]compute.Value, 1+r.IntN(3))
	for i := range parts {
		parts[i] = x
		if i == 1 {
			parts[i] = must(f.Reverse(x, 0))
		}
	}
	return must(f.Concatenate(r.IntN(rank), parts...))
}

// TestLargeMoves are shared out among workers.
func TestLargeMoves(t *testing.T) {
	r := random(16)
	compare(t, 0, []tensor{normal(r, 6, 70, 90), normal(r, 6, 3, 90)}, func(f compute.Function, in []compute.Value) []compute.Value {
		return []compute.Value{must(f.Transpose(in[0], 2, 0, 1)), must(f.Transpose(in[0], 1, 2, 0)), must(f.Reverse(in[0], 2)), must(f.Slice(in[0], []int{1, 2, 3}, []int{6, 70, 80}, []int{1, 3, 2})),
			must(f.Concatenate(1, in[0], in[1], in[0])), must(f.Pad(in[0], must(f.Constant([]float32{2})), compute.PadAxis{Start: 1}, compute.PadAxis{Interior: 1}, compute.PadAxis{End: 3}))}
	})
}

// TestPadsThatCrop are checked by their definition: the reference fails on negative frames.
func TestPadsThatCrop(t *testing.T) {
	for seed := range 100 {
		r := random(uint64(seed))
		dims := []int{1 + r.IntN(6), 1 + r.IntN(6)}
		var frames []compute.PadAxis
		var out []int
		for _, n := range dims {
			f := compute.PadAxis{Start: r.IntN(7) - 4, End: r.IntN(7) - 4, Interior: r.IntN(3)}
			frames, out = append(frames, f), append(out, (n-1)*(f.Interior+1)+1+f.Start+f.End)
		}
		if slices.Min(out) < 1 {
			continue
		}
		x := normal(r, dims...)
		want := make([]float32, out[0]*out[1])
		overlap := false
		for i := range want {
			want[i] = 7
		}
		for i := range dims[0] {
			for j := range dims[1] {
				y, z := frames[0].Start+i*(frames[0].Interior+1), frames[1].Start+j*(frames[1].Interior+1)
				if y >= 0 && y < out[0] && z >= 0 && z < out[1] {
					want[y*out[1]+z] = x.flat.([]float32)[i*dims[1]+j]
					overlap = true
				}
			}
		}
		if !overlap {
			continue // nothing of x is left
		}
		in := []tensor{x, floats([]float32{7})}
		e, err := build(tested(), in, one(func(f compute.Function, in []compute.Value) (compute.Value, error) {
			return f.Pad(in[0], in[1], frames...)
		}))
		if err != nil {
			t.Fatal(err)
		}
		got, err := execute(tested(), e, in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := agree(got[0], floats(want, out...), 0); err != nil {
			t.Fatalf("%v padded by %+v: %v", dims, frames, err)
		}
	}
}
