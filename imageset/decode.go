package imageset

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"io"
	"strings"
)

// maxMemory bounds what decoding one image may take, and, in Prepare, all that are decoded at a time. Ordinary JPEG fits up to 250 megapixels, a
// 16-bit PNG up to 33.
const maxMemory = 384 << 20

// ErrTooLarge is wrapped by the error for an image that would take too much memory to decode.
var ErrTooLarge = errors.New("scale it down first")

// maxSide bounds the side of the square that images are scaled to.
const maxSide = 4096

// Decode reads one image and returns it as size x size pixels: bytes of red, then green, then blue planes [3,size,size], rows
// from the top. It reads JPEG (baseline and progressive; colour, grey and CMYK), PNG, GIF and WebP (of an animation the first
// picture), BMP, TIFF and BigTIFF (the first page), PBM, PGM and PPM, HEIC and AVIF; turns the image upright as its metadata
// say; lays what is transparent on white. Colour profiles are not applied. An image that is already size x size pixels is not
// resampled. What Pillow reads has the pixels that Pillow reads, but for JPEG, HEIC and AVIF, whose decoders differ by little.
func Decode(r io.Reader, size int, fit Fit) ([]byte, error) {
	if err := checkTarget(size, fit); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxMemory+1))
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	e, err := probe(data, size)
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	pixels, err := e.decode(size, fit)
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return pixels, nil
}

func checkTarget(size int, fit Fit) error {
	if size < 1 || size > maxSide {
		return fmt.Errorf("size %d: 1 to %d pixels", size, maxSide)
	}
	if fit < Stretch || fit > Pad {
		return fmt.Errorf("unknown fit %d", int(fit))
	}
	return nil
}

// header is what the head of an image file says.
type header struct {
	w, h     int
	perPixel float64 // bytes that decoding takes, of each pixel
	base     int64   // and beside the pixels
	cmyk     bool
}

// decoder reads a format, by what kind returns.
type decoder struct {
	config func(data []byte) (header, error)
	decode func(data []byte) (image.Image, error)
}

var decoders = map[string]decoder{
	"jpeg": {jpegConfig, decodeJPEG},
	"png":  {pngConfig, decodePNG},
	"gif":  {gifConfig, decodeGIF},
	"bmp":  {bmpConfig, decodeBMP},
	"tiff": {tiffConfig, decodeTIFF},
	"webp": {webpConfig, decodeWebP},
	"pnm":  {pnmConfig, decodePNM},
	"heic": {heicConfig, decodeHEIC},
	"avif": {avifConfig, decodeAVIF},
}

// encoded is an image file whose header was read.
type encoded struct {
	data        []byte
	format      string
	header      header
	orientation int
	memory      int64 // that decoding takes, in bytes
}

// probe reads the header, and refuses what is not an image or would take too much memory; nothing is allocated for the pixels.
func probe(data []byte, size int) (_ *encoded, err error) {
	defer recovered(&err)
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	format := kind(data[:min(sniffed, len(data))])
	d, known := decoders[format]
	switch {
	case format == "":
		return nil, fmt.Errorf("not an image: it starts with %q", data[:min(16, len(data))])
	case !known:
		return nil, unsupported("%s", strings.ToUpper(format))
	}
	h, err := d.config(data)
	if err != nil {
		return nil, defect(format, data, err)
	}
	if h.w < 1 || h.h < 1 {
		return nil, defect(format, data, damaged("%d x %d pixels", h.w, h.h))
	}
	// The scaler keeps 4 float64 for each column of the result and row of the image.
	need := h.perPixel*float64(h.w)*float64(h.h) + 32*float64(size)*float64(h.h) + float64(len(data)) + float64(h.base)
	if need > maxMemory {
		return nil, fmt.Errorf("%s of %d x %d pixels takes %.0f MiB to decode, the limit is %d: %w", format, h.w, h.h, need/(1<<20), maxMemory>>20, ErrTooLarge)
	}
	return &encoded{data: data, format: format, header: h, orientation: orientation(data, format), memory: int64(need)}, nil
}

// decode decodes, scales and turns upright.
func (e *encoded) decode(size int, fit Fit) (pixels []byte, err error) {
	defer recovered(&err)
	img, err := decoders[e.format].decode(e.data)
	if err != nil {
		return nil, defect(e.format, e.data, err)
	}
	return planes(square(e.flatten(img), size, fit), e.orientation), nil
}

// recovered turns a decoder's panic into an error: the decoders are others' code and meet broken files here, one of which costs one image, not the run.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = damaged("the decoder panics: %v", p)
	}
}

// flatten returns an opaque image of a kind that the scaler has fast code for: what is transparent, or lies outside of the
// picture, is white.
func (e *encoded) flatten(img image.Image) image.Image {
	all := image.Rect(0, 0, e.header.w, e.header.h)
	if img.Bounds() == all {
		switch img := img.(type) {
		case *image.Gray:
			return img
		case *image.YCbCr:
			if e.format != "heic" { // whose samples libheif repeats
				return colours(img)
			}
		case *image.NRGBA:
			if img.Opaque() {
				return &image.RGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
			}
		case *image.RGBA:
			if img.Opaque() {
				return img
			}
		}
	}
	out := image.NewRGBA(all)
	draw.Draw(out, all, image.White, image.Point{}, draw.Src)
	from := straight(img)
	on := from.Rect.Intersect(all)
	for y := on.Min.Y; y < on.Max.Y; y++ {
		for x := on.Min.X; x < on.Max.X; x++ {
			p, q := from.Pix[from.PixOffset(x, y):][:4], out.Pix[out.PixOffset(x, y):][:3]
			for c := range 3 {
				q[c] = onWhite(int(p[c]), int(p[3]))
			}
		}
	}
	return out
}

// onWhite lays a colour on white, rounded as Pillow's alpha_composite rounds.
func onWhite(colour, alpha int) byte {
	v := colour*128*alpha + 255*128*(255-alpha) + 128<<7
	return byte((v>>8 + v) >> 8 >> 7)
}

// straight returns an image as 8 bits of red, green, blue and alpha that the colours are not multiplied with. Of 16 bits the
// high ones stay.
func straight(img image.Image) *image.NRGBA {
	b := img.Bounds()
	out := image.NewNRGBA(b)
	set := func(at func(x, y int) [4]byte) {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				p := at(x, y)
				copy(out.Pix[out.PixOffset(x, y):], p[:])
			}
		}
	}
	switch img := img.(type) {
	case *image.NRGBA:
		return img
	case *image.YCbCr:
		set(func(x, y int) [4]byte {
			luma, chroma := img.YOffset(x, y), img.COffset(x, y)
			r, g, b := color.YCbCrToRGB(img.Y[luma], img.Cb[chroma], img.Cr[chroma])
			return [4]byte{r, g, b, 255}
		})
	case *image.NRGBA64:
		set(func(x, y int) [4]byte {
			p := img.Pix[img.PixOffset(x, y):]
			return [4]byte{p[0], p[2], p[4], p[6]}
		})
	case *image.Paletted:
		colours := make([][4]byte, 256)
		for i, c := range img.Palette {
			n := color.NRGBAModel.Convert(c).(color.NRGBA)
			colours[i] = [4]byte{n.R, n.G, n.B, n.A}
		}
		set(func(x, y int) [4]byte { return colours[img.ColorIndexAt(x, y)] })
	case *image.CMYK:
		set(func(x, y int) [4]byte {
			p := img.Pix[img.PixOffset(x, y):]
			return fromCMYK(p[0], p[1], p[2], p[3])
		})
	default:
		set(func(x, y int) [4]byte {
			n := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			return [4]byte{n.R, n.G, n.B, n.A}
		})
	}
	return out
}

// keepsJPEG reports a file whose bytes can be stored as they are, as an image of size x size.
func (e *encoded) keepsJPEG(size int) bool {
	return e.format == "jpeg" && e.header.w == size && e.header.h == size && e.orientation == 1 && !e.header.cmyk
}
