package figure

import (
	"image"
	"image/color"
	"sync"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// dpi makes one pixel three quarters of a point, the unit of gonum.org/v1/plot.
const dpi = 96

func pixels(n float64) vg.Length { return vg.Length(n) * vg.Inch / dpi }

// most is the number of points of a curve that are drawn, and few that up to which each is a dot as well.
const (
	most = 1400
	few  = 40
)

// handler sets text in the Go font without touching gonum's global fonts.
var handler = sync.OnceValue(func() text.Handler {
	return text.Plain{Fonts: font.NewCache(font.Collection{{Font: font.Font{Typeface: "Go"}, Face: fonts()[0]}})}
})

// diagram draws the axes and curves of p, over the range r, on area.
func (c *canvas) diagram(p Panel, r bounds, area image.Rectangle) error {
	d := plot.New()
	d.TextHandler = handler()
	d.BackgroundColor = nil
	dress(&d.X, c.cut(p.XLabel, area.Dx()-2*margin, noteStyle))
	dress(&d.Y, c.cut(p.YLabel, area.Dy()-2*margin, noteStyle))
	d.Y.LineStyle.Width, d.Y.Tick.Length = 0, 0

	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: rule, Width: pixels(1)}
	d.Add(grid)
	for _, x := range p.Marks {
		if x < r.x0 || x > r.x1 || !drawable(x) {
			continue
		}
		line, err := plotter.NewLine(plotter.XYs{{X: x, Y: r.y0}, {X: x, Y: r.y1}})
		if err != nil {
			return err
		}
		line.LineStyle = draw.LineStyle{Color: muted, Width: pixels(1), Dashes: []vg.Length{pixels(4), pixels(4)}}
		d.Add(line)
	}
	for i, s := range p.Series {
		if err := addSeries(d, i, s); err != nil {
			return err
		}
	}
	d.X.Min, d.X.Max, d.Y.Min, d.Y.Max = r.x0, r.x1, r.y0, r.y1

	sheet := c.img.Bounds()
	canvas := draw.New(vgimg.NewWith(vgimg.UseImage(c.img), vgimg.UseDPI(dpi)))
	canvas.Rectangle = vg.Rectangle{ // y grows upward there
		Min: vg.Point{X: pixels(float64(area.Min.X)), Y: pixels(float64(sheet.Max.Y - area.Max.Y))},
		Max: vg.Point{X: pixels(float64(area.Max.X)), Y: pixels(float64(sheet.Max.Y - area.Min.Y))},
	}
	d.Draw(canvas)
	return nil
}

// dress sets the fonts, colours and ticks of an axis.
func dress(a *plot.Axis, label string) {
	a.Padding = 0
	a.LineStyle = draw.LineStyle{Color: muted, Width: pixels(1)}
	a.Tick.LineStyle = a.LineStyle
	a.Tick.Length = pixels(5)
	a.Tick.Marker = ticker{}
	a.Label.Text = label
	a.Label.Padding = pixels(6)
	for _, s := range []*text.Style{&a.Label.TextStyle, &a.Tick.Label} {
		s.Handler = handler()
		s.Color = muted
		s.Font = font.Font{Typeface: "Go", Size: pixels(13.5)}
	}
}

// addSeries adds the curve of series i, the pieces between gaps each as a line, and dots where a piece is one point or points are few.
func addSeries(d *plot.Plot, i int, s Series) error {
	colour, round := colourOf(i)
	style := draw.LineStyle{Color: colour, Width: pixels(2)}
	if on, off := dash(round); off > 0 {
		style.Dashes = []vg.Length{pixels(float64(on)), pixels(float64(off))}
	}
	var dots plotter.XYs
	for _, piece := range pieces(s) {
		if len(piece) == 1 || len(s.X) <= few {
			dots = append(dots, piece...)
		}
		if len(piece) == 1 {
			continue
		}
		line, err := plotter.NewLine(thin(piece, most))
		if err != nil {
			return err
		}
		line.LineStyle = style
		d.Add(line)
	}
	if len(dots) == 0 {
		return nil
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: color.Color(colour), Radius: pixels(3.5), Shape: draw.CircleGlyph{}}
	d.Add(scatter)
	return nil
}
