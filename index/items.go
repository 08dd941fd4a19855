package index

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"
)

// Hash is the SHA-256 of a photograph's file.
type Hash [32]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Item is a photograph by its content.
type Item struct {
	ID            int64
	Hash          Hash
	Width, Height int   // pixels, as it is looked at
	Bytes         int64 // of the file
	Added         time.Time
	Places        []Place // ordered by path
}

// Place is a path under which a photograph was seen.
type Place struct {
	Path     string // absolute
	Class    string // the folder that it lies in, seen from Root, with slashes; empty: none
	Root     string // the folder that was indexed
	Bytes    int64
	Modified time.Time // of the file, in whole seconds
	Gone     bool      // it was there and is no longer
}

// Path is where the photograph lies: the first place that is not gone, else the first.
func (i Item) Path() string {
	for _, p := range i.Places {
		if !p.Gone {
			return p.Path
		}
	}
	if len(i.Places) > 0 {
		return i.Places[0].Path
	}
	return ""
}

// Class is the class of the place that Path names.
func (i Item) Class() string {
	path := i.Path()
	for _, p := range i.Places {
		if p.Path == path {
			return p.Class
		}
	}
	return ""
}

const itemColumns = "select i.id, i.hash, i.width, i.height, i.bytes, i.added, p.path, p.class, p.root, p.bytes, p.modified, p.gone from items i left join places p on p.item = i.id "

// Item returns one item.
func (x *Index) Item(ctx context.Context, id int64) (Item, error) {
	if _, err := x.ready(ctx); err != nil {
		return Item{}, err
	}
	for item, err := range x.items(ctx, itemColumns+"where i.id = ? order by i.id, p.path", id) {
		return item, err
	}
	return Item{}, fmt.Errorf("item %d: %w", id, ErrUnknown)
}

// ByHash returns the item of a content.
func (x *Index) ByHash(ctx context.Context, h Hash) (Item, error) {
	if _, err := x.ready(ctx); err != nil {
		return Item{}, err
	}
	for item, err := range x.items(ctx, itemColumns+"where i.hash = ? order by i.id, p.path", h[:]) {
		return item, err
	}
	return Item{}, fmt.Errorf("photograph %s: %w", h, ErrUnknown)
}

// Items goes through all items that can be found, by ascending id.
func (x *Index) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		s, err := x.ready(ctx)
		if err != nil {
			yield(Item{}, err)
			return
		}
		for item, err := range x.items(ctx, itemColumns+"order by i.id, p.path") {
			if err == nil {
				if row, ok := s.row(item.ID); !ok || !s.live.Has(row) {
					continue
				}
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// items gathers the rows of a query by item.
func (x *Index) items(ctx context.Context, query string, args ...any) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		found, err := x.db.QueryContext(ctx, query, args...)
		if err != nil {
			yield(Item{}, err)
			return
		}
		defer found.Close()
		var item Item
		for found.Next() {
			next, place, err := scanItem(found)
			if err != nil {
				yield(Item{}, err)
				return
			}
			if item.ID != 0 && next.ID != item.ID && !yield(item, nil) {
				return
			}
			if next.ID != item.ID {
				item = next
			}
			if place.Path != "" {
				item.Places = append(item.Places, place)
			}
		}
		if err := found.Err(); err != nil {
			yield(Item{}, err)
			return
		}
		if item.ID != 0 {
			yield(item, nil)
		}
	}
}

func scanItem(r *sql.Rows) (i Item, p Place, err error) {
	var hash []byte
	var added int64
	var path, class, root sql.NullString
	var bytes, modified sql.NullInt64
	var gone sql.NullBool
	if err := r.Scan(&i.ID, &hash, &i.Width, &i.Height, &i.Bytes, &added, &path, &class, &root, &bytes, &modified, &gone); err != nil {
		return i, p, err
	}
	if len(hash) != len(i.Hash) {
		return i, p, fmt.Errorf("item %d has a hash of %d bytes", i.ID, len(hash))
	}
	copy(i.Hash[:], hash)
	i.Added = time.Unix(added, 0)
	return i, Place{path.String, class.String, root.String, bytes.Int64, time.Unix(modified.Int64, 0), gone.Bool}, nil
}

// Vectors calls use for the ids and vectors of all items that can be found, by ascending id, until it returns an error. Vectors are mapped, see Vector.
func (x *Index) Vectors(ctx context.Context, use func(id int64, v []float32) error) error {
	s, err := x.ready(ctx)
	if err != nil {
		return err
	}
	for row, id := range s.ids {
		if !s.live.Has(row) {
			continue
		}
		v, err := s.Row(row)
		if err != nil {
			return err
		}
		if err := use(id, v); err != nil {
			return err
		}
	}
	return nil
}

// Class is a class and how many items it has.
type Class struct {
	Name  string
	Items int
}

// Classes lists the classes of items that can be found, by name.
func (x *Index) Classes(ctx context.Context) ([]Class, error) {
	if _, err := x.ready(ctx); err != nil {
		return nil, err
	}
	var out []Class
	err := each(x.db, func(r *sql.Rows) error {
		var c Class
		err := r.Scan(&c.Name, &c.Items)
		out = append(out, c)
		return err
	}, "select class, count(distinct item) from places where gone = 0 group by class order by class")
	return out, err
}

// Roots lists the folders that were indexed.
func (x *Index) Roots(ctx context.Context) ([]string, error) {
	if _, err := x.ready(ctx); err != nil {
		return nil, err
	}
	return rootsIn(x.db)
}

func rootsIn(q queryer) (roots []string, err error) {
	err = each(q, func(r *sql.Rows) error {
		var root string
		err := r.Scan(&root)
		roots = append(roots, root)
		return err
	}, "select distinct root from places order by root")
	return roots, err
}

// Failure is a photograph that could not be indexed.
type Failure struct {
	Path, Reason string
}

// Failures lists the photographs that could not be indexed, by path.
func (x *Index) Failures(ctx context.Context) ([]Failure, error) {
	if _, err := x.ready(ctx); err != nil {
		return nil, err
	}
	var out []Failure
	err := each(x.db, func(r *sql.Rows) error {
		var f Failure
		err := r.Scan(&f.Path, &f.Reason)
		out = append(out, f)
		return err
	}, "select path, reason from failures order by path")
	return out, err
}

// Decision is what a person said of a photograph or of two, by content, so that it outlives moves and rebuilds.
type Decision struct {
	A, B  Hash   // equal where it is about one photograph; else A < B
	Kind  string // such as "duplicate" or "label"
	Value string // such as "yes", "no", or a class
	At    time.Time
}

// Decisions lists what was decided, of one kind or, with an empty kind, of all.
func (x *Index) Decisions(ctx context.Context, kind string) ([]Decision, error) {
	if _, err := x.ready(ctx); err != nil {
		return nil, err
	}
	var out []Decision
	err := each(x.db, func(r *sql.Rows) error {
		var d Decision
		var a, b []byte
		var at int64
		err := r.Scan(&a, &b, &d.Kind, &d.Value, &at)
		copy(d.A[:], a)
		copy(d.B[:], b)
		d.At = time.Unix(at, 0)
		out = append(out, d)
		return err
	}, "select a, b, kind, value, at from decisions where ?1 = '' or kind = ?1 order by a, b, kind", kind)
	return out, err
}

// ordered returns a decision's hashes in order.
func ordered(a, b Hash) (Hash, Hash) {
	if slices.Compare(a[:], b[:]) > 0 {
		return b, a
	}
	return a, b
}
