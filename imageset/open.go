package imageset

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/dvml/dvml/imageset/archive"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/internal/spelling"
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

const folderFormat = "folders"

// formats that have files of their own, in the order in which they are tried. What has none of them is read as folders.
var formats = []format{
	{"cars196", isCars, readCars},
	{"cub200", isCUB, readCUB},
	{"sop", isProducts, readProducts},
	{"inshop", isInShop, readInShop},
	{"csv", isCSV, readCSV},
}

// Formats lists the names that Options.Format takes.
func Formats() []string {
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
	}
	return append(names, folderFormat)
}

// Open finds the images of the source at path: a folder, a .csv file, or an archive (.tar, .tgz, .tar.gz, .zip, told by content). No image is read.
// In a folder, parts of Cars196 and In-Shop that are still packed as they were published (car_ims.tgz, cars_train.tgz, img.zip) are looked into.
// A .tgz cannot be read out of order and is unpacked to a temporary file (in $TMPDIR) that Close removes.
func Open(path string, o Options) (*Set, error) {
	src, passed, shut, err := openSource(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	set, err := read(src, o.Format)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w%s", path, err, alsoPassed(passed)), shut())
	}
	set.close = shut
	for _, p := range passed {
		set.Left = append(set.Left, Left{src.place + string(filepath.Separator) + p.Name, p.Reason}) // as the name is, not where it leads
	}
	return set, nil
}

// isTable reports a file that is read as a table where it is named as the source.
func isTable(path string) bool {
	return slices.Contains([]string{".csv", ".tsv", ".txt"}, strings.ToLower(filepath.Ext(path)))
}

// alsoPassed names what an archive does not show, which may be why nothing is found in it.
func alsoPassed(passed []archive.Passed) string {
	if len(passed) == 0 {
		return ""
	}
	return fmt.Sprintf(" (%s of the archive left out, the first is %s: %s)", plural.Of(len(passed), "file"), passed[0].Name, passed[0].Reason)
}

func openSource(path string) (src source, passed []archive.Passed, shut func() error, err error) {
	nothing := func() error { return nil }
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return source{}, nil, nothing, err
	case info.IsDir():
		o, err := openFolder(path)
		if err != nil {
			return source{}, nil, nothing, err
		}
		return source{FS: o, place: path, disk: path}, o.Passed(), o.Close, nil
	case !info.Mode().IsRegular():
		return source{}, nil, nothing, fmt.Errorf("it is %s: expected a folder, an archive or a CSV file", kindOf(info.Mode()))
	case slices.Contains([]string{".xlsx", ".xls", ".ods", ".numbers"}, strings.ToLower(filepath.Ext(path))):
		return source{}, nil, nothing, errors.New("it is a spreadsheet: save the table as CSV (UTF-8) and name that")
	case isTable(path):
		dir := filepath.Dir(path)
		return source{FS: newDisk(dir), place: dir, disk: dir, table: filepath.Base(path)}, nil, nothing, nil
	}
	a, err := archive.Open(path)
	if err != nil {
		return source{}, nil, nothing, err
	}
	return source{FS: a, place: path}, a.Passed, a.Close, nil
}

// packed are archives that known sets are published as, and the folder that each unpacks to.
var packed = []struct{ in, name, folder string }{
	{".", "car_ims", "car_ims"}, {".", "cars_train", "cars_train"}, {".", "cars_test", "cars_test"}, {".", "car_devkit", "devkit"},
	{".", "img", "img"}, {"Img", "img", "Img/img"},
}

// openFolder opens a folder, and what is still packed in it of the known sets' parts.
func openFolder(dir string) (*archive.Overlay, error) {
	o := &archive.Overlay{FS: newDisk(dir)}
	for _, p := range packed {
		if _, err := fs.Stat(o.FS, p.folder); err == nil {
			continue
		}
		for _, ext := range []string{".tgz", ".tar.gz", ".tar", ".zip"} {
			name := filepath.Join(dir, filepath.FromSlash(p.in), p.name+ext)
			if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
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

// read looks for a format at the top of the source, then, as long as a folder is alone there, inside it: archives wrap a set
// in a folder or two. Only what has no other format anywhere is read as folders.
func read(top source, name string) (*Set, error) {
	if name != "" && !slices.Contains(Formats(), name) {
		return nil, fmt.Errorf("unknown format %q, known are %s%s", name, strings.Join(Formats(), ", "), spelling.Hint(name, Formats()))
	}
	for _, f := range formats {
		if name != "" && name != f.name {
			continue
		}
		if src, ok := top.find(f); ok {
			set, err := f.read(src)
			return checked(set, f.name, err)
		}
	}
	if name == "" && top.table == "" || name == folderFormat {
		set, err := readFolders(top, name == folderFormat)
		return checked(set, folderFormat, err)
	}
	return nil, fmt.Errorf("not in the format %s: it lacks the files that set is published with; leave out the format, and it is recognised", name)
}

// checked wants two classes.
func checked(set *Set, format string, err error) (*Set, error) {
	switch {
	case err != nil:
	case len(set.Images) == 0:
		err = errors.New("no images")
	case len(set.Classes) < 2:
		err = fmt.Errorf("%s of one class, %q: at least two classes are needed, one to train on and one to test with",
			are(len(set.Images)), set.Classes[0])
	}
	if err != nil {
		return nil, fmt.Errorf("read as %s: %w", format, err)
	}
	set.Name = format
	set.Notes = append(set.Notes, alike(set.Classes)...)
	return set, nil
}

// alike names classes whose names look the same: they may be meant to be one.
func alike(classes []string) []string {
	groups := map[string][]string{}
	for _, name := range classes {
		key := strings.ToLower(strings.Join(strings.Fields(norm.NFC.String(name)), " "))
		groups[key] = append(groups[key], name)
	}
	var out []string
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		if g := groups[key]; len(g) > 1 {
			out = append(out, fmt.Sprintf("the classes %q differ by capitals or spaces alone, and are kept apart", g))
		}
	}
	const few = 3
	if n := len(out); n > few {
		out = append(out[:few], fmt.Sprintf("and %d more", n-few))
	}
	return out
}

func are(images int) string {
	if images == 1 {
		return "the only image is"
	}
	return fmt.Sprintf("all %d images are", images)
}

func errNoFormat() error {
	return fmt.Errorf("no known format (%s): a folder of class folders with images (%s) is the simplest",
		strings.Join(Formats(), ", "), strings.Join(extensions, " "))
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
	only := s.folderAlone()
	if only == "" || s.table != "" {
		return s, false
	}
	return s.sub(only), true
}

// folderAlone names the folder that is alone at the top, "" where there are none or several.
func (s source) folderAlone() string {
	entries, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return ""
	}
	only := ""
	for _, e := range entries {
		if hidden(e.Name()) || !s.isFolder(".", e) {
			continue
		}
		if only != "" {
			return ""
		}
		only = e.Name()
	}
	return only
}

// sub is the source seen from a folder in it.
func (s source) sub(folder string) source {
	out := source{FS: within{s.FS, folder}, place: filepath.Join(s.place, filepath.FromSlash(folder))}
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
	info, err := fs.Stat(s.FS, path.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

// hidden reports what systems leave in folders: .DS_Store, ._photo.jpg, __MACOSX, @eaDir.
func hidden(name string) bool {
	return strings.HasPrefix(name, ".") || name == "__MACOSX" || name == "@eaDir"
}
