package imageset

import (
	"bytes"
	"image"

	"golang.org/x/image/webp"
)

// webpFile is what a WebP file shows first: the image, or an animation's first frame.
type webpFile struct {
	still  []byte      // a WebP file of the image alone
	canvas image.Point // size of what is shown
	at     image.Point // where on it the frame lies
	frame  bool        // of an animation
}

// readWebP finds the first frame. x/image/webp knows no animations.
func readWebP(data []byte) (f webpFile, err error) {
	f.still = data
	for rest := data[min(12, len(data)):]; len(rest) >= 8; {
		var name string
		var body []byte
		name, body, rest = webpChunk(rest)
		switch {
		case name == "VP8X" && len(body) >= 10:
			f.canvas = image.Pt(1+int24(body[4:]), 1+int24(body[7:]))
		case name == "ANMF" && len(body) >= 16:
			f.at = image.Pt(2*int24(body), 2*int24(body[3:]))
			f.still, f.frame = stillWebP(body[16:], 1+int24(body[6:]), 1+int24(body[9:])), true
			return f, nil
		}
	}
	return f, nil
}

func int24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }

// stillWebP makes a WebP file of an animation's frame of w x h pixels.
func stillWebP(chunks []byte, w, h int) []byte {
	alpha := byte(0)
	if bytes.HasPrefix(chunks, []byte("ALPH")) {
		alpha = 0x10
	}
	w, h = w-1, h-1
	head := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), alpha, 0, 0, 0, byte(w), byte(w>>8), byte(w>>16), byte(h), byte(h>>8), byte(h>>16))
	out := little.AppendUint32([]byte("RIFF"), uint32(len(head)+len(chunks)))
	return append(append(out, head...), chunks...)
}

func webpConfig(data []byte) (header, error) {
	f, err := readWebP(data)
	if err != nil {
		return header{}, err
	}
	c, err := webp.DecodeConfig(bytes.NewReader(f.still))
	if err != nil {
		return header{}, err
	}
	h := header{w: c.Width, h: c.Height, perPixel: 10}
	if f.frame {
		h.w, h.h = f.canvas.X, f.canvas.Y
	}
	return h, nil
}

func decodeWebP(data []byte) (image.Image, error) {
	f, err := readWebP(data)
	if err != nil {
		return nil, err
	}
	img, err := webp.Decode(bytes.NewReader(f.still))
	if err != nil {
		return nil, err
	}
	var out *image.NRGBA
	switch img := img.(type) {
	case *image.YCbCr:
		out = widen(img)
	case *image.NYCbCrA:
		out = widen(&img.YCbCr)
		for y := range out.Rect.Dy() {
			for x := range out.Rect.Dx() {
				out.Pix[out.PixOffset(x, y)+3] = img.A[y*img.AStride+x]
			}
		}
	default:
		out = straight(img)
	}
	if f.frame && (f.at != image.Point{} || out.Rect.Size() != f.canvas) {
		canvas := image.NewNRGBA(image.Rectangle{Max: f.canvas})
		for y := range min(out.Rect.Dy(), f.canvas.Y-f.at.Y) {
			n := 4 * min(out.Rect.Dx(), f.canvas.X-f.at.X)
			if n > 0 {
				copy(canvas.Pix[canvas.PixOffset(f.at.X, f.at.Y+y):], out.Pix[y*out.Stride:][:n])
			}
		}
		out = canvas
	}
	return out, nil
}

// widen converts a lossy WebP to RGB as libwebp does, to the bit. Its brightness runs from 16 to 235 and its colours from 16
// to 240 (RFC 6386, section 9.2, by ITU-R BT.601), while Go's image.YCbCr stands for JPEG's 0 to 255. The colour planes have
// half the width and height: each pixel takes 9, 3, 3 and 1 sixteenths of the four samples around it.
func widen(img *image.YCbCr) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		near := y / 2
		far := min(max(near+2*(y%2)-1, 0), (h-1)/2)
		line := out.Pix[y*out.Stride:]
		for x := range w {
			left := x / 2
			other := min(max(left+2*(x%2)-1, 0), (w-1)/2)
			u := blend(img.Cb, img.CStride, left, other, near, far)
			v := blend(img.Cr, img.CStride, left, other, near, far)
			l := int(img.Y[y*img.YStride+x]) * 19077 >> 8
			line[4*x] = clip6(l + v*26149>>8 - 14234)
			line[4*x+1] = clip6(l - u*6419>>8 - v*13320>>8 + 8708)
			line[4*x+2] = clip6(l + u*33050>>8 - 17685)
			line[4*x+3] = 255
		}
	}
	return out
}

// blend mixes the samples around a pixel, in libwebp's order of rounding.
func blend(plane []byte, stride, x, x2, y, y2 int) int {
	a, b := int(plane[y*stride+x]), int(plane[y*stride+x2])
	c, d := int(plane[y2*stride+x]), int(plane[y2*stride+x2])
	if x == x2 { // the first and, of an even width, the last column
		return (3*a + c + 2) >> 2
	}
	// The average, with the two samples of one diagonal counted twice: avg = (a+b+c+d+8), diagonal (avg + 2(b+c)) / 8.
	diagonal := (a + b + c + d + 8 + 2*(b+c)) >> 3
	return (diagonal + a) >> 1
}

func clip6(v int) byte { return byte(min(max(v>>6, 0), 255)) }
