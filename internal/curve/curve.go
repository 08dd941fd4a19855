// Package curve holds what drawings of curves have in common, whatever they are drawn on: pieces
// between gaps, thinning, moving means, the range of axes and their ticks.
package curve

import "math"

// Point is a point of a curve.
type Point struct{ X, Y float64 }

// Points is a piece of a curve.
type Points []Point

// Drawable reports whether v has a place on an axis: it is a number, and at most 1e300 in size, so that no range overflows.
func Drawable(v float64) bool { return math.Abs(v) <= 1e300 }

// Pieces returns the runs of points (x[i], y[i]) between those that are not drawable. x and y have one length.
func Pieces(x, y []float64) (all []Points) {
	var piece Points
	for i := range x {
		if Drawable(x[i]) && Drawable(y[i]) {
			piece = append(piece, Point{x[i], y[i]})
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
