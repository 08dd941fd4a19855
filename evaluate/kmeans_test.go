package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// blobs draws n rows about k centres of length about spread.
func blobs(seed uint64, n, dim, k int, spread float64) ([]float32, []int32) {
	rng := rand.New(rand.NewPCG(seed, 77))
	centres := make([]float64, k*dim)
	for i := range centres {
		centres[i] = rng.NormFloat64() * spread
	}
	x, labels := make([]float32, n*dim), make([]int32, n)
	for i := range n {
		labels[i] = int32(i % k)
		for d := range dim {
			x[i*dim+d] = float32(centres[int(labels[i])*dim+d] + rng.NormFloat64())
		}
	}
	return x, labels
}

// TestLloydAgainstPlain: comparing with moved centres alone must give what comparing with all gives.
func TestLloydAgainstPlain(t *testing.T) {
	for seed := range uint64(20) {
		x, _ := blobs(seed, 300+int(seed)*40, 1+int(seed%7), 9, 1)
		dim := 1 + int(seed%7)
		k := 5 + int(seed)
		c := newClusterer(x, dim, KMeansOptions{Workers: 2}, rand.New(rand.NewPCG(seed, 0)))
		c.draw(k)
		p := newClusterer(x, dim, KMeansOptions{Workers: 1}, rand.New(rand.NewPCG(seed, 0)))
		p.draw(k)
		c.lloyd(50, func(int) {})
		all := slices.Repeat([]bool{true}, k)
		for pass := 0; ; pass++ {
			before := slices.Clone(p.assignment)
			p.means(all)
			p.nearest(nil, p.subset(nil, true), func(i int, v two) { p.settle(i, v) })
			p.refill()
			if slices.Equal(before, p.assignment) || pass == 49 {
				break
			}
		}
		if !slices.Equal(c.assignment, p.assignment) {
			t.Errorf("seed %d: assignments differ", seed)
		}
		if !slices.Equal(c.centres, p.centres) {
			t.Errorf("seed %d: centres differ", seed)
		}
	}
}

func TestKMeansFixedPoint(t *testing.T) {
	x, _ := blobs(4, 700, 6, 12, 2)
	c, err := KMeans(x, 6, KMeansOptions{Clusters: 12, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	if !c.Converged || c.Iterations < 2 {
		t.Fatalf("not converged after %d passes", c.Iterations)
	}
	var inertia float64
	sum, size := make([]float64, len(c.Centres)), make([]float64, 12)
	for i := range 700 {
		best, at := math.Inf(1), 0
		for j := range 12 {
			var d float64
			for k := range 6 {
				e := float64(x[i*6+k]) - float64(c.Centres[j*6+k])
				d += e * e
			}
			if d < best {
				best, at = d, j
			}
		}
		if at != int(c.Assignment[i]) {
			t.Errorf("row %d is nearest to centre %d, not %d", i, at, c.Assignment[i])
		}
		inertia += best
		size[at]++
		for k := range 6 {
			sum[at*6+k] += float64(x[i*6+k])
		}
	}
	if math.Abs(inertia-c.Inertia) > 1e-6*inertia {
		t.Errorf("inertia %v, want %v", c.Inertia, inertia)
	}
	for i, s := range sum {
		if math.Abs(s/size[i/6]-float64(c.Centres[i])) > 1e-5 {
			t.Errorf("centre %d is not the mean of its rows", i/6)
		}
	}
}

// TestDrawIsKMeansPlusPlus compares how often each pair of rows is drawn with the chance that k-means++ gives it.
func TestDrawIsKMeansPlusPlus(t *testing.T) {
	x := []float32{0, 1, 3, 7, 7.5}
	const trials = 20000
	got := map[[3]float32]float64{}
	for trial := range trials {
		c := newClusterer(x, 1, KMeansOptions{Workers: 1}, rand.New(rand.NewPCG(uint64(trial), 5)))
		c.drawPlain(3)
		got[[3]float32(c.centres)] += 1. / trials
	}
	square := func(a, b float32) float64 { return float64((a - b) * (a - b)) }
	for _, a := range x {
		for _, b := range x {
			for _, e := range x {
				var two, three float64
				for _, v := range x {
					two += square(v, a)
					three += min(square(v, a), square(v, b))
				}
				want := square(b, a) / two * min(square(e, a), square(e, b)) / three / 5
				if math.Abs(got[[3]float32{a, b, e}]-want) > 5*math.Sqrt(want/trials)+1e-9 {
					t.Errorf("centres %v %v %v drawn with frequency %.4f, want %.4f", a, b, e, got[[3]float32{a, b, e}], want)
				}
			}
		}
	}
}

// TestDrawGreedy compares how often each pair of rows is drawn with the chance that two candidates for the second centre give it.
func TestDrawGreedy(t *testing.T) {
	x := []float32{0, 1, 3, 7, 7.5}
	const trials = 20000
	got := map[[2]float32]float64{}
	for trial := range trials {
		c := newClusterer(x, 1, KMeansOptions{Workers: 1}, rand.New(rand.NewPCG(uint64(trial), 6)))
		c.drawGreedy(2, 2)
		got[[2]float32(c.centres)] += 1. / trials
	}
	square := func(a, b float32) float64 { return float64((a - b) * (a - b)) }
	for _, a := range x {
		left := func(b float32) (sum float64) { // after a and b
			for _, v := range x {
				sum += min(square(v, a), square(v, b))
			}
			return sum
		}
		want := map[float32]float64{}
		for _, b := range x {
			for _, e := range x {
				best := b
				if left(e) < left(b) {
					best = e
				}
				want[best] += square(b, a) / left(a) * square(e, a) / left(a) / 5
			}
		}
		for _, b := range x {
			if math.Abs(got[[2]float32{a, b}]-want[b]) > 5*math.Sqrt(want[b]/trials)+1e-9 {
				t.Errorf("centres %v %v drawn with frequency %.4f, want %.4f", a, b, got[[2]float32{a, b}], want[b])
			}
		}
	}
}

// TestDrawInBatches does the same for batches of more than one: of 6 tight pairs of rows, 6 centres nearly always hit all pairs.
func TestDrawInBatches(t *testing.T) {
	var x []float32
	for i := range 6 {
		x = append(x, float32(100*i), float32(100*i)+0.01)
	}
	for seed := range uint64(200) {
		c := newClusterer(x, 1, KMeansOptions{Workers: 1}, rand.New(rand.NewPCG(seed, 5)))
		c.drawPlain(6)
		hit := map[int]bool{}
		for _, v := range c.centres {
			hit[int(v)/100] = true
		}
		if len(hit) != 6 {
			t.Fatalf("seed %d: centres %v miss a pair", seed, c.centres)
		}
	}
}

func TestKMeansSameForAnyWorkers(t *testing.T) {
	x, _ := blobs(8, 3000, 7, 40, 1)
	for _, batch := range []int{0, 256} {
		var first Clustering
		for workers := 1; workers <= 3; workers++ {
			c, err := KMeans(x, 7, KMeansOptions{Clusters: 40, Seed: 9, Restarts: 2, MiniBatch: batch, Workers: workers})
			if err != nil {
				t.Fatal(err)
			}
			if workers == 1 {
				first = c
				continue
			}
			if !slices.Equal(c.Assignment, first.Assignment) || !slices.Equal(c.Centres, first.Centres) || c.Inertia != first.Inertia {
				t.Errorf("mini-batch %d: %d workers give another result than one", batch, workers)
			}
		}
	}
}

func TestKMeansFindsBlobs(t *testing.T) {
	x, labels := blobs(2, 2000, 8, 20, 6)
	for _, batch := range []int{0, 200} {
		c, err := KMeans(x, 8, KMeansOptions{Clusters: 20, Restarts: 5, MiniBatch: batch})
		if err != nil {
			t.Fatal(err)
		}
		nmi, err := NMI(labels, c.Assignment)
		if err != nil {
			t.Fatal(err)
		}
		if nmi < 0.97 {
			t.Errorf("mini-batch %d: NMI %.3f of clear blobs, want above 0.97", batch, nmi)
		}
	}
}

func TestKMeansDegenerate(t *testing.T) {
	same := slices.Repeat([]float32{0.3, -0.7, 0.1}, 50)
	c, err := KMeans(same, 3, KMeansOptions{Clusters: 4})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Centres) != 3 || c.Inertia > 1e-9 {
		t.Errorf("identical rows: %d centres, inertia %v; want 1 and 0", len(c.Centres)/3, c.Inertia)
	}
	x, _ := blobs(5, 20, 3, 4, 1)
	c, err = KMeans(x, 3, KMeansOptions{Clusters: 20})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int32]bool{}
	for _, a := range c.Assignment {
		seen[a] = true
	}
	if len(seen) != 20 || c.Inertia > 1e-9 {
		t.Errorf("as many clusters as rows: %d used, inertia %v", len(seen), c.Inertia)
	}
}

func TestRefillGivesEveryCentreRows(t *testing.T) {
	x, _ := blobs(6, 400, 2, 5, 3)
	c := newClusterer(x, 2, KMeansOptions{}, rand.New(rand.NewPCG(1, 1)))
	c.draw(30)
	for j := 20; j < 30; j++ { // centres far from every row
		for d := range 2 {
			c.centres[j*2+d] = 1e6
		}
		c.centreHalf[j] = 1e12
	}
	c.nearest(nil, c.subset(nil, true), func(i int, v two) { c.settle(i, v) })
	c.refill()
	c.lloyd(100, func(int) {})
	size := make([]int, 30)
	for _, j := range c.assignment {
		size[j]++
	}
	if slices.Contains(size, 0) {
		t.Errorf("a centre was left without rows: %v", size)
	}
}
