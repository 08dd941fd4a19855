package layout

import (
	"math"
	"slices"
)

// Trust returns, for each point, the share of its k nearest neighbours in the graph that are among
// its k nearest in the plane, 0 to 1, and the mean. Where a point has fewer than k neighbours it is
// the share of these. k is at most the graph's K.
func Trust(g Graph, places [][2]float32, k int) (each []float32, mean float64) {
	n := g.Len()
	k = min(k, g.K, n-1)
	each = make([]float32, n)
	if k < 1 {
		return each, 0
	}
	grid := newGrid(places)
	var near []int32
	for i := range n {
		list, _ := g.row(i)
		list = list[:min(k, len(list))]
		if len(list) == 0 {
			continue
		}
		near = grid.nearest(near[:0], i, k)
		kept := 0
		for _, j := range list {
			if slices.Contains(near, j) {
				kept++
			}
		}
		each[i] = float32(kept) / float32(len(list))
		mean += float64(each[i]) / float64(n)
	}
	return each, mean
}

// grid finds near places by square cells of about two places each.
type grid struct {
	places [][2]float32
	low    [2]float64
	side   float64
	across int
	cells  [][]int32
}

func newGrid(places [][2]float32) *grid {
	g := &grid{places: places}
	high := [2]float64{math.Inf(-1), math.Inf(-1)}
	g.low = [2]float64{math.Inf(1), math.Inf(1)}
	for _, p := range places {
		for a, v := range p {
			g.low[a], high[a] = min(g.low[a], float64(v)), max(high[a], float64(v))
		}
	}
	g.across = max(1, int(math.Sqrt(float64(len(places))/2)))
	g.side = max(high[0]-g.low[0], high[1]-g.low[1], 1e-12) / float64(g.across)
	g.cells = make([][]int32, g.across*g.across)
	for i, p := range places {
		x, y := g.cell(p)
		g.cells[y*g.across+x] = append(g.cells[y*g.across+x], int32(i))
	}
	return g
}

func (g *grid) cell(p [2]float32) (x, y int) {
	in := func(a int) int { return min(g.across-1, max(0, int((float64(p[a])-g.low[a])/g.side))) }
	return in(0), in(1)
}

// nearest appends the k places nearest to place i, without itself, nearest first, of those equally
// near the lower number first.
func (g *grid) nearest(dst []int32, i, k int) []int32 {
	type found struct {
		d2 float64
		at int32
	}
	var all []found
	p := g.places[i]
	x, y := g.cell(p)
	for ring := 0; ; ring++ {
		for cy := y - ring; cy <= y+ring; cy++ {
			for cx := x - ring; cx <= x+ring; cx++ {
				if max(cx-x, x-cx, cy-y, y-cy) != ring || cx < 0 || cy < 0 || cx >= g.across || cy >= g.across {
					continue
				}
				for _, j := range g.cells[cy*g.across+cx] {
					if int(j) != i {
						dx, dy := float64(g.places[j][0]-p[0]), float64(g.places[j][1]-p[1])
						all = append(all, found{dx*dx + dy*dy, j})
					}
				}
			}
		}
		// What lies in cells further out is at least ring sides away.
		if len(all) >= k || ring > g.across {
			slices.SortFunc(all, func(a, b found) int {
				switch {
				case a.d2 < b.d2:
					return -1
				case a.d2 > b.d2:
					return 1
				}
				return int(a.at - b.at)
			})
			reach := float64(ring) * g.side
			if ring > g.across || all[k-1].d2 <= reach*reach {
				break
			}
		}
	}
	for _, f := range all[:min(k, len(all))] {
		dst = append(dst, f.at)
	}
	return dst
}
