package imageset

import (
	"errors"
	"image"
	"slices"

	"github.com/dvml/dvml/imageset/archive"
)

// List finds every image in a folder on disk and below it, whatever its folders mean: their paths seen from there, with slashes, in order; and what else it
// met.
func List(folder string) (images []string, left []Left, err error) {
	w := &walk{source: source{FS: &archive.Overlay{FS: newDisk(folder)}, place: folder, disk: folder}}
	top, err := w.top()
	if err != nil {
		return nil, nil, err
	}
	top.each(func(d *dir) { images = append(images, d.images...) })
	slices.Sort(images)
	return images, w.left, nil
}

// each calls use for a folder and all in it.
func (d *dir) each(use func(*dir)) {
	use(d)
	for _, inner := range d.dirs {
		inner.each(use)
	}
}

// Size returns the width and height in pixels of an image file, as it is looked at: turned upright.
func Size(data []byte) (width, height int, err error) {
	e, err := probe(data, 1)
	if err != nil {
		return 0, 0, err
	}
	if e.orientation >= 5 {
		return e.header.h, e.header.w, nil
	}
	return e.header.w, e.header.h, nil
}

// DecodeWhole reads one image at its own size, upright, what is transparent laid on white: a part of it, given to Planes, is prepared as Decode prepares
// the whole.
func DecodeWhole(data []byte) (_ *image.RGBA, err error) {
	defer recovered(&err)
	e, err := probe(data, 1)
	if err != nil {
		return nil, err
	}
	img, err := decoders[e.format].decode(e.data)
	if err != nil {
		return nil, defect(e.format, e.data, err)
	}
	flat := e.flatten(img)
	b := flat.Bounds()
	if b.Empty() {
		return nil, errors.New("the image has no pixels")
	}
	whole := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			whole.Set(x, y, flat.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return turned(whole, e.orientation), nil
}

// turned turns an image upright, from EXIF's orientation.
func turned(img *image.RGBA, orientation int) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	width, height := w, h
	if orientation >= 5 {
		width, height = h, w
	}
	if orientation < 2 || orientation > 8 {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v := x, y // where the pixel is in img
			switch orientation {
			case 2:
				u = w - 1 - x
			case 3:
				u, v = w-1-x, h-1-y
			case 4:
				v = h - 1 - y
			case 5:
				u, v = y, x
			case 6:
				u, v = y, h-1-x
			case 7:
				u, v = w-1-y, h-1-x
			case 8:
				u, v = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], img.Pix[img.PixOffset(u, v):][:4])
		}
	}
	return out
}
