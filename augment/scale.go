package augment

import (
	"math"
	"math/rand/v2"
	"sync"
)

// window is a rectangle of a photograph in pixels, edges included: x 0 is the left edge of the first column.
type window struct{ y, x, h, w float64 }

// resizedWindow draws the window of a random resized crop. An aspect that does not fit is drawn
// again; after ten times the whole photograph stands.
func (p Plan) resizedWindow(size int, rng *rand.Rand) window {
	s := float64(size)
	for range 10 {
		area := (p.MinArea + rng.Float64()*(1-p.MinArea)) * s * s
		aspect := math.Exp((2*rng.Float64() - 1) * math.Log(4.0/3))
		w := math.Round(math.Sqrt(area * aspect))
		h := math.Round(math.Sqrt(area / aspect))
		if w < 1 || h < 1 || w > s || h > s {
			continue
		}
		y := rng.IntN(int(s-h) + 1)
		x := rng.IntN(int(s-w) + 1)
		return window{float64(y), float64(x), h, w}
	}
	return window{0, 0, s, s}
}

// taps are the weights of a triangle filter along one side: output i is the sum of weight[i*width+j] * in[first[i]+j].
type taps struct {
	width  int
	first  []int
	weight []float32
}

// set computes the taps that scale the stretch [from, from+length) of a line of size samples to n
// samples. Going down the triangle is as wide as the step between outputs, which keeps out
// aliasing; going up it is plain linear interpolation. Samples outside the line are left out and
// the weights of the rest sum to 1.
func (t *taps) set(from, length float64, size, n int) {
	step := length / float64(n)
	reach := math.Max(1, step)
	t.width = min(size, int(math.Ceil(2*reach))+1)
	t.first = grow(t.first, n)
	t.weight = grow(t.weight, n*t.width)
	for i := range n {
		centre := from + (float64(i)+0.5)*step
		first := max(0, min(size-t.width, int(math.Floor(centre-reach))))
		t.first[i] = first
		w := t.weight[i*t.width:][:t.width]
		var sum float64
		for j := range w {
			v := math.Max(0, 1-math.Abs(float64(first+j)+0.5-centre)/reach)
			w[j] = float32(v)
			sum += v
		}
		for j := range w {
			w[j] /= float32(sum)
		}
	}
}

// Matrix returns the weights [Crop,size] by which a plan that resizes, and is not random, makes a
// side of its input of a side of a photograph. Rows and columns are alike.
func (p Plan) Matrix(size int) []float32 {
	row, _ := p.position(p.Resize, nil)
	scale := float64(size) / float64(p.Resize)
	var t taps
	t.set(float64(row)*scale, float64(p.Crop)*scale, size, p.Crop)
	matrix := make([]float32, p.Crop*size)
	for i, first := range t.first {
		copy(matrix[i*size+first:], t.weight[i*t.width:][:t.width])
	}
	return matrix
}

// grow returns a slice of length n, of s's memory where that suffices.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// scratch is what one call of scaled works in.
type scratch struct {
	columns, rows taps
	lines         []float32 // [size, Crop]: one plane, scaled along its rows
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// scaled writes the window scaled to Crop x Crop, normalised: each plane first along its rows, then along its columns.
func (p Plan) scaled(dst []float32, src []byte, size int, w window, mirror bool) {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	crop := p.Crop
	s.columns.set(w.x, w.w, size, crop)
	s.rows.set(w.y, w.h, size, crop)
	s.lines = grow(s.lines, size*crop)
	top, bottom := s.rows.first[0], s.rows.first[crop-1]+s.rows.width
	for c := range 3 {
		plane := src[p.Norm.plane(c)*size*size:][:size*size]
		for y := top; y < bottom; y++ {
			s.columns.alongRow(s.lines[y*crop:][:crop], plane[y*size:][:size])
		}
		mean, scale := p.Norm.Mean[c], 1/p.Norm.Std[c]
		for y := range crop {
			s.rows.acrossRows(dst[3*y*crop+c:], s.lines, y, crop, mean, scale, mirror)
		}
	}
}

// alongRow scales one row.
func (t *taps) alongRow(out []float32, in []byte) {
	for i := range out {
		src := in[t.first[i]:][:t.width]
		w := t.weight[i*t.width:][:t.width]
		var sum float32
		for j, v := range src {
			sum += w[j] * float32(v)
		}
		out[i] = sum
	}
}

// acrossRows writes output row y, every third value of dst, from lines [size, crop].
func (t *taps) acrossRows(dst, lines []float32, y, crop int, mean, scale float32, mirror bool) {
	w := t.weight[y*t.width:][:t.width]
	first := lines[t.first[y]*crop:]
	at, step := 0, 3
	if mirror {
		at, step = 3*(crop-1), -3
	}
	for x := range crop {
		var sum float32
		for j, v := range w {
			sum += v * first[j*crop+x]
		}
		dst[at] = (sum - mean) * scale
		at += step
	}
}
