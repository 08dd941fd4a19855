package drawn

import (
	"image"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// layer is a picture with coverage: premultiplied linear red, green, blue and alpha a pixel.
type layer struct {
	size int
	pix  []float32 // [size, size, 4]
}

func newLayer(size int) *layer { return &layer{size, make([]float32, size*size*4)} }

// brush paints parts of an object onto a layer.
type brush struct {
	*layer
	m      affine // object to pixels
	light  pt     // towards the light, length 1, in pixels' axes
	raster *vector.Rasterizer
	mask   *image.Alpha
	clips  []*image.Alpha
}

func newBrush(l *layer, m affine, light pt) *brush {
	return &brush{layer: l, m: m, light: light, raster: vector.NewRasterizer(l.size, l.size), mask: image.NewAlpha(image.Rect(0, 0, l.size, l.size))}
}

// within paints with the matrix m in the object's coordinates: a joint.
func (b *brush) within(m affine, paint func()) {
	before := b.m
	b.m = before.then(m)
	paint()
	b.m = before
}

// inside paints only where p covers: a pattern on a part.
func (b *brush) inside(p path, paint func()) {
	clip := image.NewAlpha(b.mask.Rect)
	b.cover(p, clip)
	b.clips = append(b.clips, clip)
	paint()
	b.clips = b.clips[:len(b.clips)-1]
}

// cover rasterises p into mask and gives the pixels that it may touch.
func (b *brush) cover(p path, mask *image.Alpha) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	b.raster.Reset(b.size, b.size)
	for _, c := range p {
		for i := range c {
			q := b.m.apply(c[i])
			x0, y0, x1, y1 = min(x0, q.x), min(y0, q.y), max(x1, q.x), max(y1, q.y)
		}
		f := func(i int) (float32, float32) { q := b.m.apply(c[i]); return float32(q.x), float32(q.y) }
		b.raster.MoveTo(f(0))
		for i := 1; i+2 < len(c); i += 3 {
			ax, ay := f(i)
			bx, by := f(i + 1)
			cx, cy := f(i + 2)
			b.raster.CubeTo(ax, ay, bx, by, cx, cy)
		}
		b.raster.ClosePath()
	}
	b.raster.DrawOp = draw.Src
	b.raster.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	return image.Rect(int(math.Floor(x0)), int(math.Floor(y0)), int(math.Ceil(x1))+1, int(math.Ceil(y1))+1).Intersect(mask.Rect)
}

// fill paints p in colour c; shade says how much the side towards the light is brighter and the other darker, as if the part were round.
func (b *brush) fill(p path, c rgb, shade float64) { b.glaze(p, c, shade, 1) }

// glaze is fill with an opacity.
func (b *brush) glaze(p path, c rgb, shade, opacity float64) {
	r := b.cover(p, b.mask)
	if r.Empty() {
		return
	}
	cx, cy := float64(r.Min.X+r.Max.X)/2, float64(r.Min.Y+r.Max.Y)/2
	reach := math.Abs(b.light.x)*float64(r.Dx())/2 + math.Abs(b.light.y)*float64(r.Dy())/2
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			a := float32(b.mask.Pix[y*b.mask.Stride+x]) / 255 * float32(opacity)
			if a == 0 {
				continue
			}
			for _, clip := range b.clips {
				a *= float32(clip.Pix[y*clip.Stride+x]) / 255
			}
			t := ((float64(x)+0.5-cx)*b.light.x + (float64(y)+0.5-cy)*b.light.y) / reach
			v := c.lit(float32(shade * t * (0.75 + 0.25*math.Abs(t))))
			px := b.pix[(y*b.size+x)*4:][:4]
			for k := range v {
				px[k] = px[k]*(1-a) + v[k]*a
			}
			px[3] = px[3]*(1-a) + a
		}
	}
}

// onto lays the layer over dst.
func (l *layer) onto(dst *layer) {
	for i := 0; i < len(l.pix); i += 4 {
		rest := 1 - l.pix[i+3]
		if rest == 1 {
			continue
		}
		for k := range 4 {
			dst.pix[i+k] = dst.pix[i+k]*rest + l.pix[i+k]
		}
	}
}

// shadow darkens dst where the layer, shifted and blurred, lies over it.
func (l *layer) shadow(dst *layer, dx, dy float64, radius int, strength float32) {
	n := l.size
	alpha := make([]float32, n*n)
	for y := range n {
		for x := range n {
			sx, sy := x-int(dx), y-int(dy)
			if sx >= 0 && sx < n && sy >= 0 && sy < n {
				alpha[y*n+x] = l.pix[(sy*n+sx)*4+3]
			}
		}
	}
	for range 2 {
		alpha = blurTurned(blurTurned(alpha, n, radius), n, radius)
	}
	for i, a := range alpha {
		for k := range 3 {
			dst.pix[i*4+k] *= 1 - strength*a
		}
	}
}

// blurTurned takes the mean over 2 radius + 1 pixels of each row and turns the picture, so that twice blurs both ways.
func blurTurned(src []float32, n, radius int) []float32 {
	dst := make([]float32, n*n)
	for y := range n {
		row := src[y*n : (y+1)*n]
		var sum float32
		for x := -radius; x < n; x++ {
			if x+radius < n {
				sum += row[x+radius]
			}
			if x-radius-1 >= 0 {
				sum -= row[x-radius-1]
			}
			if x >= 0 {
				dst[x*n+y] = sum / float32(2*radius+1)
			}
		}
	}
	return dst
}
