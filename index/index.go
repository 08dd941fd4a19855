package index

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"sync/atomic"

	"github.com/dvml/dvml/index/rows"
)

// Index reads an index. Several goroutines may use it; while others write, each call sees the state of the last commit.
type Index struct {
	folder  string
	db      *sql.DB
	current atomic.Pointer[state]

	mu      sync.Mutex // held while a newer state is loaded
	mapped  []*rows.Mapped
	seal    sync.Once // the catalogue's checksums are held against it at the first use
	sealErr error
	filters filterCache
}

// Damage is a block of a file whose bytes are not those that were written.
type Damage = rows.Damage

// ErrUnknown is returned for an id that is not in the index, or no longer.
var ErrUnknown = errors.New("not in the index")

// Open opens the index in folder.
func Open(folder string) (*Index, error) {
	x, err := open(folder)
	if err == nil {
		return x, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not an index, or lacks a file: %w", folder, err)
	}
	if _, bad, sealErr := readSeal(folder); sealErr == nil && len(bad) > 0 { // name the block where one is to blame
		err = bad[0]
	}
	return nil, fmt.Errorf("index %s: %w", folder, err)
}

func open(folder string) (*Index, error) {
	db, err := openCatalogue(folder, false)
	if err != nil {
		return nil, err
	}
	x := &Index{folder: folder, db: db}
	if _, err := x.refresh(context.Background()); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// Close unmaps the files. Vectors and thumbnails that were handed out may not be used any more.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	err := x.db.Close()
	for _, m := range x.mapped {
		err = errors.Join(err, m.Close())
	}
	x.mapped = nil
	return err
}

// refresh returns the newest state.
func (x *Index) refresh(ctx context.Context) (*state, error) {
	now := x.current.Load()
	if now != nil {
		var version int64
		if err := x.db.QueryRowContext(ctx, "select value from meta where key = 'version'").Scan(&version); err != nil {
			return nil, err
		}
		if version == now.version {
			return now, nil
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	now = x.current.Load()
	var err error
	for range 5 { // a file that a compaction removed meanwhile is not missed: the catalogue names another by now
		var s *state
		if s, err = load(ctx, x.folder, x.db, now); err == nil {
			for _, m := range s.files {
				x.mapped = append(x.mapped, m)
			}
			x.current.Store(s)
			return s, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return nil, err
}

// ready returns the newest state of a catalogue that is whole.
func (x *Index) ready(ctx context.Context) (*state, error) {
	s, err := x.refresh(ctx)
	if err != nil {
		return nil, fmt.Errorf("index %s: %w", x.folder, err)
	}
	x.seal.Do(func() {
		bad, err := checkSeal(x.folder, s.version)
		if len(bad) > 0 {
			err = bad[0]
		}
		if err != nil {
			x.sealErr = fmt.Errorf("index %s: %w; `dvml index --check` lists all damage", x.folder, err)
		}
	})
	return s, x.sealErr
}

// Folder is where the index lies.
func (x *Index) Folder() string { return x.folder }

// Model is what the vectors were made with.
func (x *Index) Model() Model { return x.current.Load().model }

// Dim is the length of a vector.
func (x *Index) Dim() int { return x.Model().Dim }

// Len is the number of items that can be found.
func (x *Index) Len() int { return x.current.Load().live.Count() }

// Version counts the commits: as long as it stays, so does everything else.
func (x *Index) Version(ctx context.Context) (int64, error) {
	s, err := x.ready(ctx)
	if err != nil {
		return 0, err
	}
	return s.version, nil
}

// Vector returns the vector of an item, [Dim] of length 1, mapped: it must not be written to and lives until Close.
func (x *Index) Vector(id int64) ([]float32, error) {
	s, err := x.ready(context.Background())
	if err != nil {
		return nil, err
	}
	row, ok := s.row(id)
	if !ok {
		return nil, fmt.Errorf("item %d: %w", id, ErrUnknown)
	}
	return s.Row(row)
}

// Thumbnail returns the small JPEG of an item, mapped: it must not be written to and lives until Close.
func (x *Index) Thumbnail(id int64) ([]byte, error) {
	s, err := x.ready(context.Background())
	if err != nil {
		return nil, err
	}
	var at int64
	var n int
	err = x.db.QueryRow("select thumb_at, thumb_bytes from items where id = ?", id).Scan(&at, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("item %d: %w", id, ErrUnknown)
	}
	if err != nil {
		return nil, err
	}
	return s.files[thumbsKind].Bytes(at, n)
}

// Check reads the whole index and returns what is damaged; an error is damage that leaves the rest unread.
func Check(folder string) ([]*Damage, error) {
	_, bad, err := readSeal(folder)
	switch sealed, sealErr := sealedNow(folder); {
	case errors.Is(err, fs.ErrNotExist): // nothing was sealed yet
		bad = nil
	case err != nil:
		return nil, fmt.Errorf("index %s: %w", folder, err)
	case sealErr == nil && !sealed:
		bad = nil
	}
	if len(bad) > 0 {
		return bad, nil // what it says of the others cannot be trusted
	}
	x, err := Open(folder)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	s := x.current.Load()
	for _, kind := range []string{vectorsKind, compactKind, idsKind, thumbsKind, graphKind} {
		if m := s.files[kind]; m != nil {
			bad = append(bad, m.Check()...)
		}
	}
	var said []string
	err = each(x.db, func(r *sql.Rows) error {
		var line string
		err := r.Scan(&line)
		said = append(said, line)
		return err
	}, "pragma integrity_check(5)")
	if err == nil && (len(said) != 1 || said[0] != "ok") {
		err = fmt.Errorf("index %s: SQLite finds %s damaged: %s", folder, catalogueName, said[0])
	}
	return bad, err
}

// sealedNow reports whether the catalogue's seal is for its version: no writer is at work or was killed.
func sealedNow(folder string) (bool, error) {
	db, err := openCatalogue(folder, false)
	if err != nil {
		return false, err
	}
	defer db.Close()
	var version int64
	if err := db.QueryRow("select value from meta where key = 'version'").Scan(&version); err != nil {
		return false, err
	}
	sealed, _, err := readSeal(folder)
	return sealed == version, err
}
