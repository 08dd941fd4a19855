package figure

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	"github.com/dvml/dvml/internal/curve"
)

// Measures of axes, in pixels.
const (
	tickLength = 5
	tickGap    = 7  // between an axis and the numbers of its ticks
	labelGap   = 10 // between these numbers and the axis's label
	digits     = 10 // the height of a number
	dotRadius  = 3.5
)

// diagram draws the axes and curves of p, over the range r, on area.
func (c *canvas) diagram(p Panel, r curve.Bounds, area image.Rectangle) {
	f := c.axes(p.XLabel, p.YLabel, r, area)
	for _, x := range p.Marks {
		if x < r.X0 || x > r.X1 || !curve.Drawable(x) {
			continue
		}
		mark := curve.Points{{X: x, Y: r.Y0}, {X: x, Y: r.Y1}}
		c.line(f, mark, 1, [2]int{4, 4}, muted)
	}
	for i, s := range p.Series {
		c.series(f, i, s)
	}
}

// plane places the range of a diagram in the picture.
type plane struct {
	curve.Bounds
	area image.Rectangle
}

func (f plane) x(v float64) float64 {
	return float64(f.area.Min.X) + float64(f.area.Dx())*((v-f.X0)/(f.X1-f.X0))
}

func (f plane) y(v float64) float64 {
	return float64(f.area.Max.Y) - float64(f.area.Dy())*((v-f.Y0)/(f.Y1-f.Y0))
}

// axes draws a horizontal grid, the x axis and the numbers and labels of both, and returns what is left of area for the curves.
func (c *canvas) axes(xLabel, yLabel string, r curve.Bounds, area image.Rectangle) plane {
	f := plane{r, area}
	f.area.Max.Y -= tickGap + digits
	if xLabel = c.cut(xLabel, area.Dx()-2*margin, noteStyle); xLabel != "" {
		f.area.Max.Y -= labelGap + digits
	}
	xTicks, yTicks := curve.Ticks(r.X0, r.X1), curve.Ticks(r.Y0, r.Y1)
	widest := 0
	for i, t := range yTicks {
		yTicks[i].Label = strings.ReplaceAll(t.Label, "-", "−")
		widest = max(widest, c.width(yTicks[i].Label, noteStyle))
	}
	f.area.Min.X += widest + tickGap
	f.area.Min.Y += digits/2 + 1
	if yLabel = c.cut(yLabel, area.Dy()-2*margin, noteStyle); yLabel != "" {
		f.area.Min.X += labelGap + digits
		c.upward(area.Min.X+digits, (f.area.Min.Y+f.area.Max.Y+c.width(yLabel, noteStyle))/2, yLabel, noteStyle, muted)
	}
	if n := len(xTicks); n > 0 { // the last number may reach beyond the axis
		last := xTicks[n-1]
		f.area.Max.X -= max(0, int(f.x(last.Value))+c.width(last.Label, noteStyle)/2+1-area.Max.X)
	}
	for _, t := range yTicks {
		y := int(f.y(t.Value))
		c.bar(image.Rect(f.area.Min.X, y, f.area.Max.X, y+1), rule)
		width := c.width(t.Label, noteStyle)
		c.text(f.area.Min.X-tickGap-width, y+digits/2, width, t.Label, noteStyle, muted)
	}
	c.bar(image.Rect(f.area.Min.X, f.area.Max.Y, f.area.Max.X+1, f.area.Max.Y+1), muted)
	for _, t := range xTicks {
		x, label := int(f.x(t.Value)), strings.ReplaceAll(t.Label, "-", "−")
		c.bar(image.Rect(x, f.area.Max.Y, x+1, f.area.Max.Y+tickLength), muted)
		width := c.width(label, noteStyle)
		c.text(x-width/2, f.area.Max.Y+tickGap+digits, width, label, noteStyle, muted)
	}
	width := c.width(xLabel, noteStyle)
	c.text((f.area.Min.X+f.area.Max.X-width)/2, area.Max.Y-2, width, xLabel, noteStyle, muted)
	return f
}

// bar fills r with sharp edges.
func (c *canvas) bar(r image.Rectangle, colour color.Color) {
	draw.Draw(c.img, r, image.NewUniform(colour), image.Point{}, draw.Over)
}

// series draws the curve of series i, the pieces between gaps each as a line, and dots where a piece is one point or points are few.
func (c *canvas) series(f plane, i int, s Series) {
	colour, round := colourOf(i)
	on, off := dash(round)
	var dots curve.Points
	for _, piece := range curve.Pieces(s.X, s.Y) {
		if len(piece) == 1 || len(s.X) <= curve.Few {
			dots = append(dots, piece...)
		}
		if len(piece) > curve.Many {
			c.line(f, curve.Thin(piece, curve.Most), 1, [2]int{}, color.NRGBA{colour.R, colour.G, colour.B, 80})
			piece = curve.MovingMean(piece)
		}
		c.line(f, piece, 2, [2]int{on, off}, colour)
	}
	c.dots(f, dots, colour)
}

// line draws a line of the given width through points, with round joins and, where dashes[1] is
// above 0, dashes of that many pixels on and off.
func (c *canvas) line(f plane, points curve.Points, width float64, dashes [2]int, colour color.Color) {
	c.fill(f.area.Inset(-2), image.NewUniform(colour), func(p path) {
		at := 0.0 // pixels from the line's beginning
		for i := range len(points) - 1 {
			x0, y0, x1, y1 := f.x(points[i].X), f.y(points[i].Y), f.x(points[i+1].X), f.y(points[i+1].Y)
			if dashes[1] == 0 {
				p.stroke(x0, y0, x1, y1, width)
				if width > 1 && i > 0 {
					p.circle(x0, y0, width/2)
				}
				continue
			}
			at = p.dashed(x0, y0, x1, y1, width, at, dashes)
		}
	})
}

// dashed adds the piece of a dashed line that begins at pixels from the line's beginning, and returns where it ends.
func (p path) dashed(x0, y0, x1, y1, width, at float64, dashes [2]int) float64 {
	length := math.Hypot(x1-x0, y1-y0)
	on, period := float64(dashes[0]), float64(dashes[0]+dashes[1])
	for from := math.Floor(at/period) * period; from < at+length; from += period {
		a, b := max(from, at)-at, min(from+on, at+length)-at
		if a < b {
			p.stroke(x0+(x1-x0)*a/length, y0+(y1-y0)*a/length, x0+(x1-x0)*b/length, y0+(y1-y0)*b/length, width)
		}
	}
	return at + length
}

// dots draws points as discs.
func (c *canvas) dots(f plane, points curve.Points, colour color.Color) {
	for _, q := range points {
		x, y := f.x(q.X), f.y(q.Y)
		box := image.Rect(int(x-dotRadius)-1, int(y-dotRadius)-1, int(x+dotRadius)+2, int(y+dotRadius)+2)
		c.fill(box, image.NewUniform(colour), func(p path) { p.circle(x, y, dotRadius) })
	}
}
