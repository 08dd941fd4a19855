package report

import (
	"fmt"
	"strings"
)

// cell is a measured value as shown.
type cell struct {
	Mean, Deviation string
	Best            bool
}

const none = "–"

// cells are run's results, by metric.
func (r Report) cells(run Run) []cell {
	var out []cell
	for _, m := range r.Metrics {
		s := run.result(m)
		if s.n == 0 {
			out = append(out, cell{Mean: none})
			continue
		}
		c := cell{Mean: m.number(s.mean)}
		c.Best = c.Mean == r.best(m)
		if s.n > 1 {
			c.Deviation = m.number(s.deviation)
		}
		out = append(out, c)
	}
	return out
}

// published are what was published for run, by metric.
func (r Report) published(run Run) []string {
	var out []string
	for _, m := range r.Metrics {
		if v, ok := run.Published.Metrics[m.Key]; ok {
			out = append(out, m.number(v))
		} else {
			out = append(out, none)
		}
	}
	return out
}

// remarks are a run's notes, with what its published result differs in first.
func (run Run) remarks() []string {
	if p := run.Published; p != nil && p.Differs != "" {
		return append([]string{fmt.Sprintf("The published result (%s) differs: %s", p.Source, p.Differs)}, run.Notes...)
	}
	return run.Notes
}

func (run Run) curves() bool {
	for _, s := range run.Seeds {
		if len(s.Curves) > 0 {
			return true
		}
	}
	return false
}

func (r Report) timed() bool {
	for _, run := range r.Runs {
		if run.seconds() > 0 {
			return true
		}
	}
	return false
}

func (r Report) anyPublished() bool {
	for _, run := range r.Runs {
		if run.Published != nil {
			return true
		}
	}
	return false
}

// key explains the table of results.
func (r Report) key() string {
	many, lower := false, []string{}
	for _, run := range r.Runs {
		many = many || len(run.Seeds) > 1
	}
	for _, m := range r.Metrics {
		if m.Lower {
			lower = append(lower, m.name())
		}
	}
	var parts []string
	if many {
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

// curvesKey explains the charts.
const curvesKey = "Bold: mean over seeds, at the steps that all seeds of a run have logged; thin: each seed. Values show where the pointer rests; the boxes hide and show runs."
