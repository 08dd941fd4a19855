package scan

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/dvml/dvml/kernel"
)

// levels runs a test at every level of instructions that the processor has.
func levels(t *testing.T, f func(t *testing.T)) {
	for l := kernel.Generic; l <= kernel.Features(); l++ {
		t.Run(l.String(), func(t *testing.T) {
			before := kernel.SetActive(l)
			defer kernel.SetActive(before)
			f(t)
		})
	}
}

// brute sorts the scores of all rows.
func brute(rows, query []float32, dim int, o Options) []Hit {
	var all []Hit
	for i := range len(rows) / dim {
		s := Score(query, rows[i*dim:][:dim])
		if (o.Keep == nil || o.Keep.Has(i)) && (!o.Bounded || s >= o.Least) {
			all = append(all, Hit{int32(i), s})
		}
	}
	slices.SortFunc(all, func(a, b Hit) int {
		if a.before(b) {
			return -1
		}
		return 1
	})
	if o.K > 0 && len(all) > o.K {
		all = all[:o.K]
	}
	return all
}

// made draws rows of one of the kinds that embeddings come in.
func made(rng *rand.Rand, kind, n, dim int) []float32 {
	x := make([]float32, n*dim)
	centre := make([]float32, dim)
	for i := range n {
		row := x[i*dim:][:dim]
		if i%7 == 0 {
			for d := range centre {
				centre[d] = float32(rng.NormFloat64())
			}
		}
		for d := range row {
			switch kind {
			case 0: // any direction
				row[d] = float32(rng.NormFloat64())
			case 1: // classes, side by side, and equal rows
				row[d] = centre[d] + float32(i%3)*.05*float32(rng.NormFloat64())
			case 2: // few values, so that scores are equal often
				row[d] = float32(rng.IntN(3) - 1)
			case 3: // all but alike
				row[d] = 1 + 1e-4*float32(rng.NormFloat64())
			case 4: // sizes far apart, zeros among them
				row[d] = float32(rng.NormFloat64() * math.Pow(10, float64(rng.IntN(12)-6)))
				if i%5 == 0 {
					row[d] = 0
				}
			}
		}
	}
	return x
}

func TestSearchEqualsBruteForce(t *testing.T) {
	levels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for trial := range 150 {
			dim, n := 1+rng.IntN(70), rng.IntN(900)
			rows := made(rng, trial%5, n, dim)
			m, err := NewMatrix(rows, dim)
			if err != nil {
				t.Fatal(err)
			}
			queries := made(rng, rng.IntN(5), 1+rng.IntN(9), dim)
			if n > 0 {
				copy(queries, rows[rng.IntN(n)*dim:][:dim]) // one that is in the matrix
			}
			o := Options{K: rng.IntN(40)}
			if o.K == 0 || rng.IntN(3) == 0 {
				o.Bounded, o.Least = true, float32(rng.NormFloat64()*float64(dim)/4)
			}
			if rng.IntN(2) == 0 {
				o.Keep = NewBitmap(n)
				for i := range n {
					if share := rng.IntN(20); i/50%3 > 0 && share > 0 {
						o.Keep.Set(i)
					}
				}
			}
			got, err := Search(m, queries, o)
			if err != nil {
				t.Fatal(err)
			}
			for q := range got {
				if want := brute(rows, queries[q*dim:][:dim], dim, o); !slices.Equal(got[q], want) {
					t.Fatalf("trial %d, %d rows of %d, query %d, K %d: got\n%v\nexpected\n%v", trial, n, dim, q, o.K, got[q], want)
				}
			}
		}
	})
}

// The bound that the kernels compute is never below the score, and the processor's are those of plain Go but for rounding: no row is passed over.
func TestBoundHolds(t *testing.T) {
	levels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(3, 4))
		for trial := range 60 {
			dim, n := 1+rng.IntN(300), GroupRows*(1+rng.IntN(6))
			rows := made(rng, trial%5, n, dim)
			m, err := NewMatrix(rows, dim)
			if err != nil {
				t.Fatal(err)
			}
			queries := made(rng, (trial/5)%5, 4, dim)
			for _, count := range []int{1, 4} {
				b, err := newBlock(queries[:count*dim], dim, m.reach)
				if err != nil {
					t.Fatal(err)
				}
				for i := range n {
					for q := range count {
						b.bar(q, Score(queries[q*dim:][:dim], rows[i*dim:][:dim]))
					}
					masks := make([]uint16, n/GroupRows*b.width)
					b.mark(m.groups, n/GroupRows, dim, nil, masks)
					for q := range count {
						if masks[i/GroupRows*b.width+q]>>(i%GroupRows)&1 == 0 {
							t.Fatalf("trial %d, dim %d: the bound of row %d for query %d of %d lies below its score", trial, dim, i, q, count)
						}
					}
				}
			}
		}
	})
}

// Scores have the same bits at all levels.
func TestScoreBits(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	x := made(rng, 4, 200, 131)
	var want []float32
	levels(t, func(t *testing.T) {
		var got []float32
		for i := range 199 {
			a, b := x[i*131:][:1+i%131], x[(i+1)*131:][:1+i%131]
			got = append(got, Score(a, b))
			if s := scoreLong(long(nil, a), b); s != got[i] {
				t.Errorf("%d values: score %v, of long ones %v", len(a), got[i], s)
			}
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Error("scores differ from those of plain Go")
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	m, err := NewMatrix(make([]float32, 64), 2)
	if err != nil {
		t.Fatal(err)
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		queries []float32
		o       Options
		says    string
	}{
		{[]float32{1, 2, 3}, Options{K: 1}, "3 values are not rows of 2"},
		{[]float32{1, 2}, Options{}, "at least 1"},
		{[]float32{1, nan}, Options{K: 1}, "value 1 is NaN"},
		{[]float32{1e30, 0}, Options{K: 1}, "length 1e+30"},
	} {
		if _, err := Search(m, c.queries, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: the error %v does not say %q", c.queries, err, c.says)
		}
	}
	if _, err := NewMatrix([]float32{1, nan}, 2); err == nil || !strings.Contains(err.Error(), "row 0: value 1 is NaN") {
		t.Errorf("NaN in a row: %v", err)
	}
}
