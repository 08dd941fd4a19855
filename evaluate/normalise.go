package evaluate

import (
	"fmt"
	"math"
)

// Normalise scales each row of x [N, dim] to length 1, in place. A row of zeros stays as it is: it has no direction.
func Normalise(x []float32, dim int) error {
	if _, err := checkRows("normalise", x, dim); err != nil {
		return err
	}
	for i := 0; i < len(x); i += dim {
		normaliseRow(x[i:i+dim], x[i:i+dim])
	}
	return nil
}

// Normalised is [Normalise] into a new slice.
func Normalised(x []float32, dim int) ([]float32, error) {
	y := append([]float32(nil), x...)
	return y, Normalise(y, dim)
}

// normaliseRow sets dst = src / |src|; both may be the same row.
func normaliseRow(dst, src []float32) {
	scale := 1.0
	if s := squaredNorm(src); s > 0 {
		scale = 1 / math.Sqrt(s)
	}
	for i, v := range src {
		dst[i] = float32(float64(v) * scale)
	}
}

// Distance says what "near" means.
type Distance int

const (
	// Cosine compares directions: rows are L2-normalised first. The field's habit and the default.
	Cosine Distance = iota
	// Euclidean compares rows as they are.
	Euclidean
)

func (d Distance) String() string {
	switch d {
	case Cosine:
		return "cosine"
	case Euclidean:
		return "euclidean"
	}
	return fmt.Sprintf("Distance(%d)", int(d))
}

// rows is a matrix made ready for search: x [N, dim], normalised when the distance is the cosine, in the order that was asked for.
type rows struct {
	x    []float32
	dim  int
	half []float32 // Euclidean only: |row|^2 / 2
}

func (r rows) n() int { return len(r.x) / r.dim }

// block is rows lo..hi of the matrix.
func (r rows) block(lo, hi int) []float32 { return r.x[lo*r.dim : hi*r.dim] }

// ready copies the rows of x named by order (nil: all, as they stand).
func ready(what string, x []float32, dim int, order []int, d Distance) (rows, error) {
	n := len(x) / dim
	r := rows{x: make([]float32, len(x)), dim: dim}
	switch d {
	case Cosine:
	case Euclidean:
		if err := checkNorms(what, x, dim); err != nil {
			return rows{}, err
		}
		r.half = make([]float32, n)
	default:
		return rows{}, fmt.Errorf("evaluate: unknown distance %v: want Cosine or Euclidean", d)
	}
	for i := range n {
		from := i
		if order != nil {
			from = order[i]
		}
		src, dst := x[from*dim:(from+1)*dim], r.x[i*dim:(i+1)*dim]
		if d == Cosine {
			normaliseRow(dst, src)
			continue
		}
		copy(dst, src)
		r.half[i] = float32(squaredNorm(src) / 2)
	}
	return r, nil
}

// similarity fills out [q1-q0, columns] with what ranks gallery rows g0, g0+1, ... (packed in p) for query rows q0..q1: the dot product, or minus
// half the squared distance. It is symmetric, bit for bit.
func similarity(out []float32, q rows, q0, q1 int, g rows, g0 int, p packed) {
	dotBlock(q.block(q0, q1), p, out, q.dim)
	if q.half == nil {
		return
	}
	for i := q0; i < q1; i++ {
		row := out[(i-q0)*p.columns : (i-q0+1)*p.columns]
		h := q.half[i]
		for j, b := range g.half[g0 : g0+p.columns] {
			row[j] -= h + b
		}
	}
}
