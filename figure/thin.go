package figure

import (
	"math"
	"slices"

	"gonum.org/v1/plot/plotter"
)

// drawable reports whether v has a place on an axis. Numbers beyond 1e300 count as infinite, so that no range overflows.
func drawable(v float64) bool { return math.Abs(v) <= 1e300 }

// pieces returns the runs of drawable points of s.
func pieces(s Series) (all []plotter.XYs) {
	var piece plotter.XYs
	for i := range s.X {
		if drawable(s.X[i]) && drawable(s.Y[i]) {
			piece = append(piece, plotter.XY{X: s.X[i], Y: s.Y[i]})
			continue
		}
		if len(piece) > 0 {
			all = append(all, piece)
		}
		piece = nil
	}
	if len(piece) > 0 {
		all = append(all, piece)
	}
	return all
}

// thin returns at most limit (4 or more) of points, in order: of each of limit/4 stretches the first, the lowest, the highest and the last
// (Jugel et al., "M4", VLDB 2014), so that the drawn curve keeps its envelope.
func thin(points plotter.XYs, limit int) plotter.XYs {
	if len(points) <= limit {
		return points
	}
	stretches := limit / 4
	kept := make(plotter.XYs, 0, limit)
	for i := range stretches {
		from, to := i*len(points)/stretches, (i+1)*len(points)/stretches
		low, high := from, from
		for j := from; j < to; j++ {
			if points[j].Y < points[low].Y {
				low = j
			}
			if points[j].Y > points[high].Y {
				high = j
			}
		}
		at := []int{from, low, high, to - 1}
		slices.Sort(at)
		for _, j := range slices.Compact(at) {
			kept = append(kept, points[j])
		}
	}
	return kept
}

// movingMean returns the centred mean of Y over a fortieth of points, at about 200 of them; at the ends the window is cut.
func movingMean(points plotter.XYs) plotter.XYs {
	last := len(points) - 1
	half, step := max(1, len(points)/80), max(1, len(points)/200)
	mean := func(i int) plotter.XY {
		window := points[max(0, i-half) : min(last, i+half)+1]
		sum := 0.0
		for _, p := range window {
			sum += p.Y / float64(len(window))
		}
		return plotter.XY{X: points[i].X, Y: sum}
	}
	var means plotter.XYs
	for i := 0; i < last; i += step {
		means = append(means, mean(i))
	}
	return append(means, mean(last))
}
