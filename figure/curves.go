package figure

import (
	"errors"
	"fmt"
	"image"
	"math"

	"github.com/dvml/dvml/internal/curve"
)

// Panel is one diagram of curves over a common axis.
type Panel struct {
	Title, XLabel, YLabel string
	Series                []Series
	Marks                 []float64 // x of dashed vertical lines, for instance where a phase of training begins
}

// Series is a curve through the points (X[i], Y[i]) in their order. A NaN or an infinity breaks the
// curve; a point between two breaks is a dot.
type Series struct {
	Name string // in the legend; "" leaves the series out of it
	X, Y []float64
}

// Measures of diagrams, in pixels.
const (
	panelWidth  = 720
	panelHeight = 460
	panelGap    = 36
	titleLine   = 32
	legendLine  = 24
	legendGap   = 22 // between entries of a legend
	sampleWidth = 24 // the piece of line before a name
)

// Curves draws panels on a grid at most three wide, each with its title, a legend and its own axes.
// A curve of more than 400 points is pale and thinned so that every peak stays, with its moving
// mean over a fortieth of its length drawn upon it. It returns an error for no panels and for a
// series whose X and Y differ in length.
func Curves(panels []Panel) (image.Image, error) {
	if len(panels) == 0 {
		return nil, errors.New("figure: curves: no panels, so there is nothing to draw")
	}
	for _, p := range panels {
		for _, s := range p.Series {
			if len(s.X) != len(s.Y) {
				return nil, fmt.Errorf("figure: curves: series %q of panel %q has %d x but %d y; they must be pairs", s.Name, p.Title, len(s.X), len(s.Y))
			}
		}
	}
	columns := min(3, int(math.Ceil(math.Sqrt(float64(len(panels))))))
	rows := (len(panels) + columns - 1) / columns
	c := newCanvas(2*margin+columns*(panelWidth+panelGap)-panelGap, 2*margin+rows*(panelHeight+panelGap)-panelGap)
	for i, p := range panels {
		x, y := margin+i%columns*(panelWidth+panelGap), margin+i/columns*(panelHeight+panelGap)
		c.panel(p, image.Rect(x, y, x+panelWidth, y+panelHeight))
	}
	return c.img, nil
}

// panel draws p on area: title and legend above, the diagram below.
func (c *canvas) panel(p Panel, area image.Rectangle) {
	area = c.heading(p.Title, p.Series, area)
	var all []curve.Points
	for _, s := range p.Series {
		all = append(all, curve.Pieces(s.X, s.Y)...)
	}
	bounds, ok := curve.BoundsOf(all)
	if !ok {
		c.noValues(area)
		return
	}
	c.diagram(p, bounds, area)
}

// heading writes title and legend at the top of area and returns what is left of it.
func (c *canvas) heading(title string, series []Series, area image.Rectangle) image.Rectangle {
	if title != "" {
		c.text(area.Min.X, area.Min.Y+titleLine-12, area.Dx(), title, titleStyle, ink)
		area.Min.Y += titleLine
	}
	area.Min.Y += c.seriesLegend(series, area)
	return area
}

// noValues fills area where there is nothing to draw.
func (c *canvas) noValues(area image.Rectangle) {
	const text = "no values yet"
	c.box(area, corner, blank)
	width := c.width(text, noteStyle)
	c.text((area.Min.X+area.Max.X-width)/2, (area.Min.Y+area.Max.Y)/2, width, text, noteStyle, muted)
}

// seriesLegend writes the names of series from the top of area on, over as many lines as they need
// up to a third of it, and returns the height.
func (c *canvas) seriesLegend(series []Series, area image.Rectangle) int {
	x, y := area.Min.X, area.Min.Y
	any := false
	for i, s := range series {
		if s.Name == "" {
			continue
		}
		any = true
		name := c.cut(s.Name, area.Dx()-sampleWidth-8, noteStyle)
		need := sampleWidth + 8 + c.width(name, noteStyle)
		if x > area.Min.X && x+need > area.Max.X {
			x, y = area.Min.X, y+legendLine
		}
		if y+legendLine > area.Min.Y+area.Dy()/3 {
			c.text(x, y-6, area.Dx(), "and more", noteStyle, muted)
			return y - area.Min.Y + 8
		}
		c.sample(i, x, y+legendLine/2-3)
		c.text(x+sampleWidth+8, y+legendLine-10, need, name, noteStyle, ink)
		x += need + legendGap
	}
	if !any {
		return 0
	}
	return y + legendLine + 8 - area.Min.Y
}

// sample draws a piece of the line of series i.
func (c *canvas) sample(i, x, y int) {
	colour, round := colourOf(i)
	on, off := dash(round)
	if off == 0 {
		on = sampleWidth
	}
	for at := 0; at < sampleWidth; at += on + off {
		c.box(image.Rect(x+at, y-1, x+min(at+on, sampleWidth), y+2), 1, colour)
	}
}

// dash returns the pixels on and off of the lines of the given round through the palette; the first is solid.
func dash(round int) (on, off int) {
	switch round % 4 {
	case 1:
		return 9, 4
	case 2:
		return 3, 3
	case 3:
		return 14, 5
	}
	return 1, 0
}
