package layout

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// clusters makes n points around `groups` centres in dim dimensions, with the exact graph of their
// k nearest neighbours.
func clusters(n, groups, dim, k int) (Graph, [][]float32) {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	centres := make([][]float32, groups)
	for c := range centres {
		centres[c] = make([]float32, dim)
		for d := range centres[c] {
			centres[c][d] = float32(4 * rng.NormFloat64())
		}
	}
	points := make([][]float32, n)
	for i := range points {
		points[i] = make([]float32, dim)
		for d := range points[i] {
			points[i][d] = centres[i%groups][d] + float32(rng.NormFloat64())
		}
	}
	return graphOf(points, k), points
}

func graphOf(points [][]float32, k int) Graph {
	n := len(points)
	g := Graph{K: k, Neighbours: make([]int32, n*k), Distances: make([]float32, n*k)}
	for i := range n {
		type near struct {
			d float64
			j int32
		}
		var all []near
		for j := range n {
			if j == i {
				continue
			}
			var sum float64
			for d := range points[i] {
				x := float64(points[i][d] - points[j][d])
				sum += x * x
			}
			all = append(all, near{math.Sqrt(sum), int32(j)})
		}
		slices.SortFunc(all, func(a, b near) int {
			if a.d != b.d {
				return int(math.Copysign(1, a.d-b.d))
			}
			return int(a.j - b.j)
		})
		for at := range k {
			g.Neighbours[i*k+at], g.Distances[i*k+at] = -1, 0
			if at < len(all) {
				g.Neighbours[i*k+at], g.Distances[i*k+at] = all[at].j, float32(all[at].d)
			}
		}
	}
	return g
}

func lay(t *testing.T, g Graph, points [][]float32, o Options) [][2]float32 {
	t.Helper()
	places, err := Of(context.Background(), g, len(points[0]), func(i int) ([]float32, error) { return points[i], nil }, o)
	if err != nil {
		t.Fatal(err)
	}
	return places
}

func TestLayoutKeepsNeighbourhoodsAndBits(t *testing.T) {
	g, points := clusters(600, 6, 10, 15)
	o := Options{Seed: 4, Epochs: 200}
	places := lay(t, g, points, o)
	each, mean := Trust(g, places, 10)
	start, err := principal(context.Background(), len(points), 10, func(i int) ([]float32, error) { return points[i], nil }, 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, before := Trust(g, start, 10); mean < 0.25 || mean < 1.5*before {
		t.Errorf("trust %.3f, %.3f on the principal axes alone", mean, before)
	}
	if len(each) != 600 {
		t.Errorf("%d trusts", len(each))
	}
	// Each photograph's nearest in the plane is of its cluster.
	right := 0
	grid := newGrid(places)
	for i := range places {
		if near := grid.nearest(nil, i, 1); int(near[0])%6 == i%6 {
			right++
		}
	}
	if right < 590 {
		t.Errorf("the nearest of %d of 600 is of their cluster", right)
	}
	if !slices.Equal(places, lay(t, g, points, o)) {
		t.Error("the same seed gave other places")
	}
	o.Seed = 5
	if slices.Equal(places, lay(t, g, points, o)) {
		t.Error("another seed gave the same places")
	}
}

func TestHeldPlacesStay(t *testing.T) {
	g, points := clusters(300, 3, 8, 12)
	whole := lay(t, g, points, Options{Seed: 1, Epochs: 200})
	held := make([]bool, len(points))
	for i := range held {
		held[i] = i%10 != 0
	}
	places := lay(t, g, points, Options{Seed: 1, Epochs: 100, Fixed: whole, Held: held})
	right := 0
	grid := newGrid(places)
	for i := range places {
		if held[i] {
			if places[i] != whole[i] {
				t.Fatalf("point %d moved from %v to %v", i, whole[i], places[i])
			}
			continue
		}
		if near := grid.nearest(nil, i, 1); int(near[0])%3 == i%3 {
			right++
		}
	}
	if right < 29 {
		t.Errorf("%d of 30 new points lie with their cluster", right)
	}
}

func TestSmooth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		d := make([]float32, 15)
		for i := range d {
			d[i] = float32(0.5 + rng.Float64())
		}
		slices.Sort(d)
		rho, sigma := smooth(d)
		var total float64
		for _, v := range d {
			total += math.Exp(-max(0, float64(v)-rho) / sigma)
		}
		if rho != float64(d[0]) || math.Abs(total-math.Log2(15)) > 1e-4 {
			t.Errorf("rho %g of %g, sum %g, want %g", rho, d[0], total, math.Log2(15))
		}
	}
}

func TestEdgesAreSymmetric(t *testing.T) {
	g, _ := clusters(80, 4, 5, 6)
	weights := map[[2]int32]float32{}
	for _, e := range g.edges() {
		weights[[2]int32{e.from, e.to}] = e.weight
	}
	v := func(i, j int32) float64 { // of j to i, by the formula
		list, d := g.row(int(i))
		at := slices.Index(list, j)
		if at < 0 {
			return 0
		}
		rho, sigma := smooth(d)
		return math.Exp(-max(0, float64(d[at])-rho) / sigma)
	}
	n := 0
	for i := range int32(80) {
		for j := range int32(80) {
			a, b := v(i, j), v(j, i)
			want := a + b - a*b
			if got := float64(weights[[2]int32{i, j}]); math.Abs(got-want) > 1e-5 {
				t.Fatalf("edge %d-%d weighs %g, %g by the formula", i, j, got, want)
			}
			if want > 0 {
				n++
			}
		}
	}
	if n == 0 || n != len(weights) {
		t.Errorf("%d edges, %d by the formula", len(weights), n)
	}
}

// The table of forces against the formulas, over all distances that a layout meets.
func TestForces(t *testing.T) {
	for e := -12.0; e < 6; e += 0.037 {
		d2 := math.Pow(10, e)
		p := math.Pow(d2, curveB)
		pull, push := -2*curveA*curveB*p/d2/(1+curveA*p), 2*curveB/((0.001+d2)*(1+curveA*p))
		if got := float64(curve.attraction(float32(d2))); math.Abs(got-pull) > 1e-4*math.Abs(pull) {
			t.Errorf("attraction at %g is %g, want %g", d2, got, pull)
		}
		if got := float64(curve.repulsion(float32(d2))); math.Abs(got-push) > 1e-4*push {
			t.Errorf("repulsion at %g is %g, want %g", d2, got, push)
		}
	}
}

func TestTrustByBruteForce(t *testing.T) {
	g, _ := clusters(200, 4, 6, 9)
	rng := rand.New(rand.NewPCG(9, 9))
	places := make([][2]float32, 200)
	for i := range places {
		places[i] = [2]float32{float32(rng.NormFloat64()), float32(math.Exp(2 * rng.NormFloat64()))}
	}
	flat := make([][]float32, 200)
	for i, p := range places {
		flat[i] = p[:]
	}
	plane := graphOf(flat, 9)
	each, mean := Trust(g, places, 9)
	var sum float64
	for i := range places {
		a, _ := g.row(i)
		b, _ := plane.row(i)
		kept := 0
		for _, j := range a {
			if slices.Contains(b, j) {
				kept++
			}
		}
		want := float64(kept) / 9
		sum += want / 200
		if math.Abs(float64(each[i])-want) > 1e-6 {
			t.Fatalf("trust of point %d is %g, %g by hand", i, each[i], want)
		}
	}
	if math.Abs(mean-sum) > 1e-9 {
		t.Errorf("mean trust %g, %g by hand", mean, sum)
	}
}

func TestOddGraphs(t *testing.T) {
	one := func(i int) ([]float32, error) { return []float32{1, 0}, nil }
	for name, g := range map[string]Graph{
		"nothing":           {K: 3},
		"one point":         {K: 2, Neighbours: []int32{-1, -1}, Distances: make([]float32, 2)},
		"two that are one":  {K: 1, Neighbours: []int32{1, 0}, Distances: make([]float32, 2)},
		"without neighbour": {K: 1, Neighbours: []int32{1, 0, -1}, Distances: []float32{.5, .5, 0}},
	} {
		places, err := Of(context.Background(), g, 2, one, Options{Epochs: 20})
		if err != nil || len(places) != g.Len() {
			t.Errorf("%s: %d places, %v", name, len(places), err)
		}
		for _, p := range places {
			if v := float64(p[0] + p[1]); math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s: a point lies at %v", name, p)
			}
		}
		Trust(g, places, 5)
	}
	for name, g := range map[string]Graph{
		"a neighbour that is not there": {K: 1, Neighbours: []int32{7}, Distances: make([]float32, 1)},
		"torn":                          {K: 2, Neighbours: []int32{-1, -1, -1}, Distances: make([]float32, 3)},
		"not a number":                  {K: 1, Neighbours: []int32{1, 0}, Distances: []float32{float32(math.NaN()), 0}},
	} {
		if _, err := Of(context.Background(), g, 2, one, Options{Epochs: 1}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
