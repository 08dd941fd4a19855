// Package gather brings an index in line with folders of photographs: what is new is embedded, what was moved keeps its vector, what is gone is marked.
//
// A photograph is known by its content. A file whose path, size and time of change are known is not read again; any other is read and hashed, and embedded
// only where the index has not seen its content yet. Work is committed as it goes: when it is stopped, in whatever way, the next Update goes on.
package gather

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/dvml/dvml/imageset"
	"github.com/dvml/dvml/index"
)

// Embedder is what photographs are embedded with; *dvml.Model is one.
type Embedder interface {
	Size() int                                                           // side of a prepared photograph
	Prepare(photograph []byte) ([]byte, error)                           // of a file's bytes: [3,Size,Size]
	EmbedPrepared(ctx context.Context, pixels []byte) ([]float32, error) // of [N,3,Size,Size]
}

// Options says how an index is brought in line.
type Options struct {
	Fit      imageset.Fit          // how the embedder prepares: thumbnails are given their photograph's shape again
	Progress func(done, total int) // of the files that have to be read; may be nil
}

// Summary says what was found. Paths are absolute and in order.
type Summary struct {
	Unchanged int             // known, and not read again
	Indexed   []string        // embedded
	Changed   []string        // of these, paths that showed another photograph before
	Copies    []Copy          // further places of photographs that are still elsewhere
	Moved     []Copy          // places of photographs whose former place is gone
	Back      []string        // were gone
	Gone      []string        // are no longer there
	Failed    []index.Failure // could not be read or decoded
	Left      []imageset.Left // files that are not images
}

// Copy is a path and another of the same content.
type Copy struct{ Path, Of string }

// batch is how many photographs are embedded at once, commitEvery how long work may go on without being kept.
const (
	batch       = 32
	commitEvery = 5 * time.Second
)

// Update brings the index in line with the folders. It commits; the graph of neighbours is the caller's to build.
func Update(ctx context.Context, w *index.Writer, m Embedder, folders []string, o Options) (*Summary, error) {
	u := &update{ctx: ctx, w: w, m: m, o: o, seen: map[string]bool{}, lost: map[int64]string{}, committed: time.Now()}
	for _, folder := range folders {
		root, err := filepath.Abs(folder)
		if err != nil {
			return nil, err
		}
		if err := u.list(root); err != nil {
			return nil, err
		}
	}
	if err := u.gone(folders); err != nil {
		return nil, err
	}
	if err := u.readAll(); err != nil {
		return &u.s, errors.Join(err, w.Commit()) // what is done is kept
	}
	return &u.s, w.Commit()
}

// update is a call of Update.
type update struct {
	ctx   context.Context
	w     *index.Writer
	m     Embedder
	o     Options
	s     Summary
	seen  map[string]bool  // paths that are there
	lost  map[int64]string // items with a place that is gone by now, and which
	todo  []index.Place    // to be read, in order
	ready []*photograph    // decoded, to be embedded

	committed time.Time
}

// photograph is a file that was read.
type photograph struct {
	place     index.Place
	hash      index.Hash
	known     bool // its content is in the index
	pixels    []byte
	thumbnail []byte
	w, h      int
	err       error
}

// list compares a folder with what is known of it.
func (u *update) list(root string) error {
	images, left, err := imageset.List(root)
	if err != nil {
		return err
	}
	u.s.Left = append(u.s.Left, left...)
	for _, name := range images {
		place := index.Place{Path: filepath.Join(root, filepath.FromSlash(name)), Root: root}
		if u.seen[place.Path] {
			continue
		}
		u.seen[place.Path] = true
		if class := path.Dir(name); class != "." {
			place.Class = class
		}
		info, err := os.Stat(place.Path)
		if errors.Is(err, fs.ErrNotExist) { // gone between
			delete(u.seen, place.Path)
			continue
		}
		if err == nil {
			place.Bytes, place.Modified = info.Size(), time.Unix(info.ModTime().Unix(), 0)
		}
		if err := u.compare(place); err != nil {
			return err
		}
	}
	return nil
}

// compare leaves a path as it is, or puts it on the list of those to be read.
func (u *update) compare(place index.Place) error {
	id, before, err := u.w.Place(place.Path)
	if errors.Is(err, index.ErrUnknown) {
		u.todo = append(u.todo, place)
		return nil
	}
	if err != nil {
		return err
	}
	if before.Bytes != place.Bytes || !before.Modified.Equal(place.Modified) {
		u.todo = append(u.todo, place)
		return nil
	}
	if before == place {
		u.s.Unchanged++
		return nil
	}
	if before.Gone {
		u.s.Back = append(u.s.Back, place.Path)
	} else {
		u.s.Unchanged++
	}
	return u.w.Put(id, place) // back, or of another class, as a folder above it was indexed
}

// gone marks the places in the folders that are no longer there.
func (u *update) gone(folders []string) error {
	type marked struct {
		id int64
		p  index.Place
	}
	var all []marked
	for _, folder := range folders {
		root, err := filepath.Abs(folder)
		if err != nil {
			return err
		}
		err = u.w.EachPlace(root, func(id int64, p index.Place) error {
			if !u.seen[p.Path] && !p.Gone {
				all = append(all, marked{id, p})
				u.seen[p.Path] = true // in a folder within another it comes again
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, g := range all {
		g.p.Gone = true
		if err := u.w.Put(g.id, g.p); err != nil {
			return err
		}
		u.lost[g.id] = g.p.Path
		u.s.Gone = append(u.s.Gone, g.p.Path)
	}
	return u.forget()
}

// forget drops the failures of files that are no longer there.
func (u *update) forget() error {
	var gone []string
	err := u.w.EachFailure(func(f index.Failure, _ int64, _ time.Time) error {
		if _, err := os.Stat(f.Path); errors.Is(err, fs.ErrNotExist) {
			gone = append(gone, f.Path)
		}
		return nil
	})
	for _, path := range gone {
		err = errors.Join(err, u.w.Forget(path))
	}
	return err
}

// readAll reads, decodes and embeds what is on the list: files are read by several goroutines, in any order, and taken in order.
func (u *update) readAll() error {
	workers := runtime.GOMAXPROCS(0)
	next, slots := 0, make([]chan *photograph, len(u.todo))
	for i := range slots {
		slots[i] = make(chan *photograph, 1)
	}
	var mu sync.Mutex // of next and the index, which one goroutine uses at a time
	ahead := make(chan struct{}, 4*workers+2*batch)
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(u.ctx)
	defer wg.Wait()
	defer stop()
	for range workers {
		wg.Go(func() {
			for {
				select {
				case ahead <- struct{}{}:
				case <-ctx.Done():
					return
				}
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(u.todo) || ctx.Err() != nil {
					return
				}
				slots[i] <- u.read(&mu, u.todo[i])
			}
		})
	}
	for i := range u.todo {
		select {
		case p := <-slots[i]:
			<-ahead
			mu.Lock()
			err := u.take(p)
			mu.Unlock()
			if err != nil {
				return err
			}
		case <-u.ctx.Done():
			return u.ctx.Err()
		}
		if u.o.Progress != nil {
			u.o.Progress(i+1, len(u.todo))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	return u.embed()
}
