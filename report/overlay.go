package report

import (
	"cmp"
	"math"
	"slices"

	"github.com/dvml/dvml/internal/curve"
)

// overlaid is one run's part of a chart.
type overlaid struct {
	run   int // its place among the report's runs, which gives its colour
	name  string
	seeds []seedLine
	mean  []meanPoint // at the X that all seeds have
}

// seedLine is the curve of one seed, in pieces between gaps.
type seedLine struct {
	seed   uint64
	pieces []curve.Points
}

// meanPoint is the mean over seeds at X; a gap of one seed makes it NaN.
type meanPoint struct {
	x float64
	spread
}

// overlay collects c's curve from all runs that have it.
func (r Report) overlay(c Chart) []overlaid {
	var all []overlaid
	for i, run := range r.Runs {
		o := overlaid{run: i, name: run.Name}
		at := map[float64][]float64{} // X to the seeds' Y, in the order of the seeds
		for _, s := range run.Seeds {
			k := slices.IndexFunc(s.Curves, func(k Curve) bool { return k.Name == c.Curve && len(k.X) > 0 })
			if k < 0 {
				continue
			}
			x, y := s.Curves[k].X, slices.Clone(s.Curves[k].Y)
			for j, v := range y {
				if c.Log && v <= 0 {
					y[j] = math.NaN()
				}
				at[x[j]] = append(at[x[j]], y[j])
			}
			o.seeds = append(o.seeds, seedLine{s.Seed, curve.Pieces(x, y)})
		}
		for x, ys := range at {
			if len(ys) == len(o.seeds) && curve.Drawable(x) {
				o.mean = append(o.mean, meanPoint{x, spreadOf(ys)})
			}
		}
		slices.SortFunc(o.mean, func(a, b meanPoint) int { return cmp.Compare(a.x, b.x) })
		if len(o.seeds) > 0 {
			all = append(all, o)
		}
	}
	return all
}

// meanPieces is the mean between its gaps.
func (o overlaid) meanPieces() []curve.Points {
	var x, y []float64
	for _, p := range o.mean {
		x, y = append(x, p.x), append(y, p.mean)
	}
	return curve.Pieces(x, y)
}
