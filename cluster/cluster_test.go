package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// directions draws n unit vectors around `groups` directions.
func directions(n, groups, dim int, spread float64) []float32 {
	rng := rand.New(rand.NewPCG(11, uint64(n)))
	centres := make([]float64, groups*dim)
	for i := range centres {
		centres[i] = rng.NormFloat64()
	}
	rows := make([]float32, 0, n*dim)
	for i := range n {
		row := make([]float64, dim)
		var sum float64
		for d := range row {
			row[d] = centres[i%groups*dim+d] + spread*rng.NormFloat64()
			sum += row[d] * row[d]
		}
		for _, v := range row {
			rows = append(rows, float32(v/math.Sqrt(sum)))
		}
	}
	return rows
}

func dot(rows []float32, dim, i, j int) (sum float64) {
	for d := range dim {
		sum += float64(rows[i*dim+d]) * float64(rows[j*dim+d])
	}
	return sum
}

// byBruteForce joins, over and over, the two groups with an edge between them whose points are the
// most alike on average.
func byBruteForce(rows []float32, dim int, edges []Edge, similarity float64) []int {
	n := len(rows) / dim
	groups := make([][]int, n)
	for i := range groups {
		groups[i] = []int{i}
	}
	linked := func(a, b []int) bool {
		return slices.ContainsFunc(edges, func(e Edge) bool {
			return slices.Contains(a, int(e.A)) && slices.Contains(b, int(e.B)) || slices.Contains(a, int(e.B)) && slices.Contains(b, int(e.A))
		})
	}
	for {
		best, at := math.Inf(-1), [2]int{}
		for a := range groups {
			for b := a + 1; b < len(groups); b++ {
				var sum float64
				for _, i := range groups[a] {
					for _, j := range groups[b] {
						sum += dot(rows, dim, i, j)
					}
				}
				if mean := sum / float64(len(groups[a])*len(groups[b])); mean > best && linked(groups[a], groups[b]) {
					best, at = mean, [2]int{a, b}
				}
			}
		}
		if best < similarity {
			break
		}
		groups[at[0]] = append(groups[at[0]], groups[at[1]]...)
		groups = slices.Delete(groups, at[1], at[1]+1)
	}
	of := make([]int, n)
	for g, points := range groups {
		for _, i := range points {
			of[i] = g
		}
	}
	return bySize(of)
}

func TestAverageByBruteForce(t *testing.T) {
	const n, dim = 48, 6
	rows := directions(n, 5, dim, 0.6)
	rng := rand.New(rand.NewPCG(2, 2))
	for _, share := range []float64{0.1, 0.3, 1} {
		var edges []Edge
		for i := range int32(n) {
			for j := range i {
				if rng.Float64() < share {
					edges = append(edges, Edge{i, j}, Edge{j, i})
				}
			}
		}
		for _, similarity := range []float64{-1, 0.2, 0.5, 0.8, 1.1} {
			got, err := Average(context.Background(), rows, dim, edges, similarity)
			if err != nil {
				t.Fatal(err)
			}
			if want := byBruteForce(rows, dim, edges, similarity); !slices.Equal(got, want) {
				t.Errorf("%g of all edges, similarity %g: groups %v, by brute force %v", share, similarity, got, want)
			}
		}
	}
}

func TestGroupsAreThoseThatWereMade(t *testing.T) {
	const n, groups, dim = 300, 7, 16
	rows := directions(n, groups, dim, 0.15)
	var edges []Edge
	for i := range int32(n) {
		for j := range i {
			if dot(rows, dim, int(i), int(j)) > 0.7 {
				edges = append(edges, Edge{i, j})
			}
		}
	}
	of, err := Average(context.Background(), rows, dim, edges, 0.7)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for j := range i {
			if (of[i] == of[j]) != (i%groups == j%groups) {
				t.Fatalf("points %d and %d are of kinds %d and %d, and in groups %d and %d", i, j, i%groups, j%groups, of[i], of[j])
			}
		}
	}
}

func TestBySize(t *testing.T) {
	if got := bySize([]int{5, 9, 9, 5, 9, 7, 1, 1}); !slices.Equal(got, []int{1, 0, 0, 1, 0, 3, 2, 2}) {
		t.Errorf("groups are numbered %v", got)
	}
}
