package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dvml/dvml/index"
)

// errNoIndex is returned while the index has not been made yet.
var errNoIndex = errors.New("the index is being made; try again in a moment")

// library holds the index that lies in a folder now. An index that takes its place (`dvml index
// --rebuild`) is opened, and the old one closed when the last request that reads from its mapped
// files is done.
type library struct {
	folder string

	mu     sync.Mutex
	now    *opened
	looked time.Time // when it was last seen that now is what lies in folder
}

// opened is an open index with what is kept of it in memory.
type opened struct {
	*index.Index
	lib   *library
	file  os.FileInfo // of the catalogue, to know whether it still is the one in the folder
	users int         // guarded by lib.mu; one of them is lib itself, while it is lib.now

	listing listing
	naming  naming
	reviews reviews
}

// lookEvery is how often the folder is looked at for another index.
const lookEvery = 500 * time.Millisecond

// acquire returns the index that lies in the folder; release has to follow.
func (l *library) acquire() (*opened, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now == nil || time.Since(l.looked) > lookEvery {
		if err := l.look(); err != nil {
			return nil, err
		}
	}
	l.now.users++
	return l.now, nil
}

// look opens what lies in the folder, unless it is open. While nothing lies there, as between the
// two renames of a replacement, the old index stays.
func (l *library) look() error {
	file, err := os.Stat(filepath.Join(l.folder, "catalogue.db"))
	if err == nil && l.now != nil && os.SameFile(file, l.now.file) {
		l.looked = time.Now()
		return nil
	}
	var x *index.Index
	if err == nil {
		x, err = index.Open(l.folder)
	}
	if err != nil {
		if l.now != nil {
			return nil
		}
		if errors.Is(err, os.ErrNotExist) {
			return errNoIndex
		}
		return err
	}
	old := l.now
	l.now, l.looked = &opened{Index: x, lib: l, file: file, users: 1}, time.Now()
	if old != nil {
		old.drop()
	}
	return nil
}

func (o *opened) release() {
	o.lib.mu.Lock()
	defer o.lib.mu.Unlock()
	o.drop()
}

// drop is release with lib.mu held.
func (o *opened) drop() {
	if o.users--; o.users == 0 {
		o.Close() //nolint:errcheck // it was only read
	}
}

func (l *library) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.now != nil {
		l.now.drop()
		l.now = nil
	}
}

// failed is how many photographs could not be indexed.
func (o *opened) failed(ctx context.Context) (int, error) {
	all, err := o.Failures(ctx)
	return len(all), err
}
