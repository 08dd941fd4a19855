package imageset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io"
)

func pngConfig(data []byte) (header, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	h := header{w: c.Width, h: c.Height, perPixel: 8}
	if c.ColorModel == color.RGBA64Model || c.ColorModel == color.NRGBA64Model || c.ColorModel == color.Gray16Model {
		h.perPixel = 12
	}
	return h, err
}

// decodePNG reads a PNG, also one whose last chunk, which says no more than that it is the last, is not there.
func decodePNG(data []byte) (image.Image, error) {
	end := []byte("\x00\x00\x00\x00IEND\xaeB`\x82")
	if bytes.Contains(data, end) {
		return png.Decode(bytes.NewReader(data))
	}
	last := 8 // where the last whole chunk ends
	for rest := data[min(8, len(data)):]; len(rest) >= 12; {
		_, body, after := pngChunk(rest)
		if len(rest) < len(body)+12 || uint64(len(body)) < uint64(binary.BigEndian.Uint32(rest)) {
			break
		}
		rest = after
		last = len(data) - len(rest)
	}
	return png.Decode(io.MultiReader(bytes.NewReader(data[:last]), bytes.NewReader(end)))
}

func gifConfig(data []byte) (header, error) {
	c, err := gif.DecodeConfig(bytes.NewReader(data))
	return header{w: c.Width, h: c.Height, perPixel: 9}, err
}

// decodeGIF reads the first picture.
func decodeGIF(data []byte) (image.Image, error) { return gif.Decode(bytes.NewReader(data)) }
