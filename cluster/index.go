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

// Index groups the photographs of an index by average linkage along its graph, until no two groups are similarity alike on average (see Average).
func Index(ctx context.Context, x *index.Index, similarity float64) (Groups, error) {
	var g Groups
	number := map[int64]int32{}
	var edges [][2]int64
	err := x.Graph(ctx, func(id int64, hits []index.Hit) error {
		number[id] = int32(len(g.IDs))
		g.IDs = append(g.IDs, id)
		for _, h := range hits {
			edges = append(edges, [2]int64{id, h.ID})
		}
		return nil
	})
	if err != nil {
		return g, err
	}
	vectors, err := vectorsOf(ctx, x, g.IDs)
	if err != nil {
		return g, err
	}
	numbered := make([]Edge, len(edges))
	for i, e := range edges {
		numbered[i] = Edge{number[e[0]], number[e[1]]}
	}
	g.Group, err = Average(ctx, vectors, x.Dim(), numbered, similarity)
	return g.counted(), err
}

// KMeans groups the photographs of an index into k groups by k-means on their vectors, see evaluate.KMeans.
func KMeans(ctx context.Context, x *index.Index, k int, seed uint64) (Groups, error) {
	var g Groups
	if err := x.Vectors(ctx, func(id int64, _ []float32) error {
		g.IDs = append(g.IDs, id)
		return nil
	}); err != nil {
		return g, err
	}
	vectors, err := vectorsOf(ctx, x, g.IDs)
	if err != nil {
		return g, err
	}
	c, err := evaluate.KMeans(vectors, x.Dim(), evaluate.KMeansOptions{Clusters: k, Seed: seed})
	if err != nil {
		return g, err
	}
	of := make([]int, len(c.Assignment))
	for i, a := range c.Assignment {
		of[i] = int(a)
	}
	g.Group = bySize(of)
	return g.counted(), nil
}

func (g Groups) counted() Groups {
	for _, n := range g.Group {
		g.Groups = max(g.Groups, n+1)
	}
	return g
}

// vectorsOf copies the vectors of ids, row after row.
func vectorsOf(ctx context.Context, x *index.Index, ids []int64) ([]float32, error) {
	rows := make([]float32, 0, len(ids)*x.Dim())
	for i, id := range ids {
		v, err := x.Vector(id)
		if errors.Is(err, index.ErrUnknown) {
			return nil, errors.New("photographs went from the index in the meantime; try again")
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, v...)
		if i%4096 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return rows, nil
}
