package variation

import (
	"errors"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Axes are the principal axes of a sample, the one of the largest variance first.
type Axes struct {
	Variances []float64   // along each axis, descending
	Vectors   [][]float64 // unit vectors, [Dim][Dim]; the sign of each is such that its largest component is positive
	Mean      []float64
}

// Axes are the eigenvectors of the covariance of s about its mean, classes left aside.
func (s Sample) Axes() (Axes, error) {
	if err := s.check(); err != nil {
		return Axes{}, err
	}
	n, d := len(s.Labels), s.Dim
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	a := Axes{Mean: s.mean(all)}
	x := mat.NewDense(n, d, nil)
	for i := range n {
		for j, v := range s.row(i) {
			x.Set(i, j, float64(v)-a.Mean[j])
		}
	}
	cov := mat.NewSymDense(d, nil)
	cov.SymOuterK(1/float64(max(n-1, 1)), x.T())
	var eigen mat.EigenSym
	if !eigen.Factorize(cov, true) {
		return Axes{}, errors.New("variation: the covariance has no eigenvectors that could be found")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	a.Variances = eigen.Values(nil)
	slices.Reverse(a.Variances)
	for k := range d {
		a.Variances[k] = max(a.Variances[k], 0) // rounding
		v := mat.Col(nil, d-1-k, &vectors)
		if largest(v) < 0 {
			for j := range v {
				v[j] = -v[j]
			}
		}
		a.Vectors = append(a.Vectors, v)
	}
	return a, nil
}

// largest is the component of the largest size, with its sign.
func largest(v []float64) float64 {
	most := 0.0
	for _, x := range v {
		if x*x > most*most {
			most = x
		}
	}
	return most
}

// Project returns the coordinates of s on axes first and second, about the axes' mean.
func (a Axes) Project(s Sample, first, second int) [][2]float64 {
	points := make([][2]float64, len(s.Labels))
	for i := range points {
		for j, v := range s.row(i) {
			d := float64(v) - a.Mean[j]
			points[i][0] += d * a.Vectors[first][j]
			points[i][1] += d * a.Vectors[second][j]
		}
	}
	return points
}

// EffectiveDimensions is the participation ratio of variances v: (sum v)^2 / sum v^2, from 1, where one dimension holds all, to their number, where
// all hold the same; 0 where nothing varies.
func EffectiveDimensions(v []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, x := range v {
		sum += x
		squares += x * x
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / squares
}
