package report

import (
	"fmt"
	"math"

	"github.com/dvml/dvml/internal/curve"
)

const (
	chartWidth, chartHeight                      = 520.0, 300.0
	chartLeft, chartRight, chartTop, chartBottom = 54.0, 20.0, 10.0, 38.0

	linePoints  = 600 // the most points of a line
	noisyPoints = 160 // a piece of more points is drawn as its moving mean
	hoverPoints = 40  // places of a run that tell their values
)

// draw draws c. A chart without values says so.
func (r Report) draw(c Chart) string {
	var s svg
	lines := r.overlay(c)
	var all []curve.Points
	for _, o := range lines {
		for _, line := range o.seeds {
			all = append(all, line.pieces...)
		}
	}
	xLabel := orElse(c.XLabel, "step")
	bounds, ok := curve.BoundsOf(all)
	if !ok {
		s.open(chartWidth, 60, c.Title)
		s.tag("text", "no values", "class", "none", "x", px(chartWidth/2), "y", "34")
		s.WriteString("</svg>")
		return s.String()
	}
	for _, l := range c.Levels {
		all = append(all, curve.Points{{X: all[0][0].X, Y: l.Y}})
	}
	x := linearAxis(bounds.X0, bounds.X1, chartLeft, chartWidth-chartRight)
	y := c.yAxis(all)
	s.open(chartWidth, chartHeight, c.Title+", by "+xLabel)
	s.axes(x, y, xLabel, c.YLabel)
	for _, l := range c.Levels {
		at := px(y.at(l.Y))
		s.titled("line", l.Name+": "+value(l.Y), "class", "level", "x1", px(x.from), "x2", px(x.to), "y1", at, "y2", at)
	}
	for _, o := range lines {
		s.run(o, x, y, xLabel)
	}
	for _, l := range c.Levels {
		s.tag("text", l.Name, "class", "level-name", "x", px(x.from+6), "y", px(y.at(l.Y)-5))
	}
	s.WriteString("</svg>")
	return s.String()
}

// yAxis makes the axis that holds all points.
func (c Chart) yAxis(all []curve.Points) axis {
	if !c.Log {
		bounds, _ := curve.BoundsOf(all)
		return linearAxis(bounds.Y0, bounds.Y1, chartHeight-chartBottom, chartTop)
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, piece := range all {
		for _, p := range piece {
			low, high = min(low, p.Y), max(high, p.Y)
		}
	}
	return logAxis(low, high, chartHeight-chartBottom, chartTop)
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
		at := y.at(t.Value)
		s.tag("line", "", "class", "grid", "x1", px(x.from), "x2", px(x.to), "y1", px(at), "y2", px(at))
		s.tag("text", t.Label, "class", "tick y", "x", px(x.from-7), "y", px(at+3.5))
	}
	s.tag("line", "", "class", "base", "x1", px(x.from), "x2", px(x.to), "y1", px(y.from), "y2", px(y.from))
	for _, t := range x.ticks {
		at := px(x.at(t.Value))
		s.tag("line", "", "class", "base", "x1", at, "x2", at, "y1", px(y.from), "y2", px(y.from+4))
		s.tag("text", t.Label, "class", "tick", "x", at, "y", px(y.from+17))
	}
	s.tag("text", xLabel, "class", "axis", "x", px((x.from+x.to)/2), "y", px(y.from+33))
	if yLabel != "" {
		mid := px((y.from + y.to) / 2)
		s.tag("text", yLabel, "class", "axis", "x", "10", "y", mid, "transform", "rotate(-90 10 "+mid+")")
	}
}

// run draws one run: its seeds, or where they are noisy their mean, faint; the mean, bold; and places that tell its values.
func (s *svg) run(o overlaid, x, y axis, xLabel string) {
	fmt.Fprintf(s, `<g class="%s">`, runClass(o.run))
	noisy := len(o.mean) > noisyPoints
	if !noisy && len(o.seeds) > 1 {
		for _, line := range o.seeds {
			for _, piece := range line.pieces {
				s.line("seed", fmt.Sprintf("%s, seed %d", o.name, line.seed), piece, x, y)
			}
		}
	}
	var smooth []meanPoint
	for _, piece := range o.meanPieces() {
		if noisy && len(piece) > 2 {
			s.line("seed", o.name+", as logged", piece, x, y)
			piece = curve.MovingMean(piece)
		}
		s.line("mean", o.name, piece, x, y)
		for _, p := range piece {
			smooth = append(smooth, meanPoint{p.X, spread{mean: p.Y}})
		}
	}
	if noisy {
		s.hover(o.name, smooth, x, y, func(p meanPoint) string {
			return fmt.Sprintf("%s %s: %s (moving mean)", xLabel, value(p.x), value(p.mean))
		})
	} else {
		s.hover(o.name, o.mean, x, y, func(p meanPoint) string {
			if p.n < 2 {
				return fmt.Sprintf("%s %s: %s", xLabel, value(p.x), value(p.mean))
			}
			return fmt.Sprintf("%s %s: %s ± %s (%d seeds)", xLabel, value(p.x), value(p.mean), value(p.deviation), p.n)
		})
	}
	s.WriteString("</g>")
}

// line draws a piece of a curve; a single point is a dot.
func (s *svg) line(class, title string, piece curve.Points, x, y axis) {
	if len(piece) == 1 {
		s.titled("circle", title, "class", "dot", "cx", px(x.at(piece[0].X)), "cy", px(y.at(piece[0].Y)), "r", "3")
		return
	}
	s.titled("path", title, "class", class, "d", path(curve.Thin(piece, linePoints), x, y))
}

// hover puts places that tell their value on some of points, evenly.
func (s *svg) hover(name string, points []meanPoint, x, y axis, tell func(meanPoint) string) {
	each := max(1, float64(len(points)-1)/hoverPoints)
	for i := 0.0; int(math.Round(i)) < len(points); i += each {
		if p := points[int(math.Round(i))]; curve.Drawable(p.mean) {
			s.titled("circle", name+"\n"+tell(p), "class", "hover", "cx", px(x.at(p.x)), "cy", px(y.at(p.mean)), "r", "6")
		}
	}
}
