package figure

import (
	"image"

	"golang.org/x/image/draw"
)

// Sprite lays thumbnails of thumb x thumb pixels, at least 1, row by row on the smallest square grid that holds them all, without gaps, as
// TensorBoard's projector reads them. Places left over are white. The projector takes at most 8192 pixels a side.
func Sprite(images []image.Image, thumb int) image.Image {
	thumb = max(thumb, 1)
	side := 1
	for side*side < len(images) {
		side++
	}
	c := newCanvas(side*thumb, side*thumb)
	for i, img := range images {
		at := image.Pt(i%side*thumb, i/side*thumb)
		draw.Draw(c.img, image.Rectangle{at, at.Add(image.Pt(thumb, thumb))}, thumbnail(img, thumb), image.Point{}, draw.Src)
	}
	return c.img
}
