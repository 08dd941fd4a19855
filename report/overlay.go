package report

import (
	"math"
	"slices"
)

type point struct{ x, y, deviation float64 }

// overlaid is one run's part of a chart.
type overlaid struct {
	run   int // its place among the report's runs, which gives its colour
	name  string
	seeds [][]point // each seed's line
	names []uint64
	mean  []point // over the seeds, at the X that all of them have
}

// overlay collects the curve of all runs that have it.
func (r Report) overlay(c Chart) []overlaid {
	var all []overlaid
	for i, run := range r.Runs {
		o := overlaid{run: i, name: run.Name}
		at := map[float64][]float64{}
		for _, s := range run.Seeds {
			for _, k := range s.Curves {
				if k.Name != c.Curve || len(k.X) == 0 {
					continue
				}
				line := make([]point, len(k.X))
				for j, x := range k.X {
					y := k.Y[j]
					if !finite(x) || !finite(y) || c.Log && y <= 0 {
						y = math.NaN()
					}
					line[j] = point{x: x, y: y}
					at[x] = append(at[x], y)
				}
				o.seeds, o.names = append(o.seeds, line), append(o.names, s.Seed)
				break
			}
		}
		for x, ys := range at {
			if len(ys) == len(o.seeds) && finite(x) {
				s := spreadOf(ys)
				o.mean = append(o.mean, point{x, s.mean, s.deviation})
			}
		}
		slices.SortFunc(o.mean, func(a, b point) int {
			if a.x < b.x {
				return -1
			}
			return 1
		})
		if len(o.seeds) > 0 {
			all = append(all, o)
		}
	}
	return all
}

// pieces parts a line at its gaps and thins it to about most points.
func pieces(line []point, most int) [][]point {
	var all [][]point
	open := false
	for _, p := range line {
		if math.IsNaN(p.y) || !finite(p.x) {
			open = false
			continue
		}
		if !open {
			all, open = append(all, nil), true
		}
		all[len(all)-1] = append(all[len(all)-1], p)
	}
	for i, run := range all {
		all[i] = thin(run, max(4, most*len(run)/len(line)))
	}
	return all
}

// thin keeps about most points: the ends, and the lowest and highest of each of equal stretches between them, so that spikes stay.
func thin(run []point, most int) []point {
	if len(run) <= most {
		return run
	}
	inner, stretches := run[1:len(run)-1], max(1, (most-2)/2)
	out := []point{run[0]}
	for s := range stretches {
		part := inner[s*len(inner)/stretches : (s+1)*len(inner)/stretches]
		low, high := 0, 0
		for i, p := range part {
			if p.y < part[low].y {
				low = i
			}
			if p.y > part[high].y {
				high = i
			}
		}
		out = append(out, part[min(low, high)])
		if low != high {
			out = append(out, part[max(low, high)])
		}
	}
	return append(out, run[len(run)-1])
}
