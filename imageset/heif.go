package imageset

import (
	"bytes"
	"encoding/binary"
	"image"

	"github.com/gen2brain/avif"
	"github.com/gen2brain/heic"
)

// Of gen2brain's heic and avif: libheif and libavif compiled to WebAssembly, which runs without cgo. Each decoding takes a
// machine of its own; heifBase is what that holds beside the pixels.
const heifBase = 48 << 20

// heicSmall is the width up to which heic's rows are shorter than libheif's, so that the image comes out sheared.
const heicSmall = 96

// heicAlpha are the names by which an alpha plane goes, which heic drops.
var heicAlpha = []string{"urn:mpeg:hevc:2015:auxid:1\x00", "urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\x00"}

func heicConfig(data []byte) (header, error) {
	if !boxesWhole(data) {
		return header{}, errShort
	}
	c, err := heic.DecodeConfig(bytes.NewReader(data))
	if err == nil && c.Width <= heicSmall {
		err = unsupported("%d x %d pixels: HEIC of less than %d", c.Width, c.Height, heicSmall+1)
	}
	for _, name := range heicAlpha {
		if err == nil && bytes.Contains(data[:min(len(data), 1<<16)], []byte(name)) {
			err = unsupported("HEIC that is partly transparent")
		}
	}
	return header{w: c.Width, h: c.Height, perPixel: 16, base: heifBase}, err
}

// decodeHEIC puts right what heic does wrong: it frees the buffer that it returns, in whose first 24 bytes, the first pixels'
// brightness, the allocator then keeps its lists. They are taken from the row below.
func decodeHEIC(data []byte) (image.Image, error) {
	img, err := heic.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	const lost = 24
	switch img := img.(type) {
	case *image.YCbCr:
		if img.Rect.Dy() > 1 {
			copy(img.Y[:lost], img.Y[img.YStride:])
		}
		return img, nil
	case *image.Gray:
		if img.Rect.Dy() > 1 {
			copy(img.Pix[:lost], img.Pix[img.Stride:])
		}
	}
	return img, nil
}

func avifConfig(data []byte) (header, error) {
	if !boxesWhole(data) {
		return header{}, errShort
	}
	c, err := avif.DecodeConfig(bytes.NewReader(data))
	return header{w: c.Width, h: c.Height, perPixel: 24, base: heifBase}, err
}

func decodeAVIF(data []byte) (image.Image, error) { return avif.Decode(bytes.NewReader(data)) }

// boxes calls f with the boxes of an ISO media file's part until it returns false. A box without an end has the rest.
func boxes(data []byte, f func(name string, body []byte) bool) (whole bool) {
	for len(data) >= 8 {
		size, head := uint64(binary.BigEndian.Uint32(data)), uint64(8)
		switch {
		case size == 0:
			size = uint64(len(data))
		case size == 1 && len(data) >= 16:
			size, head = binary.BigEndian.Uint64(data[8:]), 16
		}
		if size < head || size > uint64(len(data)) {
			return false
		}
		if !f(string(data[4:8]), data[head:size]) {
			return true
		}
		data = data[size:]
	}
	return true
}

func boxesWhole(data []byte) bool {
	return boxes(data, func(string, []byte) bool { return true })
}

// avifOrientation returns EXIF's orientation for the turn and the mirror among an AVIF's properties, which libavif leaves to
// whoever shows the image. A file has one still image, so that it does not matter which item has them.
func avifOrientation(data []byte) int {
	turn, mirror := 0, -1
	var look func(name string, body []byte) bool
	look = func(name string, body []byte) bool {
		switch name {
		case "meta":
			boxes(body[min(4, len(body)):], look)
		case "iprp", "ipco":
			boxes(body, look)
		case "irot":
			if len(body) > 0 {
				turn = int(body[0] & 3)
			}
		case "imir":
			if len(body) > 0 {
				mirror = int(body[0] & 1)
			}
		}
		return true
	}
	boxes(data, look)
	// By turn, anticlockwise, of the image as stored; then mirrored: not, top to bottom, left to right.
	return [4][3]int{{1, 4, 2}, {8, 5, 7}, {3, 2, 4}, {6, 7, 5}}[turn][mirror+1]
}
