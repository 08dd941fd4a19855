package features

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/dvml/dvml/internal/hdf5"
	"github.com/dvml/dvml/internal/lockfile"
	"github.com/dvml/dvml/weights/download"
)

// Place says where caches lie: in Folder or, where that is empty, beside the data file, and where
// nothing can be written there in the folder features of the user's cache folder
// ([download.CacheFolder]).
type Place struct {
	Data   string // the data file
	Folder string
}

// folders are where a cache may lie, the first choice first.
func (p Place) folders() []string {
	if p.Folder != "" {
		return []string{p.Folder}
	}
	folders := []string{filepath.Dir(p.Data)}
	if user, err := download.CacheFolder(); err == nil { // a user without one has only the first
		folders = append(folders, filepath.Join(user, "features"))
	}
	return folders
}

// Cached opens the cache of the source where it is kept; nil where there is none or it is damaged.
func Cached(s Source, p Place) (*Set, error) {
	for _, folder := range p.folders() {
		path := filepath.Join(folder, s.Name(p.Data))
		set, err := open(path, s.Key(), s.set())
		switch {
		case err == nil:
			return set, nil
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, hdf5.ErrFormat):
			return nil, fmt.Errorf("features: %s: %w", path, err)
		}
	}
	return nil, nil
}

// Load opens the cache of the source; where there is none, it is computed first. One process
// computes a cache at a time, and others that want it wait. say, where not nil, is told what is
// computed or waited for, and progress of images done.
func Load(ctx context.Context, s Source, p Place, say func(line string), progress func(done, total int)) (*Set, error) {
	if set, err := Cached(s, p); set != nil || err != nil {
		return set, err
	}
	if say == nil {
		say = func(string) {}
	}
	var last error
	for _, folder := range p.folders() {
		set, err := computed(ctx, s, p, folder, say, progress)
		if err == nil || !readOnly(err) {
			return set, err
		}
		last = fmt.Errorf("features: nothing can be written into %s; name another folder for the cache by --cache: %w", folder, err)
	}
	return nil, last
}

// computed writes the cache of the source into folder under a lock, unless another process has done
// so meanwhile, and opens it.
func computed(ctx context.Context, s Source, p Place, folder string, say func(string), progress func(done, total int)) (_ *Set, err error) {
	path := filepath.Join(folder, s.Name(p.Data))
	if folder != filepath.Dir(p.Data) {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
	}
	lock, err := lockfile.Await(ctx, path+".lock", func() { say("waiting for another process that computes " + path) })
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Remove()) }()
	if set, err := Cached(s, p); set != nil || err != nil {
		return set, err
	}
	if lock.Held() {
		clean(path)
	}
	say(fmt.Sprintf("computing %s", s))
	if err := write(ctx, path, s, progress); err != nil {
		return nil, fmt.Errorf("features: %w", err)
	}
	set, err := open(path, s.Key(), s.set())
	if err != nil {
		return nil, fmt.Errorf("features: %s was written, and cannot be read: %w", path, err)
	}
	return set, nil
}

// clean removes what killed processes left of the cache at path, whose lock is held.
func clean(path string) {
	left, err := filepath.Glob(globbed(path) + ".*" + partEnding)
	if err != nil {
		return
	}
	for _, part := range left {
		os.Remove(part) //nolint:errcheck // it is in nobody's way
	}
}

// globbed is path as a pattern that matches it alone.
func globbed(path string) string {
	var pattern []rune
	for _, r := range path {
		switch r {
		case '*', '?', '[':
			pattern = append(pattern, '[', r, ']')
		default:
			pattern = append(pattern, r)
		}
	}
	return string(pattern)
}

// readOnly reports whether an error says that nothing may be written in a place.
func readOnly(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)
}
