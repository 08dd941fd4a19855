package server

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dvml/dvml/index"
)

// listing keeps the items of an index in memory, a few hundred bytes each, so that any row of any
// order is answered at once.
type listing struct {
	mu   sync.Mutex
	last *snapshot
}

// snapshot is all items that could be found at one version of the index.
type snapshot struct {
	version int64
	items   []index.Item // by id
	made    time.Time
	took    time.Duration

	classes func() []index.Class
	roots   func() []string // the folders that were indexed
	byPath  func() []int32  // indices into items
	byClass func() []int32
	sum     func() uint64 // of what there is to review
}

// snapshot returns the items of the newest version. While an index is written to quickly, as it is
// filled, one that is a little older will do: making it never takes more than a fifth of the time.
func (o *opened) snapshot(ctx context.Context) (*snapshot, error) {
	version, err := o.Version(ctx)
	if err != nil {
		return nil, err
	}
	l := &o.listing
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.last; s != nil && (s.version == version || time.Since(s.made) < 5*s.took) {
		return s, nil
	}
	s := &snapshot{version: version}
	began := time.Now()
	for item, err := range o.Items(context.WithoutCancel(ctx)) {
		if err != nil {
			return nil, err
		}
		s.items = append(s.items, item)
	}
	s.made, s.took = time.Now(), time.Since(began)
	s.classes = sync.OnceValue(s.countClasses)
	s.roots = sync.OnceValue(s.listRoots)
	s.sum = sync.OnceValue(s.sumItems)
	s.byPath = s.order(func(a, b *index.Item) int { return strings.Compare(a.Path(), b.Path()) })
	s.byClass = s.order(func(a, b *index.Item) int {
		return cmp.Or(strings.Compare(a.Class(), b.Class()), strings.Compare(a.Path(), b.Path()))
	})
	l.last = s
	return s, nil
}

func (s *snapshot) order(less func(a, b *index.Item) int) func() []int32 {
	return sync.OnceValue(func() []int32 {
		all := make([]int32, len(s.items))
		for i := range all {
			all[i] = int32(i)
		}
		slices.SortStableFunc(all, func(a, b int32) int { return less(&s.items[a], &s.items[b]) })
		return all
	})
}

// countClasses lists the classes, by name.
func (s *snapshot) countClasses() []index.Class {
	n := map[string]int{}
	for i := range s.items {
		n[s.items[i].Class()]++
	}
	out := make([]index.Class, 0, len(n))
	for name, items := range n {
		out = append(out, index.Class{Name: name, Items: items})
	}
	slices.SortFunc(out, func(a, b index.Class) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *snapshot) listRoots() []string {
	known := map[string]bool{}
	for i := range s.items {
		for _, p := range s.items[i].Places {
			known[p.Root] = true
		}
	}
	return slices.Sorted(maps.Keys(known))
}

// item returns the item of an id.
func (s *snapshot) item(id int64) (*index.Item, error) {
	at, ok := slices.BinarySearchFunc(s.items, id, func(i index.Item, id int64) int { return cmp.Compare(i.ID, id) })
	if !ok {
		return nil, fmt.Errorf("item %d: %w", id, index.ErrUnknown)
	}
	return &s.items[at], nil
}

// orders are the orders in which items can be listed.
const (
	orderID    = "id"
	orderPath  = "path"
	orderClass = "class"
)

// list returns the items that pass the filter, in an order.
func (s *snapshot) list(f index.Filter, order string) ([]*index.Item, error) {
	var by []int32
	switch order {
	case "", orderID:
	case orderPath:
		by = s.byPath()
	case orderClass:
		by = s.byClass()
	default:
		return nil, invalid("order %q; expected id, path or class", order)
	}
	out := make([]*index.Item, 0, len(s.items))
	m := newMatcher(f)
	for i := range s.items {
		item := &s.items[i]
		if by != nil {
			item = &s.items[by[i]]
		}
		if m.passes(item) {
			out = append(out, item)
		}
	}
	return out, nil
}

// matcher is an index.Filter that looks at items in memory: the same rule, of one and the same place.
type matcher struct {
	index.Filter
	all bool
	ids map[int64]bool
}

func newMatcher(f index.Filter) *matcher {
	m := &matcher{Filter: f, all: len(f.Classes) == 0 && f.Folder == "" && f.After.IsZero() && f.Before.IsZero() && f.IDs == nil}
	if f.IDs != nil {
		m.ids = map[int64]bool{}
		for _, id := range f.IDs {
			m.ids[id] = true
		}
	}
	return m
}

func (m *matcher) passes(i *index.Item) bool {
	if m.all {
		return true
	}
	if m.ids != nil && !m.ids[i.ID] {
		return false
	}
	return slices.ContainsFunc(i.Places, func(p index.Place) bool {
		return !p.Gone && (len(m.Classes) == 0 || slices.ContainsFunc(m.Classes, func(c string) bool { return within(p.Class, c, "/") })) &&
			(m.Folder == "" || within(p.Path, m.Folder, string(filepath.Separator))) &&
			(m.After.IsZero() || !p.Modified.Before(m.After)) && (m.Before.IsZero() || p.Modified.Before(m.Before))
	})
}

// within reports whether name is top or lies below it.
func within(name, top, separator string) bool {
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(top, separator))
	return ok && (rest == "" || strings.HasPrefix(rest, separator))
}
