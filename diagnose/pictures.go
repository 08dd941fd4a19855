package diagnose

import (
	"fmt"
	"math"
	"slices"

	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/variation"
)

// How much the pictures show.
const (
	mapClasses = 12
	mapImages  = 60 // of a class, the most
	queries    = 4
	nearest    = 6
	walkers    = 4 // queries of the walk
)

// walkSteps are the t of z_I + t u, in shares of the walk's reach.
var walkSteps = []float64{-1, -0.5, -0.25, 0, 0.25, 0.5, 1}

// reach is how many standard deviations of z_V the walk goes: to half of z_I's length, which turns z_I by 27 degrees, at least to 4.
func (g *Generator) reach() float64 {
	if g.Deviation == 0 {
		return 4
	}
	return max(4, math.Round(g.Length/2/g.Deviation))
}

// draw makes the pictures.
func (d *Diagnosis) draw(s *subject, h embed.Heads) error {
	rows, err := evaluate.Normalised(h.ZI, h.Dim)
	if err != nil {
		return err
	}
	if err := d.drawMap(s, rows, h.Dim); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	found, err := Queries(s.data, s.indices, rows, h.Dim, queries, nearest)
	if err != nil {
		return fmt.Errorf("neighbours: %w", err)
	}
	d.Neighbours = figure.Neighbours(found)
	if h.Mu == nil {
		return nil
	}
	if err := d.drawWalk(s, h, rows); err != nil {
		return fmt.Errorf("walk: %w", err)
	}
	return nil
}

// drawMap draws some classes on the two axes along which their centres vary most.
func (d *Diagnosis) drawMap(s *subject, rows []float32, dim int) error {
	distinct := slices.Compact(slices.Sorted(slices.Values(s.labels)))
	n := min(mapClasses, len(distinct))
	take := map[int32]int{}
	for i := range n {
		c := distinct[(2*i+1)*len(distinct)/(2*n)]
		take[c] = mapImages
		d.Shown = append(d.Shown, fmt.Sprintf("%d %s", c+1, s.data.Classes()[c]))
	}
	shown := variation.Sample{Dim: dim}
	for i, l := range s.labels {
		if take[l] > 0 {
			take[l]--
			shown.Rows, shown.Labels = append(shown.Rows, rows[i*dim:(i+1)*dim]...), append(shown.Labels, l)
		}
	}
	if dim < 2 {
		return fmt.Errorf("an embedding of %d dimension has no map", dim)
	}
	axes, err := shown.Centres().Axes()
	if err != nil {
		return err
	}
	classes := make([]int, len(shown.Labels))
	for i, l := range shown.Labels {
		classes[i] = int(l) + 1
	}
	points := axes.Project(shown, 0, 1)
	orient(points, axes.Project(shown.Centres(), 0, 1))
	d.Map, err = figure.Scatter(points, classes, "")
	return err
}

// orient mirrors points so that the first of centres lies to the left and the second above, since the signs of axes mean nothing and maps of several
// models are compared.
func orient(points, centres [][2]float64) {
	mirror := [2]float64{1, 1}
	if centres[0][0] > 0 {
		mirror[0] = -1
	}
	if centres[1][1] < 0 {
		mirror[1] = -1
	}
	for i := range points {
		points[i][0] *= mirror[0]
		points[i][1] *= mirror[1]
	}
}

// drawWalk draws what lies nearest to z_I + t u.
func (d *Diagnosis) drawWalk(s *subject, h embed.Heads, rows []float32) error {
	axes, err := variation.Sample{Rows: h.Mu, Dim: h.Dim, Labels: s.labels}.Axes()
	if err != nil {
		return err
	}
	u := axes.Vectors[0]
	d.Generator.Deviation, d.Generator.Length = deviation(h, axes.Variances[0], u), length(h)
	labels := make([]string, len(walkSteps))
	for i, t := range walkSteps {
		labels[i] = fmt.Sprintf("%+.3gσ", t*d.Generator.reach())
		if t == 0 {
			labels[i] = "z_I"
		}
	}
	var walks []figure.Query
	for q := range min(walkers, len(s.indices)) {
		n := (2*q + 1) * len(s.indices) / (2 * min(walkers, len(s.indices)))
		moved := make([]float32, 0, len(walkSteps)*h.Dim)
		for _, t := range walkSteps {
			for j, z := range h.ZI[n*h.Dim : (n+1)*h.Dim] {
				moved = append(moved, z+float32(t*d.Generator.reach()*d.Generator.Deviation*u[j]))
			}
		}
		found, err := s.nearest(moved, rows, h.Dim, n)
		if err != nil {
			return err
		}
		query, err := query(s.data, s.indices, n, found)
		if err != nil {
			return err
		}
		walks = append(walks, query)
	}
	d.Walk, err = figure.Walk(walks, labels)
	return err
}

// deviation is the standard deviation of z_V along u: of its mean over the images and of its draws for one image together.
func deviation(h embed.Heads, ofMean float64, u []float64) float64 {
	v := ofMean
	for j, s := range sigmaSquares(h) {
		v += s * u[j] * u[j]
	}
	return math.Sqrt(v)
}

// length is the mean length of z_I.
func length(h embed.Heads) float64 {
	sum, n := 0.0, len(h.ZI)/h.Dim
	for i := range n {
		square := 0.0
		for _, z := range h.ZI[i*h.Dim : (i+1)*h.Dim] {
			square += float64(z) * float64(z)
		}
		sum += math.Sqrt(square)
	}
	return sum / float64(n)
}

// nearest finds the image nearest to each of moved, image n aside.
func (s *subject) nearest(moved, rows []float32, dim, n int) ([]int32, error) {
	if err := evaluate.Normalise(moved, dim); err != nil {
		return nil, err
	}
	hits, err := evaluate.Search(moved, rows, dim, 2, evaluate.RetrieveOptions{})
	if err != nil {
		return nil, err
	}
	var found []int32
	for i := range len(moved) / dim {
		index, _ := hits.Of(i)
		found = append(found, index[slices.IndexFunc(index, func(j int32) bool { return int(j) != n })])
	}
	return found, nil
}

// Queries looks up count images, spread over those at indices of data, whose embeddings are rows at unit length: each with its k nearest of the
// others, or of the gallery where data has one.
func Queries(data *store.Reader, indices []int, rows []float32, dim, count, k int) ([]figure.Query, error) {
	asking, hits, err := evaluate.SearchMarked(rows, dim, k, data.InGallery(indices), evaluate.RetrieveOptions{})
	if err != nil {
		return nil, err
	}
	count = min(count, len(asking))
	var all []figure.Query
	for q := range count {
		n := (2*q + 1) * len(asking) / (2 * count)
		near, _ := hits.Of(n)
		one, err := query(data, indices, asking[n], near)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// query reads the images of a query and of what was found for it, given by their places in indices.
func query(data *store.Reader, indices []int, n int, found []int32) (figure.Query, error) {
	labels := data.Labels()
	img, err := data.Picture(indices[n])
	if err != nil {
		return figure.Query{}, err
	}
	q := figure.Query{Image: img, Caption: data.Classes()[labels[indices[n]]]}
	for _, j := range found {
		img, err := data.Picture(indices[j])
		if err != nil {
			return figure.Query{}, err
		}
		q.Neighbours = append(q.Neighbours, figure.Neighbour{Image: img, Right: labels[indices[j]] == labels[indices[n]]})
	}
	return q, nil
}
