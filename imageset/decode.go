package imageset

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxMemory bounds what decoding one image may take, and, in Prepare, all that are decoded at a time. Ordinary JPEG fits up to 250 megapixels, a
// 16-bit PNG up to 33.
const maxMemory = 384 << 20

// maxSide bounds the side of the square that images are scaled to.
const maxSide = 4096

// Decode reads one image and returns it as size x size pixels: bytes of red, then green, then blue planes [3,size,size], rows from the top. It
// reads JPEG (baseline and progressive; colour, grey and CMYK), PNG (8 and 16 bits), GIF (the first picture), BMP, TIFF and WebP; turns the image
// upright as its EXIF orientation says; lays what is transparent on white. Colour profiles are not applied. An image that is already
// size x size pixels is not resampled.
func Decode(r io.Reader, size int, fit Fit) ([]byte, error) {
	if err := checkTarget(size, fit); err != nil {
		return nil, fmt.Errorf("imageset: decode: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxMemory+1))
	if err != nil {
		return nil, fmt.Errorf("imageset: decode: %w", err)
	}
	e, err := probe(data, size)
	if err != nil {
		return nil, fmt.Errorf("imageset: decode: %w", err)
	}
	pixels, err := e.decode(size, fit)
	if err != nil {
		return nil, fmt.Errorf("imageset: decode: %w", err)
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

// encoded is an image file whose header was read.
type encoded struct {
	data        []byte
	format      string
	config      image.Config
	orientation int
	memory      int64 // that decoding takes, in bytes
}

// probe reads the header, and refuses what is no image or would take too much memory; nothing is allocated for the pixels.
func probe(data []byte, size int) (_ *encoded, err error) {
	defer recovered(&err)
	if len(data) == 0 {
		return nil, errors.New("the file is empty")
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if errors.Is(err, image.ErrFormat) {
		return nil, unknownFormat(data)
	}
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 {
		return nil, fmt.Errorf("%s: %d x %d pixels", format, config.Width, config.Height)
	}
	e := &encoded{data: data, format: format, config: config, orientation: orientation(data, format)}
	perPixel := float64(8) // RGBA, and once more where it must be laid on white
	switch {
	case format == "jpeg":
		head := scanJPEG(data)
		perPixel = head.samples
		if head.progressive { // keeps the coefficients too
			perPixel *= 5
		}
		if config.ColorModel == color.CMYKModel || config.ColorModel == color.RGBAModel {
			perPixel += 8
		}
	case config.ColorModel == color.RGBA64Model || config.ColorModel == color.NRGBA64Model || config.ColorModel == color.Gray16Model:
		perPixel = 12
	}
	// The scaler keeps 4 float64 for each column of the result and row of the image.
	need := perPixel*float64(config.Width)*float64(config.Height) + 32*float64(size)*float64(config.Height) + float64(len(data))
	if need > maxMemory {
		return nil, fmt.Errorf("%s of %d x %d pixels takes %.0f MiB to decode, the limit is %d: scale it down first", format, config.Width, config.Height,
			need/(1<<20), maxMemory>>20)
	}
	e.memory = int64(need)
	return e, nil
}

// unknownFormat says what the file looks like instead.
func unknownFormat(data []byte) error {
	const known = "JPEG, PNG, GIF, BMP, TIFF and WebP are read"
	if len(data) >= 12 && string(data[4:8]) == "ftyp" {
		return fmt.Errorf("a file of type %q (HEIC, AVIF or a video): %s, convert it to one", data[8:12], known)
	}
	return fmt.Errorf("not an image: it starts with %q; %s", data[:min(16, len(data))], known)
}

// decode decodes, scales and turns upright.
func (e *encoded) decode(size int, fit Fit) (pixels []byte, err error) {
	defer recovered(&err)
	img, _, err := image.Decode(bytes.NewReader(e.data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.format, err)
	}
	return planes(square(e.flatten(img), size, fit), e.orientation), nil
}

// recovered turns a decoder's panic into an error: the decoders are others' code and meet broken files here, one of which costs one image, not the run.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the decoder panics: %v", p)
	}
}

// flatten returns an opaque image of a kind that the scaler has fast code for.
func (e *encoded) flatten(img image.Image) image.Image {
	whole := image.Rect(0, 0, e.config.Width, e.config.Height)
	if img.Bounds() == whole {
		switch img := img.(type) {
		case *image.YCbCr:
			if e.format == "webp" {
				return videoRange(img, nil)
			}
			return img
		case *image.NYCbCrA:
			return videoRange(&img.YCbCr, img)
		case *image.Gray:
			return img
		case *image.RGBA:
			if img.Opaque() {
				return img
			}
		case *image.NRGBA:
			if img.Opaque() {
				return img
			}
		}
	}
	out := image.NewRGBA(whole)
	draw.Draw(out, whole, image.White, image.Point{}, draw.Src)
	draw.Draw(out, img.Bounds(), img, img.Bounds().Min, draw.Over)
	return out
}

// keepsJPEG reports a file whose bytes can be stored as they are, as an image of size x size.
func (e *encoded) keepsJPEG(size int) bool {
	return e.format == "jpeg" && e.config.Width == size && e.config.Height == size && e.orientation == 1 && e.config.ColorModel != color.CMYKModel
}
