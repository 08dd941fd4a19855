package index

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Find returns the id of a content, or ErrUnknown.
func (w *Writer) Find(h Hash) (int64, error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	var id int64
	err := w.tx.QueryRow("select id from items where hash = ?", h[:]).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("photograph %s: %w", h, ErrUnknown)
	}
	return id, err
}

// Place returns what is known of a path and its item, or ErrUnknown.
func (w *Writer) Place(path string) (int64, Place, error) {
	if err := w.begin(); err != nil {
		return 0, Place{}, err
	}
	p := Place{Path: path}
	var id, modified int64
	err := w.tx.QueryRow("select item, class, root, bytes, modified, gone from places where path = ?", path).Scan(&id, &p.Class, &p.Root, &p.Bytes, &modified, &p.Gone)
	p.Modified = time.Unix(modified, 0)
	if errors.Is(err, sql.ErrNoRows) {
		err = fmt.Errorf("%s: %w", path, ErrUnknown)
	}
	return id, p, err
}

// Put says that item id lies at a place, in whatever state; what was said of the path before is forgotten.
func (w *Writer) Put(id int64, p Place) error {
	before, _, err := w.Place(p.Path)
	if err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	if err == nil {
		w.touched[before] = true
	}
	if _, ok := slices.BinarySearch(w.ids, id); !ok {
		return fmt.Errorf("item %d: %w", id, ErrUnknown)
	}
	w.touched[id] = true
	_, err = w.tx.Exec("insert or replace into places values(?, ?, ?, ?, ?, ?, ?)", p.Path, id, p.Class, p.Root, p.Bytes, p.Modified.Unix(), p.Gone)
	if err == nil {
		_, err = w.tx.Exec("delete from failures where path = ?", p.Path)
	}
	return err
}

// Fail notes a photograph that could not be indexed; one that lay at its path before is gone.
func (w *Writer) Fail(path, reason string, bytes int64, modified time.Time) error {
	if err := w.Remove(path); err != nil && !errors.Is(err, ErrUnknown) {
		return err
	}
	_, err := w.tx.Exec("insert or replace into failures values(?, ?, ?, ?)", path, reason, bytes, modified.Unix())
	return err
}

// Forget drops what was noted by Fail.
func (w *Writer) Forget(path string) error {
	if err := w.begin(); err != nil {
		return err
	}
	_, err := w.tx.Exec("delete from failures where path = ?", path)
	return err
}

// Remove drops a path. An item without a path left is found no more, and Compact takes it away.
func (w *Writer) Remove(path string) error {
	id, _, err := w.Place(path)
	if err != nil {
		return err
	}
	w.touched[id] = true
	_, err = w.tx.Exec("delete from places where path = ?", path)
	return err
}

// Decide keeps a decision: of one photograph (A equal to B) or of two. An empty value takes it back.
func (w *Writer) Decide(d Decision) error {
	if err := w.begin(); err != nil {
		return err
	}
	if d.Kind == "" {
		return errors.New("a decision needs a kind")
	}
	if d.At.IsZero() {
		d.At = time.Now()
	}
	a, b := ordered(d.A, d.B)
	if d.Value == "" {
		_, err := w.tx.Exec("delete from decisions where a = ? and b = ? and kind = ?", a[:], b[:], d.Kind)
		return err
	}
	_, err := w.tx.Exec("insert or replace into decisions values(?, ?, ?, ?, ?)", a[:], b[:], d.Kind, d.Value, d.At.Unix())
	return err
}

// EachPlace calls use for every place in a folder or below it, gone or not, by path; an empty folder is all.
func (w *Writer) EachPlace(folder string, use func(id int64, p Place) error) error {
	if err := w.begin(); err != nil {
		return err
	}
	from, to := "", "\U0010ffff"
	if folder != "" {
		from, to = below(folder)
	}
	return each(w.tx, func(r *sql.Rows) error {
		var p Place
		var id, modified int64
		if err := r.Scan(&id, &p.Path, &p.Class, &p.Root, &p.Bytes, &modified, &p.Gone); err != nil {
			return err
		}
		p.Modified = time.Unix(modified, 0)
		return use(id, p)
	}, "select item, path, class, root, bytes, modified, gone from places where path >= ? and path < ? order by path", from, to)
}

// Roots lists the folders that were indexed.
func (w *Writer) Roots() ([]string, error) {
	if err := w.begin(); err != nil {
		return nil, err
	}
	return rootsIn(w.tx)
}

// EachFailure calls use for every photograph noted by Fail.
func (w *Writer) EachFailure(use func(f Failure, bytes int64, modified time.Time) error) error {
	if err := w.begin(); err != nil {
		return err
	}
	return each(w.tx, func(r *sql.Rows) error {
		var f Failure
		var bytes, modified int64
		if err := r.Scan(&f.Path, &f.Reason, &bytes, &modified); err != nil {
			return err
		}
		return use(f, bytes, time.Unix(modified, 0))
	}, "select path, reason, bytes, modified from failures order by path")
}

// PathOf returns where an item lies: the first of its places that is not gone, else the first; empty where it has none.
func (w *Writer) PathOf(id int64) (string, error) {
	if err := w.begin(); err != nil {
		return "", err
	}
	var path string
	err := w.tx.QueryRow("select path from places where item = ? order by gone, path limit 1", id).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return path, err
}

// Live is the number of items that can be found, as of the last Commit.
func (w *Writer) Live() int { return w.live.Count() }

// Files counts the files that hold them: of equal files, each.
func (w *Writer) Files() (n int, err error) {
	if err := w.begin(); err != nil {
		return 0, err
	}
	err = w.tx.QueryRow("select count(*) from places where gone = 0").Scan(&n)
	return n, err
}

// HasGraph reports whether there is a graph of k neighbours that covers all items.
func (w *Writer) HasGraph(k int) bool { return w.graph.k == k && w.graph.rows == w.rows }
