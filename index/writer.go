package index

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/dvml/dvml/index/rows"
	"github.com/dvml/dvml/index/scan"
	"github.com/dvml/dvml/internal/lockfile"
)

// ErrLocked is returned where another process, or another Writer of this one, writes to the index.
var ErrLocked = lockfile.ErrHeld

const lockName = "lock"

// Writer changes an index. Its methods are called by one goroutine. What it did counts from Commit on; after an error other than ErrUnknown, or a Close
// before Commit, nothing of it is left since the last Commit.
type Writer struct {
	folder string
	files  rows.Files
	lock   *lockfile.Lock
	db     *sql.DB
	tx     *sql.Tx // what is not committed yet; nil: nothing
	old    head    // as committed
	head
	states  map[string]rows.State   // as committed, by kind
	writers map[string]*rows.Writer // of kinds vectors, compact, ids, thumbs
	live    scan.Bitmap
	ids     []int64   // of each row
	tail    []float32 // the rows that fill no group of the compact form yet
	touched map[int64]bool
	wrote   bool // since the seal
}

// Create makes an index in folder, which must not hold one, and opens it.
func Create(folder string, m Model) (*Writer, error) { return create(folder, m, rows.OS{}) }

func create(folder string, m Model, files rows.Files) (*Writer, error) {
	if m.Dim < 1 || m.Dim > scan.MaxDim {
		return nil, fmt.Errorf("vectors of %d dimensions; expected 1 to %d", m.Dim, scan.MaxDim)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if Exists(folder) {
		return nil, fmt.Errorf("%s already holds an index", folder)
	}
	w, err := lock(folder, files)
	if err != nil {
		return nil, err
	}
	if w.tx, err = w.db.Begin(); err == nil {
		_, err = w.tx.Exec(schema)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("index %s: %w", folder, err), w.Close())
	}
	w.head = head{model: m, generation: 1}
	if w.writers, err = w.create(w.head); err == nil {
		err = w.Commit()
	}
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

// Exists reports whether folder holds an index.
func Exists(folder string) bool {
	db, err := openCatalogue(folder, false)
	if err != nil {
		return false
	}
	defer db.Close()
	var n int
	return db.QueryRow("select count(*) from meta").Scan(&n) == nil && n > 0
}

// lock takes the folder for a writer.
func lock(folder string, files rows.Files) (*Writer, error) {
	l, err := lockfile.Take(filepath.Join(folder, lockName))
	if errors.Is(err, ErrLocked) {
		return nil, fmt.Errorf("index %s is being written: %w; wait for it, or end it", folder, err)
	}
	if err != nil {
		return nil, err
	}
	db, err := openCatalogue(folder, true)
	if err != nil {
		return nil, errors.Join(err, l.Release())
	}
	return &Writer{folder: folder, files: files, lock: l, db: db, touched: map[int64]bool{}, states: map[string]rows.State{}}, nil
}

// create makes empty files of rows for h.
func (w *Writer) create(h head) (map[string]*rows.Writer, error) {
	out := map[string]*rows.Writer{}
	for _, kind := range []string{vectorsKind, compactKind, idsKind, thumbsKind} {
		f, err := rows.Create(w.files, w.path(h.name(kind)), h.header(kind))
		if err != nil {
			return nil, errors.Join(err, closeAll(out))
		}
		out[kind] = f
	}
	return out, w.files.SyncFolder(w.folder)
}

// OpenWriter opens the index in folder for changes.
func OpenWriter(folder string) (*Writer, error) { return openWriter(folder, rows.OS{}) }

func openWriter(folder string, files rows.Files) (*Writer, error) {
	x, err := Open(folder) // what is damaged is found before it is written to
	if err != nil {
		return nil, err
	}
	_, err = x.ready(context.Background())
	if err := errors.Join(err, x.Close()); err != nil {
		return nil, err
	}
	w, err := lock(folder, files)
	if err != nil {
		return nil, err
	}
	if err := w.resume(); err != nil {
		return nil, errors.Join(fmt.Errorf("index %s: %w", folder, err), w.Close())
	}
	return w, nil
}

// resume takes up what was committed last, and removes files that a writer left which was stopped.
func (w *Writer) resume() error {
	s, err := load(context.Background(), w.folder, w.db, nil)
	if s != nil {
		defer func() {
			for _, m := range s.files {
				m.Close() //nolint:errcheck // it was only read
			}
		}()
	}
	if err != nil {
		return err
	}
	w.head, w.old, w.live, w.ids = s.head, s.head, s.live, slices.Clone(s.ids)
	for i := s.rows / scan.GroupRows * scan.GroupRows; i < s.rows; i++ {
		v, err := s.Row(i)
		if err != nil {
			return err
		}
		w.tail = append(w.tail, v...)
	}
	w.writers = map[string]*rows.Writer{}
	for _, kind := range []string{vectorsKind, compactKind, idsKind, thumbsKind} {
		if w.states[kind], err = readState(w.db, w.name(kind)); err != nil {
			return err
		}
		f, err := rows.Reopen(w.files, w.path(w.name(kind)), w.states[kind])
		if err != nil {
			return err
		}
		w.writers[kind] = f
	}
	sealed, _, err := readSeal(w.folder)
	w.wrote = err != nil || sealed != w.version
	return w.sweep()
}

// sweep removes files of rows that the catalogue does not name.
func (w *Writer) sweep() error {
	entries, err := os.ReadDir(w.folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		kind, _, _ := cutName(e.Name())
		if kind == "" || e.Name() == w.name(kind) && (kind != graphKind || w.graph.k > 0) {
			continue
		}
		if err := w.files.Remove(w.path(e.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *Writer) path(name string) string { return filepath.Join(w.folder, name) }

// Model is what the index's vectors were made with.
func (w *Writer) Model() Model { return w.model }

// begin opens a transaction where none is open.
func (w *Writer) begin() error {
	if w.tx != nil {
		return nil
	}
	var err error
	w.tx, err = w.db.Begin()
	return err
}

// Photograph is a new item.
type Photograph struct {
	Hash          Hash
	Vector        []float32 // [Dim]; it is kept at length 1
	Thumbnail     []byte    // a small JPEG
	Width, Height int
	Bytes         int64
}

// Add puts a photograph in and returns its id; a content that is in already keeps its vector. It is found once it has a place.
func (w *Writer) Add(p Photograph) (int64, error) {
	if id, err := w.Find(p.Hash); err == nil || !errors.Is(err, ErrUnknown) {
		return id, err
	}
	if len(p.Vector) != w.model.Dim {
		return 0, fmt.Errorf("a vector of %d dimensions; this index holds %d", len(p.Vector), w.model.Dim)
	}
	unit, err := Combine([][]float32{p.Vector}, nil)
	if err != nil {
		return 0, err
	}
	if err := w.begin(); err != nil {
		return 0, err
	}
	at := w.writers[thumbsKind].Size()
	r, err := w.tx.Exec("insert into items(hash, width, height, bytes, thumb_at, thumb_bytes, added) values(?, ?, ?, ?, ?, ?, ?)", p.Hash[:], p.Width, p.Height,
		p.Bytes, at, len(p.Thumbnail), time.Now().Unix())
	if err != nil {
		return 0, err
	}
	id, err := r.LastInsertId()
	if err != nil {
		return 0, err
	}
	if err := w.writers[thumbsKind].Append(p.Thumbnail); err != nil {
		return 0, err
	}
	return id, w.appendRow(id, unit)
}

// appendRow appends a row to the files.
func (w *Writer) appendRow(id int64, unit []float32) error {
	if err := w.writers[vectorsKind].Append(floatBytes(unit)); err != nil {
		return err
	}
	if err := w.writers[idsKind].Append(binary.LittleEndian.AppendUint64(nil, uint64(id))); err != nil {
		return err
	}
	w.ids = append(w.ids, id)
	w.rows++
	for len(w.live) < (w.rows+63)/64 {
		w.live = append(w.live, 0)
	}
	w.tail = append(w.tail, unit...)
	if len(w.tail) < scan.GroupRows*w.model.Dim {
		return nil
	}
	group := make([]byte, scan.GroupBytes(w.model.Dim))
	reach, err := scan.Encode(group, w.tail, w.model.Dim)
	if err != nil {
		return err
	}
	w.reach, w.tail = max(w.reach, reach), w.tail[:0]
	return w.writers[compactKind].Append(group)
}

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
	var out []string
	err := each(w.tx, func(r *sql.Rows) error {
		var root string
		err := r.Scan(&root)
		out = append(out, root)
		return err
	}, "select distinct root from places order by root")
	return out, err
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

// HasGraph reports whether there is a graph of k neighbours that covers all items.
func (w *Writer) HasGraph(k int) bool { return w.graph.k == k && w.graph.rows == w.rows }
