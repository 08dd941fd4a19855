package store

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

// quality of the JPEG bytes that Put makes of pixels, of 100.
const quality = 95

// encodeJPEG compresses RGB planes [3,size,size].
func encodeJPEG(pixels []byte, size int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	area := size * size
	for i := range area {
		copy(img.Pix[4*i:], []byte{pixels[i], pixels[area+i], pixels[2*area+i], 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return b.Bytes(), nil
}

// checkJPEG reports bytes that are not a JPEG of size x size.
func checkJPEG(data []byte, size int) error {
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("JPEG: %w", err)
	}
	if c.Width != size || c.Height != size {
		return fmt.Errorf("JPEG of %d x %d pixels, expected %d x %d", c.Width, c.Height, size, size)
	}
	return nil
}

// decodeJPEG writes RGB planes [3,size,size] to dst.
func decodeJPEG(dst, data []byte, size int) error {
	if err := checkJPEG(data, size); err != nil {
		return err
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("JPEG: %w", err)
	}
	area := size * size
	red, green, blue := dst[:area], dst[area:2*area], dst[2*area:3*area]
	switch img := img.(type) {
	case *image.YCbCr:
		shift := 0 // log2 of the columns that share a colour
		switch img.SubsampleRatio {
		case image.YCbCrSubsampleRatio422, image.YCbCrSubsampleRatio420:
			shift = 1
		case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410:
			shift = 2
		}
		for y := range size {
			luma, chroma := img.Y[img.YOffset(0, y):], img.COffset(0, y)
			cb, cr := img.Cb[chroma:], img.Cr[chroma:]
			r, g, b := red[y*size:][:size], green[y*size:][:size], blue[y*size:][:size]
			for x := range size {
				r[x], g[x], b[x] = color.YCbCrToRGB(luma[x], cb[x>>shift], cr[x>>shift])
			}
		}
	default: // grey, CMYK
		for y := range size {
			for x := range size {
				r, g, b, _ := img.At(x, y).RGBA()
				at := y*size + x
				red[at], green[at], blue[at] = byte(r>>8), byte(g>>8), byte(b>>8)
			}
		}
	}
	return nil
}
