package imageset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml/imageset/archive"
)

// Options says how to open a source.
type Options struct {
	Format string // one of Formats; empty: recognise it
}

// format is a layout that sets are published in.
type format struct {
	name  string
	found func(source) bool // whether the source, seen from its top, has the layout
	read  func(source) (*Set, error)
}

// formats in the order in which they are tried: those with files of their own first, folders last.
var formats = []format{
	{"cars196", isCars, readCars},
	{"cub200", isCUB, readCUB},
	{"sop", isProducts, readProducts},
	{"inshop", isInShop, readInShop},
	{"csv", isCSV, readCSV},
	{"folders", isFolders, readFolders},
}

// Formats lists the names that Options.Format takes.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// Open finds the images of the source at path: a folder, a .csv file, or an archive (.tar, .tgz, .tar.gz, .zip, told by content). No image is read.
// In a folder, parts of Cars196 and In-Shop that are still packed as they were published (car_ims.tgz, cars_train.tgz, img.zip) are looked into.
// A .tgz cannot be read out of order and is unpacked to a temporary file (in $TMPDIR) that Close removes.
func Open(path string, o Options) (*Set, error) {
	src, shut, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("imageset: open %s: %w", path, err)
	}
	set, err := read(src, o.Format)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("imageset: open %s: %w", path, err), shut())
	}
	set.close = shut
	return set, nil
}

func openSource(path string) (source, func() error, error) {
	nothing := func() error { return nil }
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return source{}, nothing, err
	case info.IsDir():
		o, err := openFolder(path)
		if err != nil {
			return source{}, nothing, err
		}
		return source{FS: o, place: path, disk: path}, o.Close, nil
	case strings.EqualFold(filepath.Ext(path), ".csv"):
		dir := filepath.Dir(path)
		return source{FS: os.DirFS(dir), place: dir, disk: dir, table: filepath.Base(path)}, nothing, nil
	}
	a, err := archive.Open(path)
	if err != nil {
		return source{}, nothing, err
	}
	return source{FS: a, place: path}, a.Close, nil
}

// parts are archives that known sets are published as, and the folder that each unpacks to.
var parts = []struct{ in, name, folder string }{
	{".", "car_ims", "car_ims"}, {".", "cars_train", "cars_train"}, {".", "cars_test", "cars_test"}, {".", "car_devkit", "devkit"},
	{".", "img", "img"}, {"Img", "img", "Img/img"},
}

// openFolder opens a folder, and what is still packed in it of the known sets' parts.
func openFolder(dir string) (*archive.Overlay, error) {
	o := &archive.Overlay{FS: os.DirFS(dir)}
	for _, p := range parts {
		if _, err := fs.Stat(o.FS, p.folder); err == nil {
			continue
		}
		for _, ext := range []string{".tgz", ".tar.gz", ".tar", ".zip"} {
			name := filepath.Join(dir, filepath.FromSlash(p.in), p.name+ext)
			if _, err := os.Stat(name); err != nil {
				continue
			}
			a, err := archive.Open(name)
			if err != nil {
				return nil, errors.Join(fmt.Errorf("%s: %w", name, err), o.Close())
			}
			o.Add(p.in, a)
			break
		}
	}
	return o, nil
}

// read looks for a format at the top of the source, then, as long as a folder is alone there, inside it: archives wrap a set in a folder or two.
// Only what has no other format anywhere is read as folders.
func read(top source, name string) (*Set, error) {
	known := false
	for _, f := range formats {
		if name != "" && name != f.name {
			continue
		}
		known = true
		src, ok := top.find(f)
		if !ok {
			continue
		}
		set, err := f.read(src)
		switch {
		case err != nil:
		case len(set.Images) == 0:
			err = errors.New("no images")
		case len(set.Classes) < 2:
			err = fmt.Errorf("all %d images are of one class, %q: two classes at least are wanted, one to train on and one to test with", len(set.Images), set.Classes[0])
		}
		if err != nil {
			return nil, fmt.Errorf("read as %s: %w", f.name, err)
		}
		set.Name = f.name
		return set, nil
	}
	switch {
	case !known:
		return nil, fmt.Errorf("unknown format %q, known are %s", name, strings.Join(Formats(), ", "))
	case name != "":
		return nil, fmt.Errorf("not in the format %s: the documentation of package imageset lists the files that it has", name)
	}
	if loose, err := top.images("."); err == nil && len(loose) > 0 {
		return nil, fmt.Errorf("%d images lie side by side and nothing says what they show: put those of each thing into a folder of its own, or list them in a CSV file, path,label", len(loose))
	}
	return nil, fmt.Errorf("no known format (%s): a folder of class folders with images (%s) is the simplest", strings.Join(Formats(), ", "), strings.Join(extensions, " "))
}

// find looks for a format, at most three folders deep.
func (s source) find(f format) (source, bool) {
	for range 4 {
		if f.found(s) {
			return s, true
		}
		inner, ok := s.onlyFolder()
		if !ok {
			break
		}
		s = inner
	}
	return s, false
}

// onlyFolder enters the folder that is alone at the top.
func (s source) onlyFolder() (source, bool) {
	entries, err := fs.ReadDir(s, ".")
	if err != nil || s.table != "" {
		return s, false
	}
	only := ""
	for _, e := range entries {
		if hidden(e.Name()) || !s.isFolder(".", e) {
			continue
		}
		if only != "" {
			return s, false
		}
		only = e.Name()
	}
	if only == "" {
		return s, false
	}
	return s.sub(only), true
}

// sub is the source seen from a folder in it.
func (s source) sub(folder string) source {
	inner, err := fs.Sub(s.FS, folder)
	if err != nil { // only for an invalid path, which no listing returns
		return s
	}
	out := source{FS: inner, place: filepath.Join(s.place, filepath.FromSlash(folder))}
	if s.disk != "" {
		out.disk = filepath.Join(s.disk, filepath.FromSlash(folder))
	}
	return out
}

// isFolder follows a link at the top, so that class folders may be links.
func (s source) isFolder(dir string, e fs.DirEntry) bool {
	if e.IsDir() || e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := fs.Stat(s, path.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// hidden reports what systems leave in folders: .DS_Store, ._photo.jpg, __MACOSX, @eaDir.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__MACOSX" || name == "@eaDir"
}
