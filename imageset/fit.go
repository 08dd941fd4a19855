package imageset

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strings"

	"golang.org/x/image/draw"
)

// Fit says how an image of any shape becomes a square.
type Fit int

// The fits.
const (
	Stretch Fit = iota // both sides are scaled to the square's; the aspect is not kept. What the published results for this task do
	Crop               // the middle of the longer side is kept
	Pad                // the whole image is kept, and grey (128,128,128) fills the rest
)

var fits = [...]string{Stretch: "stretch", Crop: "crop", Pad: "pad"}

// String returns the name that ParseFit takes.
func (f Fit) String() string {
	if f < 0 || int(f) >= len(fits) {
		return fmt.Sprintf("Fit(%d)", int(f))
	}
	return fits[f]
}

// ParseFit returns the fit of a name: stretch, crop or pad; "" is stretch.
func ParseFit(name string) (Fit, error) {
	if name == "" {
		return Stretch, nil
	}
	for f, n := range fits {
		if n == name {
			return Fit(f), nil
		}
	}
	return 0, fmt.Errorf("imageset: unknown fit %q: one of %s", name, strings.Join(fits[:], ", "))
}

// rectangles returns which part of an image of w x h pixels goes to which part of the square.
func (f Fit) rectangles(w, h, size int) (from, to image.Rectangle) {
	from, to = image.Rect(0, 0, w, h), image.Rect(0, 0, size, size)
	switch f {
	case Crop:
		side := min(w, h)
		from = centred(w, h, side, side)
	case Pad:
		scale := float64(size) / float64(max(w, h))
		to = centred(size, size, max(1, int(math.Round(float64(w)*scale))), max(1, int(math.Round(float64(h)*scale))))
	}
	return from, to
}

// centred returns a w x h rectangle in the middle of one of outerW x outerH.
func centred(outerW, outerH, w, h int) image.Rectangle {
	x, y := (outerW-w)/2, (outerH-h)/2
	return image.Rect(x, y, x+w, y+h)
}

// square scales an opaque image. The kernel is Catmull-Rom's, widened when it scales down so that every source pixel counts (no aliasing), as in
// Pillow's bicubic resize. An image that has the size already is only copied.
func square(img image.Image, size int, fit Fit) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, size, size))
	b := img.Bounds()
	from, to := fit.rectangles(b.Dx(), b.Dy(), size)
	if to != out.Rect {
		draw.Draw(out, out.Rect, image.NewUniform(color.Gray{Y: 128}), image.Point{}, draw.Src)
	}
	from = from.Add(b.Min)
	if from.Size() == to.Size() {
		draw.Draw(out, to, img, from.Min, draw.Src)
	} else {
		draw.CatmullRom.Scale(out, to, img, from, draw.Src, nil)
	}
	return out
}

// planes turns a square upright and splits it into red, green and blue [3,size,size]. The orientation is EXIF's, 1 to 8.
func planes(img *image.RGBA, orientation int) []byte {
	size := img.Rect.Dx()
	last, area := size-1, size*size
	out := make([]byte, 3*area)
	for y := range size {
		for x := range size {
			u, v := x, y // where the pixel is in img
			switch orientation {
			case 2:
				u, v = last-x, y
			case 3:
				u, v = last-x, last-y
			case 4:
				u, v = x, last-y
			case 5:
				u, v = y, x
			case 6:
				u, v = y, last-x
			case 7:
				u, v = last-y, last-x
			case 8:
				u, v = last-y, x
			}
			p := img.Pix[v*img.Stride+4*u:][:3]
			at := y*size + x
			out[at], out[area+at], out[2*area+at] = p[0], p[1], p[2]
		}
	}
	return out
}
