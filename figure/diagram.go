package figure

import (
	"image"
	"image/color"
	imagedraw "image/draw"
	"sync"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/dvml/dvml/internal/curve"
)

// dpi makes one pixel three quarters of a point, the unit of gonum.org/v1/plot.
const dpi = 96

func pixels(n float64) vg.Length { return vg.Length(n) * vg.Inch / dpi }

// handler sets text in the Go font without touching gonum's global fonts.
var handler = sync.OnceValue(func() text.Handler {
	return text.Plain{Fonts: font.NewCache(font.Collection{{Font: font.Font{Typeface: "Go"}, Face: fonts()[0]}})}
})

// diagram draws the axes and curves of p, over the range r, on area.
func (c *canvas) diagram(p Panel, r curve.Bounds, area image.Rectangle) error {
	d := c.axes(p.XLabel, p.YLabel, area)
	dashed := draw.LineStyle{Color: muted, Width: pixels(1), Dashes: []vg.Length{pixels(4), pixels(4)}}
	for _, x := range p.Marks {
		if x < r.X0 || x > r.X1 || !curve.Drawable(x) {
			continue
		}
		if err := addLine(d, curve.Points{{X: x, Y: r.Y0}, {X: x, Y: r.Y1}}, dashed); err != nil {
			return err
		}
	}
	for i, s := range p.Series {
		if err := addSeries(d, i, s); err != nil {
			return err
		}
	}
	c.render(d, r, area)
	return nil
}

// axes returns a diagram without data, with a horizontal grid, for area.
func (c *canvas) axes(xLabel, yLabel string, area image.Rectangle) *plot.Plot {
	d := plot.New()
	d.TextHandler = handler()
	d.BackgroundColor = nil
	dress(&d.X, c.cut(xLabel, area.Dx()-2*margin, noteStyle))
	dress(&d.Y, c.cut(yLabel, area.Dy()-2*margin, noteStyle))
	d.Y.LineStyle.Width, d.Y.Tick.Length = 0, 0
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal = draw.LineStyle{Color: rule, Width: pixels(1)}
	d.Add(grid)
	return d
}

// render draws d over the range r on area.
func (c *canvas) render(d *plot.Plot, r curve.Bounds, area image.Rectangle) {
	d.X.Min, d.X.Max, d.Y.Min, d.Y.Max = r.X0, r.X1, r.Y0, r.Y1
	size := vgimg.UseWH(pixels(float64(area.Dx())), pixels(float64(area.Dy())))
	target := vgimg.NewWith(size, vgimg.UseDPI(dpi))
	d.Draw(draw.New(target))
	imagedraw.Draw(c.img, area, target.Image(), target.Image().Bounds().Min, imagedraw.Src)
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
	var dots curve.Points
	for _, piece := range curve.Pieces(s.X, s.Y) {
		if len(piece) == 1 || len(s.X) <= curve.Few {
			dots = append(dots, piece...)
		}
		if len(piece) == 1 {
			continue
		}
		if len(piece) > curve.Many {
			noise := draw.LineStyle{Color: color.NRGBA{colour.R, colour.G, colour.B, 80}, Width: pixels(1)}
			if err := addLine(d, curve.Thin(piece, curve.Most), noise); err != nil {
				return err
			}
			piece = curve.MovingMean(piece)
		}
		if err := addLine(d, piece, style); err != nil {
			return err
		}
	}
	if len(dots) == 0 {
		return nil
	}
	scatter, err := plotter.NewScatter(dots)
	if err != nil {
		return err
	}
	scatter.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: pixels(3.5), Shape: draw.CircleGlyph{}}
	d.Add(scatter)
	return nil
}

func addLine(d *plot.Plot, points curve.Points, style draw.LineStyle) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.LineStyle = style
	d.Add(line)
	return nil
}

// ticker places ticks for gonum.
type ticker struct{}

// Ticks implements plot.Ticker.
func (ticker) Ticks(low, high float64) (ticks []plot.Tick) {
	for _, t := range curve.Ticks(low, high) {
		ticks = append(ticks, plot.Tick{Value: t.Value, Label: t.Label})
	}
	return ticks
}
