package figure

import (
	"image"

	"golang.org/x/image/draw"
)

// Measures of sheets, in pixels.
const (
	tile        = 120 // side of a thumbnail
	gap         = 10  // between thumbnails
	margin      = 28  // around the picture
	captionLine = 26  // a caption above its row
	noteLine    = 20  // a line of small text
	rowGap      = 22  // between a row and the next caption
	corner      = 6   // radius of a thumbnail's corners
	narrowest   = 4*tile + 3*gap
)

// thumbnail scales the centre square of img to side x side pixels with Catmull-Rom's kernel; a nil or empty img gives a grey square.
func thumbnail(img image.Image, side int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(out, out.Bounds(), image.NewUniform(blank), image.Point{}, draw.Src)
	if img == nil || img.Bounds().Empty() {
		return out
	}
	draw.CatmullRom.Scale(out, out.Bounds(), img, centreSquare(img.Bounds()), draw.Over, nil)
	return out
}

// centreSquare returns the largest square in the middle of r.
func centreSquare(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	at := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{at, at.Add(image.Pt(side, side))}
}

// picture draws img with round corners on the square at (x, y).
func (c *canvas) picture(img image.Image, x, y, side int) {
	r := image.Rect(x, y, x+side, y+side)
	thumb := thumbnail(img, side)
	thumb.Rect = r // the same pixels in the sheet's coordinates
	c.fill(r, thumb, func(p path) { p.round(r, corner) })
}
