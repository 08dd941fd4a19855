package index

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/dvml/dvml/index/scan"
	"github.com/dvml/dvml/kernel"
)

// Hit is an item that was found.
type Hit struct {
	ID    int64
	Score float32 // the cosine of the angle between query and item: 1 is the same
}

// Distance is the Euclidean distance between query and item, both of length 1: 0 to 2.
func (h Hit) Distance() float64 { return math.Sqrt(max(0, 2-2*float64(h.Score))) }

// Query says what is looked for.
type Query struct {
	Like    [][]float32 // examples of what is looked for, [Dim] each; at least one
	Unlike  [][]float32 // examples of what is not
	K       int         // the number of hits; 0: all within Radius, or 10 where there is none
	Radius  float64     // the largest distance of a hit (see Hit.Distance); 0: any
	Filter  Filter
	Without []int64 // ids that are no hits, such as the query's own
}

// Combine returns the one vector that several examples stand for: the direction of
//
//	mean of like - 1/2 mean of unlike
//
// with each example at length 1 (Rocchio, 1971). A single liked example is itself.
func Combine(like, unlike [][]float32) ([]float32, error) {
	if len(like) == 0 {
		return nil, errors.New("a query needs at least one example of what is looked for")
	}
	sum := make([]float64, len(like[0]))
	add := func(examples [][]float32, weight float64) error {
		for _, e := range examples {
			if len(e) != len(sum) {
				return fmt.Errorf("examples of %d and %d dimensions do not go together", len(sum), len(e))
			}
			length := length(e)
			if !(length > 0) || math.IsInf(length, 0) {
				return errors.New("an example is zero or not finite: it has no direction")
			}
			for d, v := range e {
				sum[d] += weight / float64(len(examples)) * float64(v) / length
			}
		}
		return nil
	}
	if err := errors.Join(add(like, 1), add(unlike, -.5)); err != nil {
		return nil, err
	}
	var squares float64
	for _, v := range sum {
		squares += v * v
	}
	if squares < 1e-12 {
		return nil, errors.New("the examples cancel each other: nothing lies in their direction")
	}
	out := make([]float32, len(sum))
	for d, v := range sum {
		out[d] = float32(v / math.Sqrt(squares))
	}
	return out, nil
}

func length(v []float32) float64 {
	var squares float64
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	return math.Sqrt(squares)
}

// Search returns the items nearest to the query, nearest first; of items equally near that with the lower id. It is exact, under every filter.
func (x *Index) Search(ctx context.Context, q Query) ([]Hit, error) {
	v, err := Combine(q.Like, q.Unlike)
	if err != nil {
		return nil, err
	}
	hits, err := x.SearchAll(ctx, v, q)
	if err != nil {
		return nil, err
	}
	return hits[0], nil
}

// SearchAll searches for several vectors at once, [Q, Dim] row after row of length 1, under the terms of q, whose examples do not count: 32 at once take a
// fraction of the time of 32 searches.
func (x *Index) SearchAll(ctx context.Context, vectors []float32, q Query) ([][]Hit, error) {
	s, err := x.ready(ctx)
	if err != nil {
		return nil, err
	}
	if len(vectors)%s.Dim() != 0 {
		return nil, fmt.Errorf("vectors of %d values in all; this index holds vectors of %d dimensions", len(vectors), s.Dim())
	}
	switch {
	case q.K < 0:
		return nil, fmt.Errorf("%d hits; expected at least 1", q.K)
	case q.Radius < 0 || math.IsNaN(q.Radius):
		return nil, fmt.Errorf("radius %v; expected 0 to 2", q.Radius)
	}
	o := scan.Options{K: q.K, Pool: kernel.Default()}
	if q.Radius > 0 {
		o.Bounded, o.Least = true, float32(1-q.Radius*q.Radius/2)
	} else if o.K == 0 {
		o.K = 10
	}
	if o.Keep, err = x.keep(ctx, s, q.Filter, q.Without); err != nil {
		return nil, err
	}
	found, err := scan.Search(s, vectors, o)
	if err != nil {
		return nil, err
	}
	out := make([][]Hit, len(found))
	for i, hits := range found {
		out[i] = make([]Hit, len(hits))
		for j, h := range hits {
			out[i][j] = Hit{s.ids[h.Row], h.Score}
		}
	}
	return out, nil
}
