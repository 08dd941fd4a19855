package scan

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/dvml/dvml/kernel"
)

// The graph holds for every row what brute force finds, with the row itself left out.
func TestGraphEqualsBruteForce(t *testing.T) {
	levels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		for trial := range 12 {
			dim, n, k := 1+rng.IntN(40), rng.IntN(1300), 1+rng.IntN(80)
			if trial == 0 {
				n = 5
			}
			rows := made(rng, trial%5, n, dim)
			m, err := NewMatrix(rows, dim)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Graph(context.Background(), m, k, kernel.Default(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for range 60 {
				if n == 0 {
					break
				}
				i := rng.IntN(n)
				keep := NewBitmap(n)
				for j := range n {
					keep.Set(j)
				}
				keep.Clear(i)
				want := brute(rows, rows[i*dim:][:dim], dim, Options{K: k, Keep: keep})
				for len(want) < k {
					want = append(want, Hit{Row: None})
				}
				if row := got[i*k:][:k]; !slices.Equal(row, want) {
					t.Fatalf("trial %d, %d rows of %d, row %d:\n%v\nexpected\n%v", trial, n, dim, i, row, want)
				}
			}
		}
	})
}

func TestGraphStops(t *testing.T) {
	m, err := NewMatrix(make([]float32, 4000), 2)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Graph(ctx, m, 3, kernel.Default(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled graph: %v", err)
	}
	if _, err := Graph(context.Background(), m, 0, kernel.Default(), nil); err == nil {
		t.Error("a graph of no neighbours is made")
	}
}
