package figure

import (
	"image"
	"image/color"
	"math"

	"golang.org/x/image/draw"
	"golang.org/x/image/font"
	"golang.org/x/image/vector"
)

// canvas is a picture in the making, white at first.
type canvas struct {
	img   *image.RGBA
	faces map[style]font.Face
}

func newCanvas(width, height int) *canvas {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height)), faces: map[style]font.Face{}}
	draw.Draw(c.img, c.img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	return c
}

// message returns a small picture that only says text, for input that has nothing to draw.
func message(text string) image.Image {
	c := newCanvas(1, 1)
	width := c.width(text, noteStyle)
	c = newCanvas(width+2*margin, 2*margin+noteLine)
	c.text(margin, margin+noteLine-5, width, text, noteStyle, muted)
	return c.img
}

// path outlines a shape in the picture's coordinates; it is filled with antialiased edges.
type path struct {
	raster *vector.Rasterizer
	origin image.Point
}

// fill fills the shape that outline draws inside box, which bounds the work, with src aligned to the picture's coordinates.
func (c *canvas) fill(box image.Rectangle, src image.Image, outline func(p path)) {
	box = box.Intersect(c.img.Bounds())
	if box.Empty() {
		return
	}
	raster := vector.NewRasterizer(box.Dx(), box.Dy())
	raster.DrawOp = draw.Over
	outline(path{raster, box.Min})
	raster.Draw(c.img, box, src, box.Min)
}

func (p path) move(x, y float64) {
	p.raster.MoveTo(float32(x-float64(p.origin.X)), float32(y-float64(p.origin.Y)))
}

func (p path) line(x, y float64) {
	p.raster.LineTo(float32(x-float64(p.origin.X)), float32(y-float64(p.origin.Y)))
}

// polygon adds a closed outline through (x, y) pairs.
func (p path) polygon(xy ...float64) {
	p.move(xy[0], xy[1])
	for i := 2; i+1 < len(xy); i += 2 {
		p.line(xy[i], xy[i+1])
	}
	p.raster.ClosePath()
}

// arc adds points of a circle about (x, y) from angle a to b, in radians with y downward.
func (p path) arc(x, y, radius, a, b float64) {
	const steps = 12
	for i := range steps + 1 {
		t := a + (b-a)*float64(i)/steps
		p.line(x+radius*math.Cos(t), y+radius*math.Sin(t))
	}
}

// round adds a rectangle with round corners.
func (p path) round(r image.Rectangle, radius float64) {
	x0, y0, x1, y1 := float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)
	p.move(x0, y0+radius)
	p.arc(x0+radius, y0+radius, radius, math.Pi, 1.5*math.Pi)
	p.arc(x1-radius, y0+radius, radius, -0.5*math.Pi, 0)
	p.arc(x1-radius, y1-radius, radius, 0, 0.5*math.Pi)
	p.arc(x0+radius, y1-radius, radius, 0.5*math.Pi, math.Pi)
	p.raster.ClosePath()
}

// circle adds a circle.
func (p path) circle(x, y, radius float64) {
	p.move(x+radius, y)
	p.arc(x, y, radius, 0, math.Pi)
	p.arc(x, y, radius, math.Pi, 2*math.Pi)
	p.raster.ClosePath()
}

// stroke adds a straight line of the given width. It winds as circles do, so that the two may overlap.
func (p path) stroke(x0, y0, x1, y1, width float64) {
	length := math.Hypot(x1-x0, y1-y0)
	if length == 0 {
		return
	}
	dx, dy := (x1-x0)/length*width/2, (y1-y0)/length*width/2
	p.polygon(x0+dy, y0-dx, x1+dy, y1-dx, x1-dy, y1+dx, x0-dy, y0+dx)
}

// box fills a rectangle with round corners.
func (c *canvas) box(r image.Rectangle, radius float64, colour color.Color) {
	c.fill(r, image.NewUniform(colour), func(p path) { p.round(r, radius) })
}
