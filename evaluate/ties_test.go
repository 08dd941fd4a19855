package evaluate

import (
	"math/rand/v2"
	"testing"
)

// Codes of +1 and -1 have many equal cosines, which are summed to different last bits when the dimensions are permuted. No metric may tell.
func TestTiesSummedInAnotherOrder(t *testing.T) {
	const n, dim = 300, 24
	rng := rand.New(rand.NewPCG(21, 22))
	codes, labels := make([]int, n*dim), make([]int32, n)
	for i := range codes {
		codes[i] = 2*rng.IntN(2) - 1
	}
	for i := range labels {
		labels[i] = int32(rng.IntN(10))
	}
	hits := 0 // by whole numbers: the nearest of the class is nearer than all others
	for i := range n {
		nearest := [2]int{-dim - 1, -dim - 1} // of other classes, of its own
		for j := range n {
			if j == i {
				continue
			}
			product := 0
			for d := range dim {
				product += codes[i*dim+d] * codes[j*dim+d]
			}
			own := 0
			if labels[i] == labels[j] {
				own = 1
			}
			nearest[own] = max(nearest[own], product)
		}
		if nearest[1] > nearest[0] {
			hits++
		}
	}
	for _, d := range []Distance{Cosine, Euclidean} {
		for range 5 {
			order := rng.Perm(dim)
			x := make([]float32, n*dim)
			for i := range x {
				x[i] = 0.3 * float32(codes[i/dim*dim+order[i%dim]])
			}
			r, err := Retrieve(x, dim, labels, RetrieveOptions{Distance: d})
			if err != nil {
				t.Fatal(err)
			}
			recall, err := r.Recall([]int{1})
			if err != nil {
				t.Fatal(err)
			}
			if want := float64(hits) / n; recall[0] != want {
				t.Errorf("%v: R@1 %.4f, want %.4f", d, recall[0], want)
			}
		}
	}
}
