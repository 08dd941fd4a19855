package imageset

import (
	"fmt"
	"image"
	"image/draw"
)

// Planes is Decode of an image that is decoded and upright: it becomes size x size pixels, bytes of red, then green, then blue planes
// [3,size,size]. What is transparent is laid on white.
func Planes(img image.Image, size int, fit Fit) ([]byte, error) {
	if err := checkTarget(size, fit); err != nil {
		return nil, err
	}
	b := img.Bounds()
	if b.Empty() {
		return nil, fmt.Errorf("the image has %d x %d pixels", b.Dx(), b.Dy())
	}
	if b.Min != (image.Point{}) {
		moved := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(moved, moved.Rect, img, b.Min, draw.Src)
		img = moved
	}
	e := &encoded{header: header{w: b.Dx(), h: b.Dy()}}
	return planes(square(e.flatten(img), size, fit), 1), nil
}
