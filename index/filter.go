package index

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dvml/dvml/index/scan"
)

// Filter says which items are looked at. The zero value is all; what is set holds together, of one and the same place of an item.
type Filter struct {
	Classes []string  // any of these classes, or a class below one: Audi has Audi/A4
	Folder  string    // photographs in this folder or below it
	After   time.Time // files modified then or later
	Before  time.Time // files modified before
	IDs     []int64   // any of these items

	Labelled bool // photographs that have a class
}

func (f Filter) empty() bool {
	return len(f.Classes) == 0 && f.Folder == "" && f.After.IsZero() && f.Before.IsZero() && f.IDs == nil && !f.Labelled
}

// filterCache keeps the rows of the filters used last, for one version of the index.
type filterCache struct {
	mu      sync.Mutex
	version int64
	rows    map[string]scan.Bitmap
}

// mostFilters bounds the cache: an eighth of a byte a row each.
const mostFilters = 64

// keep returns the rows that pass the filter and can be found.
func (x *Index) keep(ctx context.Context, s *state, f Filter, without []int64) (scan.Bitmap, error) {
	all := s.live
	if !f.empty() {
		found, err := x.filtered(ctx, s, f)
		if err != nil {
			return nil, err
		}
		all = found
	}
	if len(without) == 0 {
		return all, nil
	}
	all = slices.Clone(all)
	for _, id := range without {
		if row, ok := s.row(id); ok {
			all.Clear(row)
		}
	}
	return all, nil
}

// Count returns how many items pass the filter.
func (x *Index) Count(ctx context.Context, f Filter) (int, error) {
	s, err := x.ready(ctx)
	if err != nil {
		return 0, err
	}
	rows, err := x.keep(ctx, s, f, nil)
	return rows.Count(), err
}

func (x *Index) filtered(ctx context.Context, s *state, f Filter) (scan.Bitmap, error) {
	key := fmt.Sprintf("%q %q %d %d %v %v", f.Classes, f.Folder, f.After.Unix(), f.Before.Unix(), f.Labelled, f.IDs)
	c := &x.filters
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.version != s.version || c.rows == nil || len(c.rows) >= mostFilters {
		c.version, c.rows = s.version, map[string]scan.Bitmap{}
	}
	if found, ok := c.rows[key]; ok {
		return found, nil
	}
	found := scan.NewBitmap(s.rows)
	take := func(id int64) {
		if row, ok := s.row(id); ok {
			found.Set(row)
		}
	}
	where, args, err := f.where()
	if err != nil {
		return nil, err
	}
	if where == "" {
		for _, id := range f.IDs {
			take(id)
		}
	} else {
		err = each(x.db, func(r *sql.Rows) error {
			var id int64
			err := r.Scan(&id)
			if f.IDs == nil || slices.Contains(f.IDs, id) {
				take(id)
			}
			return err
		}, "select item from places where gone = 0 and "+where, args...)
	}
	found.And(s.live)
	if err == nil {
		c.rows[key] = found
	}
	return found, err
}

// where is the filter in SQL, over places.
func (f Filter) where() (string, []any, error) {
	var parts []string
	var args []any
	add := func(part string, values ...any) { parts, args = append(parts, part), append(args, values...) }
	if len(f.Classes) > 0 {
		var any []string
		for _, c := range f.Classes {
			any = append(any, "class = ? or class >= ? and class < ?")
			args = append(args, c, c+"/", c+"0") // 0 follows /
		}
		parts = append(parts, "("+strings.Join(any, " or ")+")")
	}
	if f.Labelled {
		add("class <> ''")
	}
	if f.Folder != "" {
		folder, err := filepath.Abs(f.Folder)
		if err != nil {
			return "", nil, err
		}
		from, to := below(folder)
		add("path >= ? and path < ?", from, to)
	}
	if !f.After.IsZero() {
		add("modified >= ?", f.After.Unix())
	}
	if !f.Before.IsZero() {
		add("modified < ?", f.Before.Unix())
	}
	return strings.Join(parts, " and "), args, nil
}

// below returns bounds of the paths in a folder and below it: at least from, less than to.
func below(folder string) (from, to string) {
	folder = strings.TrimSuffix(folder, string(filepath.Separator))
	return folder + string(filepath.Separator), folder + string(rune(filepath.Separator+1))
}
