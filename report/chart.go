package report

import (
	"fmt"
	"math"
)

const (
	chartWidth, chartHeight                      = 520.0, 300.0
	chartLeft, chartRight, chartTop, chartBottom = 50.0, 12.0, 10.0, 38.0
	linePoints, hoverPoints                      = 400, 40
)

// draw draws c. A chart without values says so.
func (r Report) draw(c Chart) string {
	var s svg
	lines := r.overlay(c)
	s.open(chartWidth, chartHeight, c.Title+", by "+orElse(c.XLabel, "step"))
	x0, x1, y0, y1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, o := range lines {
		for _, line := range o.seeds {
			for _, p := range line {
				if !math.IsNaN(p.y) {
					x0, x1, y0, y1 = min(x0, p.x), max(x1, p.x), min(y0, p.y), max(y1, p.y)
				}
			}
		}
	}
	if x0 > x1 {
		s.tag("text", "no values", "class", "none", "x", px(chartWidth/2), "y", px(chartHeight/2))
		s.WriteString("</svg>")
		return s.String()
	}
	for _, l := range c.Levels {
		if !c.Log || l.Y > 0 {
			y0, y1 = min(y0, l.Y), max(y1, l.Y)
		}
	}
	x := newAxis(x0, x1, chartLeft, chartWidth-chartRight, false, 0, 6)
	y := newAxis(y0, y1, chartHeight-chartBottom, chartTop, c.Log, 0.06, 5)
	s.axes(x, y, orElse(c.XLabel, "step"), c.YLabel)
	for _, l := range c.Levels {
		if c.Log && l.Y <= 0 {
			continue
		}
		at := y.at(l.Y)
		s.titled("line", fmt.Sprintf("%s: %s", l.Name, tickLabel(l.Y)), "class", "level", "x1", px(chartLeft), "x2", px(chartWidth-chartRight), "y1", px(at), "y2", px(at))
		s.tag("text", l.Name, "class", "level-name", "x", px(chartWidth-chartRight), "y", px(at-4))
	}
	for _, o := range lines {
		s.run(o, x, y, orElse(c.XLabel, "step"))
	}
	s.WriteString("</svg>")
	return s.String()
}

func orElse(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// axes draws grid, ticks and names.
func (s *svg) axes(x, y axis, xLabel, yLabel string) {
	for _, t := range y.ticks {
		at := y.at(t)
		s.tag("line", "", "class", "grid", "x1", px(x.from), "x2", px(x.to), "y1", px(at), "y2", px(at))
		s.tag("text", tickLabel(t), "class", "tick y", "x", px(x.from-7), "y", px(at+3.5))
	}
	s.tag("line", "", "class", "base", "x1", px(x.from), "x2", px(x.to), "y1", px(y.from), "y2", px(y.from))
	for _, t := range x.ticks {
		at := x.at(t)
		s.tag("line", "", "class", "base", "x1", px(at), "x2", px(at), "y1", px(y.from), "y2", px(y.from+4))
		s.tag("text", tickLabel(t), "class", "tick", "x", px(at), "y", px(y.from+17))
	}
	s.tag("text", xLabel, "class", "axis", "x", px((x.from+x.to)/2), "y", px(y.from+33))
	if yLabel != "" {
		mid := px((y.from + y.to) / 2)
		s.tag("text", yLabel, "class", "axis", "x", "12", "y", mid, "transform", "rotate(-90 12 "+mid+")")
	}
}

// run draws one run: its seeds, their mean, and places on it that tell their values.
func (s *svg) run(o overlaid, x, y axis, xLabel string) {
	fmt.Fprintf(s, `<g class="%s">`, runClass(o.run))
	if len(o.seeds) > 1 {
		for i, line := range o.seeds {
			for _, piece := range pieces(line, linePoints) {
				s.titled("path", fmt.Sprintf("%s, seed %d", o.name, o.names[i]), "class", "seed", "d", path(piece, x, y))
			}
		}
	}
	for _, piece := range pieces(o.mean, linePoints) {
		if len(piece) == 1 {
			s.titled("circle", o.name, "class", "dot", "cx", px(x.at(piece[0].x)), "cy", px(y.at(piece[0].y)), "r", "3")
			continue
		}
		s.titled("path", o.name, "class", "mean", "d", path(piece, x, y))
	}
	each := float64(max(1, len(o.mean)-1)) / float64(min(hoverPoints, max(1, len(o.mean)-1)))
	for i := 0.0; int(math.Round(i)) < len(o.mean); i += each {
		p := o.mean[int(math.Round(i))]
		if math.IsNaN(p.y) {
			continue
		}
		title := fmt.Sprintf("%s\n%s %s: %s", o.name, xLabel, tickLabel(p.x), digits(p.y))
		if finite(p.deviation) {
			title += fmt.Sprintf(" ± %s (%d seeds)", digits(p.deviation), len(o.seeds))
		}
		s.titled("circle", title, "class", "hover", "cx", px(x.at(p.x)), "cy", px(y.at(p.y)), "r", "6")
	}
	s.WriteString("</g>")
}

// digits writes a value to four digits.
func digits(v float64) string { return fmt.Sprintf("%.4g", v) }
