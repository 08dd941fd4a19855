package report

import (
	"fmt"
	"slices"
	"strings"
)

// cell is a measured value as shown.
type cell struct {
	Mean, Deviation string
	Best            bool
	Room            int // digits that deviations of the column take, so that means stand below each other
}

const none = "–"

// cells are run's results, by metric.
func (r Report) cells(run Run) []cell {
	var out []cell
	for _, m := range r.Metrics {
		s := run.result(m)
		if s.n == 0 {
			out = append(out, cell{Mean: none, Room: r.room(m)})
			continue
		}
		c := cell{Mean: m.number(s.mean), Room: r.room(m)}
		c.Best = c.Mean == r.best(m)
		if s.n > 1 {
			c.Deviation = m.around(s.deviation, s.mean)
		}
		out = append(out, c)
	}
	return out
}

// published are what was published for run, by metric.
func (r Report) published(run Run) []cell {
	var out []cell
	for _, m := range r.Metrics {
		c := cell{Mean: none, Room: r.room(m)}
		if v, ok := run.Published.Metrics[m.Key]; ok {
			c.Mean = m.number(v)
		}
		out = append(out, c)
	}
	return out
}

// room is the width of m's widest deviation with its sign, in digits; 0 if there is none.
func (r Report) room(m Metric) int {
	widest := 0
	for _, run := range r.Runs {
		if s := run.result(m); s.n > 1 {
			widest = max(widest, 2+len(m.around(s.deviation, s.mean)))
		}
	}
	return widest
}

// remarks are a run's notes, with what its published result differs in first.
func (run Run) remarks() []string {
	if p := run.Published; p != nil && p.Differs != "" {
		return append([]string{fmt.Sprintf("The published result (%s) differs: %s", p.Source, p.Differs)}, run.Notes...)
	}
	return run.Notes
}

func (run Run) curves() bool {
	return slices.ContainsFunc(run.Seeds, func(s Seed) bool { return len(s.Curves) > 0 })
}

// many says whether any run has several seeds.
func (r Report) many() bool {
	return slices.ContainsFunc(r.Runs, func(run Run) bool { return len(run.Seeds) > 1 })
}

func (r Report) timed() bool {
	return slices.ContainsFunc(r.Runs, func(run Run) bool { return run.seconds() > 0 })
}

func (r Report) anyPublished() bool {
	return slices.ContainsFunc(r.Runs, func(run Run) bool { return run.Published != nil })
}

// key explains the table of results.
func (r Report) key() string {
	var lower []string
	for _, m := range r.Metrics {
		if m.Lower {
			lower = append(lower, m.name())
		}
	}
	var parts []string
	if r.many() {
		parts = append(parts, "Mean ± standard deviation over seeds.")
	}
	if len(r.Runs) > 1 {
		parts = append(parts, "Bold: the best measured mean of each column.")
	}
	if len(lower) > 0 {
		parts = append(parts, "Lower is better for "+strings.Join(lower, ", ")+".")
	}
	if r.timed() {
		parts = append(parts, "Time: mean wall time of a seed.")
	}
	return strings.Join(parts, " ")
}

// How the charts are drawn, and how a page's are used.
const (
	curvesKey = "Bold: mean over seeds, at the steps that all seeds of a run have logged; thin: each seed. " +
		"Where a curve has many points, bold is the moving mean and thin what was logged."
	curvesUse = "Values show where the pointer rests; the boxes hide and show runs."
)
