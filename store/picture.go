package store

import "image"

// Picture reads image i as it is shown to people, [S,S].
func (r *Reader) Picture(i int) (image.Image, error) {
	area := r.size * r.size
	planes := make([]byte, 3*area)
	if err := r.ReadImage(i, planes); err != nil {
		return nil, err
	}
	img := image.NewRGBA(image.Rect(0, 0, r.size, r.size))
	for p := range area {
		img.Pix[4*p], img.Pix[4*p+1], img.Pix[4*p+2], img.Pix[4*p+3] = planes[p], planes[area+p], planes[2*area+p], 255
	}
	return img, nil
}
