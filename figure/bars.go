package figure

import (
	"errors"
	"fmt"
	"image"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/dvml/dvml/internal/curve"
)

// BarChart shows values of groups side by side, for instance images by class or variance by dimension of an embedding.
type BarChart struct {
	Title, XLabel, YLabel string
	Groups                []string    // names below the bars, as many as fit; nil numbers the groups from 1
	Series                []BarSeries // at most as many as Palette has colours
}

// BarSeries is one bar in each group. A NaN or an infinity is a bar left out.
type BarSeries struct {
	Name   string // in the legend; "" leaves the series out of it
	Values []float64
}

// Bars draws b with bars from 0 up or down. It returns an error for series of different lengths, groups that do not match them and more series than
// colours.
func Bars(b BarChart) (image.Image, error) {
	groups, err := b.check()
	if err != nil {
		return nil, fmt.Errorf("figure: bars: chart %q: %w", b.Title, err)
	}
	width := min(max(panelWidth, groups*len(b.Series)*3), 4*panelWidth)
	c := newCanvas(width+2*margin, panelHeight+2*margin)
	names := make([]Series, len(b.Series))
	for i, s := range b.Series {
		names[i].Name = s.Name
	}
	area := c.heading(b.Title, names, image.Rect(margin, margin, margin+width, margin+panelHeight))
	low, high := 0.0, 0.0
	for _, s := range b.Series {
		for _, v := range s.Values {
			if curve.Drawable(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low == high {
		c.noValues(area)
		return c.img, nil
	}
	d := c.axes(b.XLabel, b.YLabel, area)
	if b.Groups != nil {
		d.X.Tick.Marker = c.groupTicks(b.Groups, area.Dx()-3*margin)
	}
	d.Add(bars(b.Series))
	room := 0.06 * (high - low)
	r := curve.Bounds{X0: 0.5, X1: float64(groups) + 0.5, Y0: low, Y1: high}
	if low < 0 {
		r.Y0 -= room
	}
	if high > 0 {
		r.Y1 += room
	}
	c.render(d, r, area)
	return c.img, nil
}

// check returns the number of groups.
func (b BarChart) check() (groups int, err error) {
	if len(b.Series) == 0 || len(b.Series[0].Values) == 0 {
		return 0, errors.New("no values, so there is nothing to draw")
	}
	if len(b.Series) > len(Palette) {
		return 0, fmt.Errorf("%d series, but only %d can be told apart", len(b.Series), len(Palette))
	}
	groups = len(b.Series[0].Values)
	for i, s := range b.Series {
		if len(s.Values) != groups {
			return 0, fmt.Errorf("series %d (%q) has %d values, the first has %d; all need one for each group", i, s.Name, len(s.Values), groups)
		}
	}
	if b.Groups != nil && len(b.Groups) != groups {
		return 0, fmt.Errorf("%d names for %d groups", len(b.Groups), groups)
	}
	return groups, nil
}

// bars draws series as bars about 1, 2, ... on the x axis.
type bars []BarSeries

// Plot implements plot.Plotter.
func (b bars) Plot(canvas draw.Canvas, d *plot.Plot) {
	x, y := d.Transforms(&canvas)
	const share = 0.8 // of a group's width that its bars take
	width := share / float64(len(b))
	for i, s := range b {
		canvas.SetColor(Palette[i])
		for group, v := range s.Values {
			if !curve.Drawable(v) || v == 0 {
				continue
			}
			left := float64(group+1) - share/2 + float64(i)*width
			var p vg.Path
			p.Move(vg.Point{X: x(left), Y: y(0)})
			p.Line(vg.Point{X: x(left), Y: y(v)})
			p.Line(vg.Point{X: x(left + width), Y: y(v)})
			p.Line(vg.Point{X: x(left + width), Y: y(0)})
			p.Close()
			canvas.Fill(p)
		}
	}
}

// groupTicks labels every group, or every second, third, ... so that names of at most 120 pixels keep apart on the given width.
func (c *canvas) groupTicks(groups []string, width int) plot.ConstantTicks {
	const limit, apart = 120, 10
	labels, widest := make([]string, len(groups)), 1
	for i, g := range groups {
		labels[i] = c.cut(g, limit, noteStyle)
		widest = max(widest, c.width(labels[i], noteStyle))
	}
	every := ((widest+apart)*len(groups) + width - 1) / max(width, 1)
	var ticks plot.ConstantTicks
	for i := 0; i < len(groups); i += max(every, 1) {
		ticks = append(ticks, plot.Tick{Value: float64(i + 1), Label: labels[i]})
	}
	return ticks
}
