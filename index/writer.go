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

// Change opens the index in folder, makes a change and commits it: when it returns nil the change is on the disk, else nothing of it is.
func Change(folder string, change func(*Writer) error) (err error) {
	w, err := OpenWriter(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if err := change(w); err != nil {
		return err
	}
	return w.Commit()
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
