package layout

import (
	"context"
	"errors"

	"github.com/dvml/dvml/index"
)

// trustOf is how many neighbours trust is a share of.
const trustOf = 15

// Index lays out the photographs of an index, from its graph. Where it has a map already,
// photographs that are on it stay where they are and new ones find their places among them; anew
// lays all of them out, as does a seed that is not the map's. The map is not kept: see
// index.Writer.SetMap.
func Index(ctx context.Context, x *index.Index, seed uint64, anew bool, progress func(done, total int)) (m index.Map, trust float64, err error) {
	g, ids, err := graphIn(ctx, x)
	if err != nil {
		return m, 0, err
	}
	o := Options{Seed: seed, Progress: progress}
	if !anew {
		if err := o.hold(ctx, x, ids); err != nil {
			return m, 0, err
		}
	}
	places, err := Of(ctx, g, x.Dim(), func(i int) ([]float32, error) { return x.Vector(ids[i]) }, o)
	if err != nil {
		return m, 0, err
	}
	each, trust := Trust(g, places, trustOf)
	return index.Map{Seed: seed, IDs: ids, Places: places, Trust: each, Of: min(trustOf, g.K, max(0, len(ids)-1))}, trust, nil
}

// hold takes the places of the index's map.
func (o *Options) hold(ctx context.Context, x *index.Index, ids []int64) error {
	had, err := x.Map(ctx)
	if errors.Is(err, index.ErrNoMap) || err == nil && (had.Seed != o.Seed || len(had.IDs) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	at := make(map[int64]int, len(had.IDs))
	for i, id := range had.IDs {
		at[id] = i
	}
	o.Fixed, o.Held = make([][2]float32, len(ids)), make([]bool, len(ids))
	for i, id := range ids {
		if j, ok := at[id]; ok {
			o.Fixed[i], o.Held[i] = had.Places[j], true
		}
	}
	return nil
}

// graphIn reads the graph of an index, its points numbered by ascending id.
func graphIn(ctx context.Context, x *index.Index) (g Graph, ids []int64, err error) {
	number := map[int64]int32{}
	var lists [][]index.Hit
	err = x.Graph(ctx, func(id int64, hits []index.Hit) error {
		number[id] = int32(len(ids))
		ids, lists = append(ids, id), append(lists, append([]index.Hit(nil), hits...))
		g.K = max(g.K, len(hits))
		return nil
	})
	if err != nil {
		return g, nil, err
	}
	g.K = max(g.K, 1)
	g.Neighbours, g.Distances = make([]int32, len(ids)*g.K), make([]float32, len(ids)*g.K)
	for i, hits := range lists {
		row := g.Neighbours[i*g.K : (i+1)*g.K]
		for at := range row {
			row[at] = -1
			if at < len(hits) {
				row[at], g.Distances[i*g.K+at] = number[hits[at].ID], float32(hits[at].Distance())
			}
		}
	}
	return g, ids, nil
}
