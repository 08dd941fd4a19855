package server

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dvml/dvml/index"
	"github.com/dvml/dvml/review"
)

// reviews keeps what is to be looked at in an index. It is made anew where photographs, their places or
// their classes have changed; decisions are only read again.
type reviews struct {
	mu      sync.Mutex
	of      uint64 // photographs, as snapshot.sum has them
	version int64  // of the index, by which decisions were read
	made    *review.Review
}

// sumItems tells apart what there is to review: photographs, where they lie and what they are called.
func (s *snapshot) sumItems() uint64 {
	h := fnv.New64a()
	for i := range s.items {
		item := &s.items[i]
		h.Write(binary.LittleEndian.AppendUint64(nil, uint64(item.ID))) //nolint:errcheck // it cannot fail
		for _, p := range item.Places {
			if !p.Gone {
				h.Write([]byte(p.Path + "\x00" + p.Class + "\x00")) //nolint:errcheck // likewise
			}
		}
	}
	return h.Sum64()
}

// reviewed calls use with what is to be looked at by now; nothing changes meanwhile.
func (s *Server) reviewed(ctx context.Context, x *shelf, use func(*review.Review) error) error {
	r := &x.reviews
	r.mu.Lock()
	defer r.mu.Unlock()
	of := x.snap.sum()
	switch {
	case r.made == nil || r.of != of:
		made, err := review.Make(s.stopping, x.Index, review.Options{}) // whoever asked may have gone: the next one asks again
		if errors.Is(err, index.ErrNoGraph) {
			return bad(http.StatusConflict, "the index keeps no neighbours, by which photographs are reviewed: run `dvml index` on it again")
		}
		if err != nil {
			if now, failed := x.Version(ctx); failed == nil && now != x.snap.version {
				return &problem{http.StatusServiceUnavailable, "photographs come and go; try again when the index is complete", "writing", time.Second}
			}
			return err
		}
		r.of, r.version, r.made = of, x.snap.version, made
	case r.version != x.snap.version:
		if err := r.made.Decide(ctx, x.Index); err != nil {
			return err
		}
		r.version = x.snap.version
	}
	return use(r.made)
}

// reviewView is a part of a queue.
type reviewView struct {
	Total     int         `json:"total"`
	Undecided int         `json:"undecided"`
	Entries   []entryView `json:"entries"`
	Sides     []string    `json:"sides"` // of the split that leaks are looked for across; null: there is none
}

type entryView struct {
	A           itemView  `json:"a"`
	B           *itemView `json:"b"`
	Given       *string   `json:"given"`
	Suggested   *string   `json:"suggested"`
	Score       float64   `json:"score"`
	Probability *float64  `json:"probability"`
	Decision    *string   `json:"decision"`
	Key         string    `json:"key"` // stays, whatever the numbers of photographs are
}

// entry describes an entry; nil: one of its photographs is gone.
func (x *shelf) entry(e review.Entry) *entryView {
	named := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	a, err := x.snap.item(e.A)
	if err != nil {
		return nil
	}
	v := &entryView{A: x.names.item(a), Given: named(e.Given), Suggested: named(e.Suggested), Score: e.Score, Probability: e.Probability, Decision: named(e.Decision)}
	v.Key = v.A.Hash
	if e.B != 0 {
		b, err := x.snap.item(e.B)
		if err != nil {
			return nil
		}
		other := x.names.item(b)
		v.B = &other
		v.Key += " " + other.Hash
	}
	return v
}

func (s *Server) getReview(c *call) error {
	q := c.r.URL.Query()
	offset, err := number(q, "offset", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit, err := number(q, "limit", 50, 1, mostItems)
	if err != nil {
		return err
	}
	name := c.r.PathValue("queue")
	if !slices.Contains(review.Queues(), name) {
		return bad(http.StatusNotFound, "there is no queue %q; expected %s", name, strings.Join(review.Queues(), ", "))
	}
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	v := reviewView{Entries: []entryView{}}
	err = s.reviewed(c.r.Context(), x, func(r *review.Review) error {
		all, _ := r.Queue(name)
		v.Total, v.Sides = len(all), r.Sides
		for _, e := range all {
			if e.Decision == "" {
				v.Undecided++
			}
		}
		for _, e := range all[min(offset, len(all)):min(offset+limit, len(all))] {
			if one := x.entry(e); one != nil {
				v.Entries = append(v.Entries, *one)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, v)
}
