package archive

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// tree is a file system made of names and functions that open files.
type tree struct {
	nodes map[string]*node // by path; "." is the top
}

var errBoth = errors.New("its name is both a file's and a folder's")

// node is a file, or a folder if it has no function to open it. It is its own fs.FileInfo and fs.DirEntry.
type node struct {
	name string // base
	size int64
	open func() (io.ReadCloser, error)
	in   []fs.DirEntry // of a folder
}

func newTree() tree { return tree{nodes: map[string]*node{".": {name: "."}}} }

// add enters a file and the folders on its way. One that comes twice replaces the first, as unpacking would. After an error
// nothing is entered.
func (t *tree) add(name string, size int64, open func() (io.ReadCloser, error)) error {
	if n, ok := t.nodes[name]; ok {
		if n.open == nil {
			return errBoth
		}
		n.size, n.open = size, open
		return nil
	}
	for above := path.Dir(name); above != "."; above = path.Dir(above) {
		if n, ok := t.nodes[above]; ok && n.open != nil {
			return errBoth
		}
	}
	child := &node{name: path.Base(name), size: size, open: open}
	t.nodes[name] = child
	for name != "." {
		name = path.Dir(name)
		parent, known := t.nodes[name]
		if !known {
			parent = &node{name: path.Base(name)}
			t.nodes[name] = parent
		}
		parent.in = append(parent.in, child)
		if known {
			return nil
		}
		child = parent
	}
	return nil
}

// sort brings the folders into the order that fs.ReadDirFile promises.
func (t *tree) sort() {
	for _, n := range t.nodes {
		slices.SortFunc(n.in, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
}

func (t *tree) find(op, name string) (*node, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	n, ok := t.nodes[name]
	if !ok {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return n, nil
}

// Open opens a file or folder.
func (t *tree) Open(name string) (fs.File, error) {
	n, err := t.find("open", name)
	if err != nil {
		return nil, err
	}
	if n.open == nil {
		return &folder{node: n, rest: n.in}, nil
	}
	r, err := n.open()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &file{ReadCloser: r, node: n}, nil
}

// Stat describes a file or folder.
func (t *tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.find("stat", name)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// ReadDir lists a folder, sorted by name.
func (t *tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if n.open != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(n.in), nil
}

type file struct {
	io.ReadCloser
	node *node
}

func (f *file) Stat() (fs.FileInfo, error) { return f.node, nil }

type folder struct {
	node *node
	rest []fs.DirEntry
}

func (f *folder) Stat() (fs.FileInfo, error) { return f.node, nil }
func (f *folder) Close() error               { return nil }
func (f *folder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.node.name, Err: fs.ErrInvalid}
}

func (f *folder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(f.rest)
	} else if len(f.rest) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(f.rest))
	out := slices.Clone(f.rest[:n])
	f.rest = f.rest[n:]
	return out, nil
}

func (n *node) Name() string               { return n.name }
func (n *node) Size() int64                { return n.size }
func (n *node) ModTime() time.Time         { return time.Time{} }
func (n *node) IsDir() bool                { return n.open == nil }
func (n *node) Sys() any                   { return nil }
func (n *node) Type() fs.FileMode          { return n.Mode().Type() }
func (n *node) Info() (fs.FileInfo, error) { return n, nil }
func (n *node) Mode() fs.FileMode {
	if n.IsDir() {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
