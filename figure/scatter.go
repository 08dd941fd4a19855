package figure

import (
	"fmt"
	"image"
	"image/color"
	"slices"

	"github.com/dvml/dvml/internal/curve"
)

// Measures of scatter diagrams, in pixels.
const (
	scatterSide = 820
	pointRadius = 4.5
	namedMost   = 14 // the most classes that a legend names
)

// Scatter draws points of the plane, such as embeddings projected on two axes, in the colours of
// their classes, one class a point. Both axes have one scale, so distances compare; the axes
// themselves mean nothing and are left out. Points that are not finite are left out too, and a line
// below says how many. Up to 14 classes are named in a legend; beyond the palette the shape of
// points changes. It returns an error where the lengths of points and classes differ.
func Scatter(points [][2]float64, classes []int, title string) (image.Image, error) {
	if len(points) != len(classes) {
		return nil, fmt.Errorf("figure: scatter: %d points but %d classes; each point needs one", len(points), len(classes))
	}
	top := margin
	if title != "" {
		top += titleLine
	}
	c := newCanvas(scatterSide+2*margin, scatterSide+margin+top+legendLine*2)
	c.text(margin, top-12, scatterSide, title, titleStyle, ink)
	names := slices.Compact(slices.Sorted(slices.Values(classes)))
	order := make(map[int]int, len(names))
	for i, class := range names {
		order[class] = i
	}
	area := image.Rect(margin, top, margin+scatterSide, top+scatterSide)
	c.box(area, corner, color.RGBA{247, 248, 250, 255})
	shown := c.points(points, func(i int) int { return order[classes[i]] }, area.Inset(margin))
	c.scatterLegend(names, margin, area.Max.Y+12)
	if hidden := len(points) - shown; hidden > 0 || shown == 0 {
		c.text(margin, area.Max.Y+2*legendLine+6, scatterSide, fmt.Sprintf("%d of %d points have finite coordinates", shown, len(points)), noteStyle, muted)
	}
	return c.img, nil
}

// points draws the drawable points, scaled alike on both axes and centred in area, and returns their number.
func (c *canvas) points(points [][2]float64, class func(i int) int, area image.Rectangle) int {
	low, high := [2]float64{}, [2]float64{}
	var shown []int
	for i, p := range points {
		if !curve.Drawable(p[0]) || !curve.Drawable(p[1]) {
			continue
		}
		for axis, v := range p {
			if len(shown) == 0 {
				low[axis], high[axis] = v, v
			}
			low[axis], high[axis] = min(low[axis], v), max(high[axis], v)
		}
		shown = append(shown, i)
	}
	scale := 0.0 // all points are one
	if extent := max(high[0]-low[0], high[1]-low[1]); extent > 0 {
		scale = float64(area.Dx()) / extent
	}
	cx, cy := float64(area.Min.X+area.Max.X)/2, float64(area.Min.Y+area.Max.Y)/2
	for _, i := range shown {
		x := cx + (points[i][0]-low[0]-(high[0]-low[0])/2)*scale
		y := cy - (points[i][1]-low[1]-(high[1]-low[1])/2)*scale
		c.point(class(i), x, y)
	}
	return len(shown)
}

// point draws a point of class i, half transparent within a pale rim, so that crowds show.
func (c *canvas) point(i int, x, y float64) {
	colour, round := colourOf(i)
	box := image.Rect(int(x)-8, int(y)-8, int(x)+9, int(y)+9)
	c.fill(box, image.NewUniform(color.NRGBA{255, 255, 255, 200}), func(p path) { p.shape(round, x, y, pointRadius+1) })
	c.fill(box, image.NewUniform(color.NRGBA{colour.R, colour.G, colour.B, 215}), func(p path) { p.shape(round, x, y, pointRadius) })
}

// shape adds the outline of points of the given round through the palette, of about the same area each.
func (p path) shape(round int, x, y, r float64) {
	switch round % 4 {
	case 0:
		p.circle(x, y, r)
	case 1:
		s := 0.9 * r
		p.polygon(x-s, y-s, x+s, y-s, x+s, y+s, x-s, y+s)
	case 2:
		s := 1.3 * r
		p.polygon(x, y-s, x+s, y+0.75*s, x-s, y+0.75*s)
	case 3:
		s := 1.3 * r
		p.polygon(x, y-s, x+s, y, x, y+s, x-s, y)
	}
}

// scatterLegend names the classes over two lines, or says how many there are.
func (c *canvas) scatterLegend(names []int, x, y int) {
	if len(names) > namedMost {
		c.text(x, y+14, scatterSide, fmt.Sprintf("%d classes", len(names)), noteStyle, muted)
		return
	}
	const columns = namedMost / 2
	for i, class := range names {
		left, top := x+i%columns*(scatterSide/columns), y+i/columns*legendLine
		c.point(i, float64(left)+6, float64(top)+9)
		c.text(left+18, top+14, scatterSide/columns-20, fmt.Sprintf("class %d", class), noteStyle, ink)
	}
}
