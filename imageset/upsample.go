package imageset

import "image"

// colours converts a JPEG's planes to RGB as libjpeg does: where the colour planes have half the width or height, each pixel
// takes three quarters of the nearest sample and one of the next ("fancy upsampling"), in libjpeg's order of rounding. Go's
// image.YCbCr repeats samples, which shows at edges between saturated colours.
func colours(img *image.YCbCr) *image.RGBA {
	b := img.Rect
	w, h := b.Dx(), b.Dy()
	out := image.NewRGBA(b)
	cb, cr := newChroma(img, img.Cb), newChroma(img, img.Cr)
	for y := range h {
		cb.row(y)
		cr.row(y)
		luma, line := img.Y[y*img.YStride:][:w], out.Pix[y*out.Stride:][:4*w]
		u, v := cb.out[:w], cr.out[:w]
		for x := range luma {
			l, blue, red := int32(luma[x]), int32(u[x])-128, int32(v[x])-128
			p := line[4*x:][:4]
			p[0] = clip8(l + (91881*red+1<<15)>>16)
			p[1] = clip8(l + (-22554*blue-46802*red+1<<15)>>16)
			p[2] = clip8(l + (116130*blue+1<<15)>>16)
			p[3] = 255
		}
	}
	return out
}

func clip8(v int32) byte {
	if uint32(v) < 256 {
		return byte(v)
	}
	return ^byte(v >> 31)
}

// chroma widens a colour plane row by row.
type chroma struct {
	plane        []byte
	stride, w, h int // of the plane
	across, down int // pixels that share a sample
	smooth       bool
	mixed, out   []int16 // a row before and after it is widened
}

func newChroma(img *image.YCbCr, plane []byte) *chroma {
	c := &chroma{plane: plane, stride: img.CStride, across: 1, down: 1}
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		c.across = 2
	case image.YCbCrSubsampleRatio420:
		c.across, c.down = 2, 2
	case image.YCbCrSubsampleRatio440:
		c.down = 2
	case image.YCbCrSubsampleRatio411:
		c.across = 4
	case image.YCbCrSubsampleRatio410:
		c.across, c.down = 4, 2
	}
	w, h := img.Rect.Dx(), img.Rect.Dy()
	c.w, c.h = (w+c.across-1)/c.across, (h+c.down-1)/c.down
	c.smooth = c.across == 1 || c.across == 2 && c.w > 2 // as libjpeg
	c.mixed, c.out = make([]int16, c.w), make([]int16, c.w*c.across)
	return c
}

// row fills out with the samples of row y of the image.
func (c *chroma) row(y int) {
	near := c.plane[y/c.down*c.stride:][:c.w]
	switch {
	case c.smooth && c.down == 2:
		far := y/2 + 2*(y%2) - 1
		other := c.plane[min(max(far, 0), c.h-1)*c.stride:][:c.w]
		for x := range near {
			c.mixed[x] = 3*int16(near[x]) + int16(other[x])
		}
		if c.across == 2 {
			c.double(8, 7, 4)
			return
		}
		round := int16(1 + y%2)
		for x, v := range c.mixed {
			c.out[x] = (v + round) >> 2
		}
	case c.smooth && c.across == 2:
		for x, v := range near {
			c.mixed[x] = int16(v)
		}
		c.double(1, 2, 2)
	default:
		for x := range c.out {
			c.out[x] = int16(near[x/c.across])
		}
	}
}

// double widens the mixed row to twice its length.
func (c *chroma) double(left, right int16, shift uint) {
	before := c.mixed[0]
	for x, v := range c.mixed {
		after := c.mixed[min(x+1, len(c.mixed)-1)]
		c.out[2*x] = (3*v + before + left) >> shift
		c.out[2*x+1] = (3*v + after + right) >> shift
		before = v
	}
}
