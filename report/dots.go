package report

import (
	"fmt"
	"math"

	"github.com/dvml/dvml/internal/curve"
)

// drawDots draws the first metric of all runs: a dot a seed, a bar at their mean, a ring for what was published.
func (r Report) drawDots(m Metric) string {
	const row, left, foot = 30.0, 200.0, 38.0
	low, high := math.Inf(1), math.Inf(-1)
	add := func(v float64) {
		if finite(v) {
			low, high = min(low, v), max(high, v)
		}
	}
	var shown []int
	for i, run := range r.Runs {
		if run.result(m).n == 0 {
			continue
		}
		shown = append(shown, i)
		for _, s := range run.Seeds {
			if v, ok := s.Metrics[m.Key]; ok {
				add(v)
			}
		}
		if run.Published != nil {
			if v, ok := run.Published.Metrics[m.Key]; ok {
				add(v)
			}
		}
	}
	if low > high {
		return ""
	}
	const width = 760.0
	height := row*float64(len(shown)) + foot + 6
	factor := 1.0
	if m.Percent {
		factor = 100
	}
	bounds, _ := curve.BoundsOf([]curve.Points{{{Y: low * factor}, {Y: high * factor}}})
	x := linearAxis(bounds.Y0, bounds.Y1, left, width-24)
	var s svg
	s.open(width, height, m.name()+" of every run and seed")
	base := height - foot
	for _, t := range x.ticks {
		at := px(x.at(t.Value))
		s.tag("line", "", "class", "grid", "x1", at, "x2", at, "y1", "4", "y2", px(base))
		s.tag("text", t.Label, "class", "tick", "x", at, "y", px(base+15))
	}
	s.tag("text", m.label(), "class", "axis", "x", px((x.from+x.to)/2), "y", px(base+32))
	for n, i := range shown {
		run := r.Runs[i]
		y := 4 + row*(float64(n)+0.5)
		s.tag("text", shorten(run.Name, 26), "class", "name", "x", px(left-12), "y", px(y+4))
		fmt.Fprintf(&s, `<g class="%s">`, runClass(i))
		if p := run.Published; p != nil {
			if v, ok := p.Metrics[m.Key]; ok && finite(v) {
				s.titled("circle", fmt.Sprintf("%s\npublished (%s): %s", run.Name, p.Source, m.number(v)), "class", "published", "cx", px(x.at(v*factor)), "cy", px(y), "r", "5")
			}
		}
		for _, seed := range run.Seeds {
			if v, ok := seed.Metrics[m.Key]; ok && finite(v) {
				s.titled("circle", fmt.Sprintf("%s\nseed %d: %s", run.Name, seed.Seed, m.number(v)), "class", "dot", "cx", px(x.at(v*factor)), "cy", px(y), "r", "4")
			}
		}
		if result := run.result(m); result.n > 1 && finite(result.mean) {
			at := px(x.at(result.mean * factor))
			s.titled("line", fmt.Sprintf("%s\nmean: %s", run.Name, m.number(result.mean)), "class", "mean", "x1", at, "x2", at, "y1", px(y-9), "y2", px(y+9))
		}
		s.WriteString("</g>")
	}
	s.WriteString("</svg>")
	return s.String()
}

// label is m's name with its unit.
func (m Metric) label() string {
	if m.Percent {
		return m.name() + ", %"
	}
	return m.name()
}

// shorten cuts text to n runes.
func shorten(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}
