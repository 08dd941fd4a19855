package cluster

import (
	"context"
	"errors"

	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/index"
)

// Groups are the photographs of an index in groups.
type Groups struct {
	IDs    []int64 // of the photographs, ascending
	Group  []int   // of each, from 0, the largest first
	Groups int     // how many there are
}

// Index groups the photographs of an index by average linkage along its graph, until no two groups
// are similarity alike on average (see Average).
func Index(ctx context.Context, x *index.Index, similarity float64) (Groups, error) {
	ids, vectors, err := vectorsOf(ctx, x)
	if err != nil {
		return Groups{}, err
	}
	number := make(map[int64]int32, len(ids))
	for i, id := range ids {
		number[id] = int32(i)
	}
	var edges []Edge
	err = x.Graph(ctx, func(id int64, hits []index.Hit) error {
		a, known := number[id]
		for _, h := range hits {
			b, too := number[h.ID]
			if !known || !too {
				return errors.New("photographs came to the index in the meantime; try again")
			}
			edges = append(edges, Edge{a, b})
		}
		return nil
	})
	if err != nil {
		return Groups{}, err
	}
	of, err := Average(ctx, vectors, x.Dim(), edges, similarity)
	return grouped(ids, of), err
}

// KMeans groups the photographs of an index into k groups by k-means on their vectors, see
// evaluate.KMeans.
func KMeans(ctx context.Context, x *index.Index, k int, seed uint64) (Groups, error) {
	ids, vectors, err := vectorsOf(ctx, x)
	if err != nil {
		return Groups{}, err
	}
	c, err := evaluate.KMeans(vectors, x.Dim(), evaluate.KMeansOptions{Clusters: k, Seed: seed})
	if err != nil {
		return Groups{}, err
	}
	of := make([]int, len(c.Assignment))
	for i, a := range c.Assignment {
		of[i] = int(a)
	}
	return grouped(ids, bySize(of)), nil
}

func grouped(ids []int64, of []int) Groups {
	g := Groups{IDs: ids, Group: of}
	for _, n := range of {
		g.Groups = max(g.Groups, n+1)
	}
	return g
}

// vectorsOf copies the vectors of all photographs, row after row, by ascending id.
func vectorsOf(ctx context.Context, x *index.Index) (ids []int64, rows []float32, err error) {
	err = x.Vectors(ctx, func(id int64, v []float32) error {
		ids, rows = append(ids, id), append(rows, v...)
		return ctx.Err()
	})
	return ids, rows, err
}
