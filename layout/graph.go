package layout

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// Graph is the nearest neighbours of each of N points: those of point i are
// Neighbours[i*K:(i+1)*K], nearest first, as points from 0, or -1 from where there are no more;
// Distances are as many.
type Graph struct {
	K          int
	Neighbours []int32
	Distances  []float32
}

// Len is the number of points.
func (g Graph) Len() int {
	if g.K == 0 {
		return 0
	}
	return len(g.Neighbours) / g.K
}

func (g Graph) check() error {
	if g.K < 1 || len(g.Neighbours)%g.K != 0 || len(g.Distances) != len(g.Neighbours) {
		return fmt.Errorf("a graph of %d neighbours a point with %d neighbours and %d distances", g.K, len(g.Neighbours), len(g.Distances))
	}
	for i, j := range g.Neighbours {
		if int(j) >= g.Len() || j < -1 {
			return fmt.Errorf("the graph has %d points and names point %d", g.Len(), j)
		}
		if d := float64(g.Distances[i]); j >= 0 && (math.IsNaN(d) || math.IsInf(d, 0) || d < 0) {
			return errors.New("a distance of the graph is not finite or negative")
		}
	}
	return nil
}

// row is the neighbours of point i that there are, with their distances.
func (g Graph) row(i int) ([]int32, []float32) {
	list, d := g.Neighbours[i*g.K:(i+1)*g.K], g.Distances[i*g.K:(i+1)*g.K]
	n := slices.Index(list, -1)
	if n < 0 {
		n = len(list)
	}
	return list[:n], d[:n]
}

// edge is one way between two points, taken as often as its weight says.
type edge struct {
	from, to int32
	weight   float32
}

// edges are those of the symmetric fuzzy graph, both ways, by from and then to.
func (g Graph) edges() []edge {
	n := g.Len()
	directed := make([]edge, 0, len(g.Neighbours))
	for i := range n {
		list, d := g.row(i)
		rho, sigma := smooth(d)
		for at, j := range list {
			if int(j) == i {
				continue
			}
			v := 1.0
			if over := float64(d[at]) - rho; over > 0 && sigma > 0 {
				v = math.Exp(-over / sigma)
			}
			directed = append(directed, edge{int32(i), j, float32(v)})
		}
	}
	return symmetric(directed)
}

// symmetric joins edges with those the other way: a + b - ab. Of several from one point to another the first counts.
func symmetric(directed []edge) []edge {
	type half struct {
		edge
		back bool // it was given from to to from
	}
	halves := make([]half, 0, 2*len(directed))
	for _, e := range directed {
		halves = append(halves, half{e, false}, half{edge{e.to, e.from, e.weight}, true})
	}
	slices.SortStableFunc(halves, func(a, b half) int {
		if a.from != b.from {
			return int(a.from) - int(b.from)
		}
		return int(a.to) - int(b.to)
	})
	out := make([]edge, 0, len(halves))
	for at := 0; at < len(halves); {
		e := halves[at].edge
		var there, back float32
		for ; at < len(halves) && halves[at].from == e.from && halves[at].to == e.to; at++ {
			switch h := halves[at]; {
			case h.back && back == 0:
				back = h.weight
			case !h.back && there == 0:
				there = h.weight
			}
		}
		e.weight = there + back - there*back
		out = append(out, e)
	}
	return out
}

// smooth finds rho and sigma of a point with neighbours at distances d, see the package's
// documentation. sigma is at least a thousandth of the mean distance.
func smooth(d []float32) (rho, sigma float64) {
	if len(d) == 0 {
		return 0, 0
	}
	var sum float64
	for _, v := range d {
		if v > 0 && rho == 0 {
			rho = float64(v)
		}
		sum += float64(v)
	}
	target := math.Log2(float64(len(d)))
	low, high, mid := 0.0, math.Inf(1), 1.0
	for range 64 {
		var total float64
		for _, v := range d {
			if over := float64(v) - rho; over > 0 {
				total += math.Exp(-over / mid)
			} else {
				total++
			}
		}
		if math.Abs(total-target) < 1e-5 {
			break
		}
		if total > target {
			high = mid
			mid = (low + high) / 2
		} else {
			low = mid
			if math.IsInf(high, 1) {
				mid *= 2
			} else {
				mid = (low + high) / 2
			}
		}
	}
	return rho, max(mid, sum/float64(len(d))/1000)
}
