package imageset

import "image"

// videoRange converts a lossy WebP to RGB. Its brightness runs from 16 to 235 and its colours from 16 to 240 (RFC 6386, section 9.2, by ITU-R BT.601),
// while Go's image.YCbCr stands for JPEG's 0 to 255: converted as that, black would be dark grey. With an alpha plane the result is laid on white.
func videoRange(img *image.YCbCr, alpha *image.NYCbCrA) *image.RGBA {
	b := img.Rect
	out := image.NewRGBA(b)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := out.Pix[out.PixOffset(b.Min.X, y):]
		for x := b.Min.X; x < b.Max.X; x++ {
			luma, chroma := img.YOffset(x, y), img.COffset(x, y)
			l := 76309 * (int(img.Y[luma]) - 16) // 255/219 in 16 bits of fraction
			u, v := int(img.Cb[chroma])-128, int(img.Cr[chroma])-128
			rgb := [3]int{l + 104597*v, l - 25675*u - 53279*v, l + 132201*u}
			p := row[4*(x-b.Min.X):][:4]
			for c, value := range rgb {
				p[c] = uint8(min(max((value+1<<15)>>16, 0), 255))
			}
			if alpha != nil {
				a := int(alpha.A[alpha.AOffset(x, y)])
				for c := range 3 {
					p[c] = uint8((int(p[c])*a + 255*(255-a) + 127) / 255)
				}
			}
			p[3] = 255
		}
	}
	return out
}
