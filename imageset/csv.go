package imageset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
)

// isCSV wants a named file, or at the top one table that lists images, or one for each part of the set.
func isCSV(s source) bool {
	return len(s.csvTables()) > 0
}

// csvTables returns the tables to read. Other tables lie in sets too: one without columns of path and label, one of files that
// are not there while another's are, a sample of a submission.
func (s source) csvTables() []string {
	if s.table != "" {
		return []string{s.table}
	}
	entries, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return nil
	}
	var there, absent, others []string
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || hidden(name) || !strings.EqualFold(path.Ext(name), ".csv") || strings.Contains(strings.ToLower(name), "submission") {
			continue
		}
		switch found, listed := s.finder(name); {
		case found != nil:
			there = append(there, name)
		case listed:
			absent = append(absent, name)
		default:
			others = append(others, name)
		}
	}
	part := func(name string) bool { r, rest := partOf(stem(name)); return r != noPart && rest == "" }
	switch {
	case len(there) == 1, len(there) > 1 && !slices.ContainsFunc(there, func(n string) bool { return !part(n) }):
		return there
	case len(there) == 0 && len(absent) == 1:
		return absent
	case len(there)+len(absent) == 0 && len(others) == 1 && s.mentions(others[0]): // what is wrong with it must be said
		return others
	}
	return nil
}

// mentions reports whether a table that cannot be made sense of names images.
func (s source) mentions(table string) bool {
	file, err := s.Open(table)
	if err != nil {
		return false
	}
	defer file.Close()
	head, err := io.ReadAll(io.LimitReader(file, 1<<16))
	if err != nil {
		return false
	}
	text := strings.ToLower(strings.ReplaceAll(string(head), "\x00", ""))
	return slices.ContainsFunc(extensions, func(ext string) bool {
		return strings.Contains(text, ext+",") || strings.Contains(text, ext+";") || strings.Contains(text, ext+"\n") || strings.Contains(text, ext+"\r")
	})
}

// finder says how a table's paths name files. It looks for the files of the first rows: where the path leads from the table's
// folder, in a folder beside the table (train.csv beside train/, or one that is alone there), with an ending that the table
// leaves out, and each without regard to the kind of slashes, and to one at the front. found is nil where
// none of the files is there; listed is whether the first row names an image by its ending.
func (s source) finder(table string) (found func(name string) string, listed bool) {
	const rows = 20
	enough := errors.New("enough")
	folders := []string{"", stem(table), stem(table) + "_images", "images", "img", "photos", "train", "train_images"}
	if only := s.folderAlone(); only != "" {
		folders = append(folders, only)
	}
	n := 0
	err := s.rows(table, func(row csvRow) error {
		name := slashed(row.path)
		listed = listed || n == 0 && isImage(name)
		if row.path == "" || hidden(path.Base(name)) {
			return nil
		}
		for _, folder := range folders {
			endings := []string{""}
			if !isImage(name) {
				endings = append(endings, extensions...)
			}
			for _, ending := range endings {
				find := func(name string) string {
					first := ""
					for _, form := range forms(name) {
						at := form + ending
						if folder != "" {
							at = path.Join(folder, at)
						}
						if first == "" {
							first = at
						}
						if s.isFile(at) {
							return at
						}
					}
					return first
				}
				if (ending != "" || isImage(name) || folder == "") && s.isFile(find(row.path)) {
					found = find
					return enough
				}
			}
		}
		if n++; n == rows {
			return enough
		}
		return nil
	})
	if err != nil && !errors.Is(err, enough) && n == 0 {
		return nil, false
	}
	return found, listed
}

// forms are the ways in which a table's path may be meant, the likeliest first.
func forms(name string) []string {
	out := []string{name}
	if strings.Contains(name, `\`) {
		out = append(out, strings.ReplaceAll(name, `\`, "/"))
	}
	if trimmed := strings.TrimLeft(slashed(name), "/"); trimmed != slashed(name) {
		out = append(out, trimmed)
	}
	return out
}

// onDisk returns where a table's path leads on disk; it may be absolute or lead upwards.
func (s source) onDisk(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.disk, filepath.FromSlash(name))
}

func (s source) isFile(name string) bool {
	if s.disk != "" {
		if info, err := os.Stat(s.onDisk(name)); err == nil {
			return info.Mode().IsRegular()
		}
	}
	info, err := fs.Stat(s.FS, path.Clean(name))
	return err == nil && info.Mode().IsRegular()
}

// readCSV reads rows of path,label or path,label,split, or of more columns under a header with these names. Paths are relative
// to the table; on disk they may also be absolute or lead upwards. A label is any text, the class's name: classes are sorted by
// number if all are numbers, else as text. split is train, validation, test, query or gallery, by any of the names that folders
// of parts go by; a table of open-metric-learning says the last two by is_query and is_gallery.
func readCSV(s source) (*Set, error) {
	t := &tables{source: s, set: &Set{}, labels: map[string]int{}}
	names := s.csvTables()
	if len(names) == 0 {
		return nil, errors.New("no CSV file with rows of path,label[,split] at the top")
	}
	for _, name := range names {
		r := noPart
		if len(names) > 1 {
			r, _ = partOf(stem(name))
			t.set.Notes = append(t.set.Notes, fmt.Sprintf("%s is a part of the set", name))
		}
		if err := t.read(name, r); err != nil {
			return nil, err
		}
	}
	if err := t.finish(); err != nil {
		return nil, err
	}
	if s.table == "" {
		return t.set, t.unlisted(names)
	}
	return t.set, nil
}

// tables reads tables into a set.
type tables struct {
	source
	set    *Set
	names  []string // of each image's class
	roles  []role   // of each image
	labels map[string]int
	both   int // rows that are query and gallery at once
}

// read reads a table, all of one part if r says so.
func (t *tables) read(table string, r role) error {
	find, listed := t.finder(table)
	if find == nil {
		find = slashed
	}
	before, noted := len(t.set.Images), false
	there := 0
	err := t.rows(table, func(row csvRow) error {
		if !noted && len(row.columns.unread) > 0 {
			t.set.Notes = append(t.set.Notes, fmt.Sprintf("%s: columns that are not read: %s", table, some(row.columns.unread)))
		}
		noted = true
		if row.path == "" || row.label == "" {
			return errors.New("path or label is empty")
		}
		if !listed && isImage(slashed(row.label)) && !isImage(slashed(row.path)) {
			return fmt.Errorf("the label %q names an image: the columns path and label are swapped", row.label)
		}
		at := find(row.path)
		if there == 0 && t.isFile(at) {
			there++
		}
		im, err := t.csvImage(at)
		if err != nil {
			return err
		}
		role := r
		if row.columns.split >= 0 {
			if role, err = t.role(row); err != nil {
				return err
			}
		}
		t.set.Images = append(t.set.Images, im)
		t.names, t.roles = append(t.names, row.label), append(t.roles, role)
		t.labels[row.label] = 0
		return nil
	})
	if listed := t.set.Images[before:]; err == nil && there == 0 && len(listed) > 0 {
		return t.absent(table, listed)
	}
	return err
}

// absent says why none of the files that a table lists is there, as far as their names tell.
func (t *tables) absent(table string, listed []Image) error {
	first := strings.TrimPrefix(listed[0].Path, t.place+string(filepath.Separator))
	why := fmt.Sprintf("paths are taken from the folder of the table, %s", t.place)
	switch drive := len(first) > 2 && first[1] == ':'; {
	case strings.HasPrefix(first, "http"):
		why = "it is an address on the web: fetch the images first, and list where they lie"
	case drive || filepath.IsAbs(first):
		why = "it is a path of another machine: write paths relative to the table"
	}
	return fmt.Errorf("none of the %s that %s lists is there, the first is %s: %s", plural.Of(len(listed), "file"), table, first, why)
}

// role is what a row's image is for.
func (t *tables) role(row csvRow) (role, error) {
	r, rest := partOf(row.split)
	if r == noPart || rest != "" || r == unlabelled {
		return r, fmt.Errorf("split %q: expected train, validation, test, query or gallery (a label that holds a comma needs double quotes around it)", row.split)
	}
	if row.columns.query < 0 || row.columns.gallery < 0 || r == trains {
		return r, nil
	}
	query, gallery := truth(row.query), truth(row.gallery)
	switch {
	case query && gallery:
		t.both++
		return heldOut, nil
	case query:
		return asks, nil
	case gallery:
		return searched, nil
	}
	return r, errors.New("neither is_query nor is_gallery: nothing says what the image is held out for")
}

func truth(text string) bool {
	v, err := strconv.ParseFloat(text, 64)
	return strings.EqualFold(text, "true") || err == nil && v != 0
}

// finish sorts the classes and gives each image its label and split.
func (t *tables) finish() error {
	t.set.Classes = sortClasses(slices.Collect(maps.Keys(t.labels)))
	for label, name := range t.set.Classes {
		t.labels[name] = label
	}
	if t.both > 0 && (slices.Contains(t.roles, asks) || slices.Contains(t.roles, searched)) {
		return errors.New("some images are query and gallery at once and others one of the two: not supported here; " +
			"make all of them both, or each one of the two")
	}
	questions := slices.Contains(t.roles, asks) || slices.Contains(t.roles, heldOut)
	for i := range t.set.Images {
		im := &t.set.Images[i]
		im.Label = t.labels[t.names[i]]
		switch t.roles[i] {
		case heldOut, asks:
			im.Split = store.Test
		case searched:
			im.Split = store.Gallery
			if !questions {
				im.Split = store.Test
			}
		}
	}
	if !slices.ContainsFunc(t.roles, func(r role) bool { return r != noPart }) {
		t.set.Dealt = true
		t.set.classDisjoint()
	}
	return nil
}

// unlisted names what lies beside the tables and is in none of them.
func (t *tables) unlisted(names []string) error {
	w := &walk{source: t.source}
	top, err := w.top()
	if err != nil {
		return err
	}
	listed := map[string]bool{}
	for _, im := range t.set.Images {
		listed[filepath.Clean(im.Path)] = true
	}
	for _, name := range all(top) {
		if !listed[t.path(name)] {
			w.leave(name, "not listed in "+strings.Join(names, ", "))
		}
	}
	t.set.Left = slices.DeleteFunc(w.left, func(l Left) bool {
		return slices.ContainsFunc(names, func(name string) bool { return l.Path == t.path(name) })
	})
	return nil
}

func (s source) csvImage(name string) (Image, error) {
	if s.disk == "" {
		return s.image(path.Clean(name), 0, store.Train)
	}
	name = s.onDisk(name)
	if inside, err := filepath.Rel(s.disk, name); err == nil && filepath.IsLocal(inside) { // also what is still packed in the folder
		inside = filepath.ToSlash(inside)
		return Image{Path: name, Open: func() (io.ReadCloser, error) { return s.Open(inside) }}, nil
	}
	return Image{Path: name, Open: func() (io.ReadCloser, error) { return openRegular(name) }}, nil
}

func sortClasses(names []string) []string {
	slices.Sort(names)
	number := map[string]float64{}
	for _, name := range names {
		v, err := strconv.ParseFloat(name, 64)
		if err != nil || v != v {
			return names
		}
		number[name] = v
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(number[a], number[b]) })
	return names
}
