package archive

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
)

// Overlay is a file system with the files of archives laid under its own: a folder in which some parts of a set are still packed looks as if all
// were unpacked.
type Overlay struct {
	fs.FS
	parts []part
}

type part struct {
	in string // folder that the archive lies in, and is unpacked to; "." or a path
	*Archive
}

// Add lays the archive's files under the folder in. The overlay's Close closes it.
func (o *Overlay) Add(in string, a *Archive) { o.parts = append(o.parts, part{in, a}) }

// Passed lists what the archives do not show, by their place in the overlay.
func (o *Overlay) Passed() []Passed {
	var out []Passed
	for _, p := range o.parts {
		for _, f := range p.Passed {
			name := f.Name
			if p.in != "." {
				name = p.in + "/" + name
			}
			out = append(out, Passed{name, f.Reason})
		}
	}
	return out
}

// Close closes the archives.
func (o *Overlay) Close() error {
	var errs []error
	for _, p := range o.parts {
		errs = append(errs, p.Close())
	}
	return errors.Join(errs...)
}

// each calls f with what may hold name, until f has found it.
func (o *Overlay) each(op, name string, f func(fsys fs.FS, name string) error) error {
	err := f(o.FS, name)
	for _, p := range o.parts {
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if inner, ok := p.inner(name); ok {
			err = f(p.Archive, inner)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return err
}

// inner returns what name in the overlay is called in the archive.
func (p part) inner(name string) (string, bool) {
	switch {
	case p.in == ".":
		return name, true
	case p.in == name:
		return ".", true
	}
	return strings.CutPrefix(name, p.in+"/")
}

// Open opens a file or folder. A folder that is opened shows only what one of the file systems has; ReadDir shows all.
func (o *Overlay) Open(name string) (file fs.File, err error) {
	err = o.each("open", name, func(fsys fs.FS, name string) (err error) {
		file, err = fsys.Open(name)
		return err
	})
	return file, err
}

// Stat describes a file or folder.
func (o *Overlay) Stat(name string) (info fs.FileInfo, err error) {
	err = o.each("stat", name, func(fsys fs.FS, name string) (err error) {
		info, err = fs.Stat(fsys, name)
		return err
	})
	return info, err
}

// ReadDir lists a folder, sorted by name.
func (o *Overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(o.FS, name)
	found := err == nil
	for _, p := range o.parts {
		inner, ok := p.inner(name)
		if !ok {
			continue
		}
		more, e := p.ReadDir(inner)
		found = found || e == nil
		entries = append(entries, more...)
	}
	if !found {
		return nil, err
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(entries, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}
