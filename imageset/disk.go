package imageset

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/dvml/dvml/imageset/archive"
)

// disk is the file system of a folder. Unlike os.DirFS it opens only regular files and folders, so that a named pipe does
// not make a reader wait for ever, and it reads names that are not UTF-8: they appear spelled as archive.Spell does.
type disk struct {
	root string

	mu  sync.Mutex
	raw map[string]string // spelled path -> the last element's name on disk, where the two differ
}

func newDisk(root string) *disk { return &disk{root: root, raw: map[string]string{}} }

// place returns where a file lies on disk.
func (d *disk) place(op, name string) (string, error) {
	if !fs.ValidPath(name) {
		return "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.raw) == 0 {
		return filepath.Join(d.root, filepath.FromSlash(name)), nil
	}
	out, spelled := d.root, ""
	for element := range strings.SplitSeq(name, "/") {
		spelled = path.Join(spelled, element)
		if raw, ok := d.raw[spelled]; ok {
			element = raw
		}
		out = filepath.Join(out, element)
	}
	return out, nil
}

// Open opens a regular file or a folder.
func (d *disk) Open(name string) (fs.File, error) {
	place, err := d.place("open", name)
	if err != nil {
		return nil, err
	}
	return openRegular(place)
}

// Stat follows links.
func (d *disk) Stat(name string) (fs.FileInfo, error) {
	place, err := d.place("stat", name)
	if err != nil {
		return nil, err
	}
	return os.Stat(place)
}

// ReadDir lists a folder, sorted by name.
func (d *disk) ReadDir(name string) ([]fs.DirEntry, error) {
	place, err := d.place("readdir", name)
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(place)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		spelled := archive.Spell(e.Name())
		if spelled == e.Name() {
			continue
		}
		d.mu.Lock()
		d.raw[path.Join(name, spelled)] = e.Name()
		d.mu.Unlock()
		entries[i] = named{e, spelled}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// named is an entry under another name.
type named struct {
	fs.DirEntry
	name string
}

func (n named) Name() string { return n.name }

// openRegular opens a regular file or a folder on disk. It looks before it opens: opening a named pipe waits for a writer.
func openRegular(place string) (*os.File, error) {
	info, err := os.Stat(place)
	if err != nil {
		return nil, err
	}
	if mode := info.Mode(); !mode.IsDir() && !mode.IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a file", place, kindOf(mode))
	}
	return os.Open(place)
}

// kindOf names what is neither a file nor a folder.
func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}

// within is a file system seen from one of its folders. Other than fs.Sub's it keeps Stat, which opens nothing.
type within struct {
	fs.FS
	dir string
}

func (w within) Open(name string) (fs.File, error)     { return w.FS.Open(path.Join(w.dir, name)) }
func (w within) Stat(name string) (fs.FileInfo, error) { return fs.Stat(w.FS, path.Join(w.dir, name)) }
func (w within) ReadDir(name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(w.FS, path.Join(w.dir, name))
}
