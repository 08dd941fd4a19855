package index

import (
	"context"
	"errors"
	"fmt"
	"unsafe"

	"github.com/dvml/dvml/index/scan"
)

// hitBytes is hits as they lie in memory and in the file: int32 row and float32 score each, little-endian.
func hitBytes(hits []scan.Hit) []byte {
	if len(hits) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&hits[0])), 8*len(hits))
}

// listed returns the neighbours that the graph keeps of a row, mapped. None where there is no graph, or it was made before the row was.
func (s *state) listed(row int) ([]scan.Hit, error) {
	if row >= s.graph.rows {
		return nil, nil
	}
	b, err := s.files[graphKind].Bytes(int64(row)*int64(8*s.graph.k), 8*s.graph.k)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*scan.Hit)(unsafe.Pointer(&b[0])), s.graph.k), nil
}

// alive appends the neighbours of a list that can be found, k at most.
func (s *state) alive(dst []Hit, list []scan.Hit, k int) ([]Hit, error) {
	for _, h := range list {
		if len(dst) == k || h.Row == scan.None {
			break
		}
		if int(h.Row) < 0 || int(h.Row) >= s.rows {
			return nil, errors.New("the graph names a row that is not there")
		}
		if s.live.Has(int(h.Row)) {
			dst = append(dst, Hit{s.ids[h.Row], h.Score})
		}
	}
	return dst, nil
}

// Neighbours returns the k items nearest to an item, without itself, nearest first. They are read from the graph where it answers exactly, else searched.
func (x *Index) Neighbours(ctx context.Context, id int64, k int) ([]Hit, error) {
	s, err := x.ready(ctx)
	if err != nil {
		return nil, err
	}
	row, ok := s.row(id)
	if !ok {
		return nil, fmt.Errorf("item %d: %w", id, ErrUnknown)
	}
	if s.graph.k > 0 && s.graph.rows == s.rows {
		list, err := s.listed(row)
		if err != nil {
			return nil, err
		}
		// Rows that are found no more only shorten the list: what is left of it comes first among those that are.
		hits, err := s.alive(nil, list, k)
		if err != nil || len(hits) == k || s.rows-1 <= s.graph.k {
			return hits, err
		}
	}
	v, err := s.Row(row)
	if err != nil {
		return nil, err
	}
	found, err := x.SearchAll(ctx, v, Query{K: k, Without: []int64{id}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// ErrNoGraph is returned by Graph where there is none, or one from before the newest photographs.
var ErrNoGraph = errors.New("the index has no graph of neighbours of all its photographs: run `dvml index` on it again")

// HasGraph reports whether there is a graph of neighbours of all items.
func (x *Index) HasGraph(ctx context.Context) (bool, error) {
	s, err := x.ready(ctx)
	return err == nil && s.whole(), err
}

// whole reports whether the graph covers all rows.
func (s *state) whole() bool { return s.graph.k > 0 && s.graph.rows >= s.rows }

// Graph calls use for every item that can be found with its neighbours that can, nearest first and up to the number that the graph was made with, by
// ascending id. hits belong to use until it returns.
func (x *Index) Graph(ctx context.Context, use func(id int64, hits []Hit) error) error {
	s, err := x.ready(ctx)
	if err != nil {
		return err
	}
	if !s.whole() {
		return ErrNoGraph
	}
	var hits []Hit
	for row, id := range s.ids {
		if !s.live.Has(row) {
			continue
		}
		list, err := s.listed(row)
		if err != nil {
			return err
		}
		if hits, err = s.alive(hits[:0], list, s.graph.k); err != nil {
			return err
		}
		if err := use(id, hits); err != nil {
			return err
		}
	}
	return nil
}

// Pair is two items that lie near each other.
type Pair struct {
	A, B  int64 // A < B
	Score float32
}

// Pairs calls use for every pair of the graph whose score is at least that, each once.
func (x *Index) Pairs(ctx context.Context, score float32, use func(Pair) error) error {
	s, err := x.ready(ctx)
	if err != nil {
		return err
	}
	return x.Graph(ctx, func(id int64, hits []Hit) error {
		for _, h := range hits {
			if h.Score < score {
				break
			}
			if h.ID < id { // it was told of from the other side, unless its list does not reach this far
				row, _ := s.row(h.ID)
				list, err := s.listed(row)
				if err != nil {
					return err
				}
				if own, _ := s.row(id); holds(list, own) {
					continue
				}
			}
			if err := use(Pair{min(id, h.ID), max(id, h.ID), h.Score}); err != nil {
				return err
			}
		}
		return nil
	})
}

func holds(list []scan.Hit, row int) bool {
	for _, h := range list {
		if int(h.Row) == row {
			return true
		}
	}
	return false
}
