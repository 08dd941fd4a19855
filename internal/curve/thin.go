package curve

import "slices"

// Numbers of points that change how a piece is drawn.
const (
	Few  = 40   // up to it each point is a dot on the line
	Many = 400  // beyond it the line is mostly noise: it is pale and thin, under its moving mean
	Most = 2400 // the most points of a piece to draw
)

// Thin returns at most limit (4 or more) of points, in order: of each of limit/4 stretches the first, the lowest, the highest and the last
// (Jugel et al., "M4", VLDB 2014), so that the drawn curve keeps its envelope.
func Thin(points Points, limit int) Points {
	if len(points) <= limit {
		return points
	}
	stretches := limit / 4
	kept := make(Points, 0, limit)
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

// MovingMean returns the centred mean of Y over a fortieth of points, at about 200 of them; at the ends the window is cut.
func MovingMean(points Points) Points {
	last := len(points) - 1
	half, step := max(1, len(points)/80), max(1, len(points)/200)
	mean := func(i int) Point {
		window := points[max(0, i-half) : min(last, i+half)+1]
		sum := 0.0
		for _, p := range window {
			sum += p.Y / float64(len(window))
		}
		return Point{X: points[i].X, Y: sum}
	}
	var means Points
	for i := 0; i < last; i += step {
		means = append(means, mean(i))
	}
	return append(means, mean(last))
}
