package imageset

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/store"
)

// isCSV wants a named file, or the only .csv at the top whose first row names an image: other tables lie in sets too.
func isCSV(s source) bool {
	_, ok := s.csvTable()
	return ok
}

func (s source) csvTable() (string, bool) {
	if s.table != "" {
		return s.table, true
	}
	entries, err := fs.ReadDir(s.FS, ".")
	if err != nil {
		return "", false
	}
	table := ""
	for _, e := range entries {
		if e.IsDir() || hidden(e.Name()) || !strings.EqualFold(path.Ext(e.Name()), ".csv") {
			continue
		}
		if table != "" {
			return "", false
		}
		table = e.Name()
	}
	if table == "" {
		return "", false
	}
	enough := errors.New("enough")
	err = s.rows(table, func(row csvRow) error {
		if isImage(filepath.ToSlash(row.path)) {
			return enough
		}
		return errors.New("another table")
	})
	return table, errors.Is(err, enough)
}

// csvRow is a row of the table.
type csvRow struct {
	path, label, split string
	splits             bool // whether the table has a column for split
}

// columns are the places of a row's fields in the table; split is -1 where it has none.
type columns struct{ path, label, split int }

// headings are what the columns are called in a header.
var headings = struct{ path, label, split []string }{
	[]string{"path", "file", "filename", "file_name", "image", "image_path", "img"},
	[]string{"label", "class", "class_name", "category", "name", "identity", "id"},
	[]string{"split", "subset", "set"},
}

// columnsOf says where path, label and split stand by the table's first row. A row that names no image is a header, of columns in any order, also
// others than these; without a header they are path,label[,split].
func columnsOf(row []string) (c columns, header bool, err error) {
	if slices.ContainsFunc(row, func(field string) bool { return isImage(filepath.ToSlash(field)) }) {
		if len(row) != 2 && len(row) != 3 {
			return c, false, fmt.Errorf("%d fields, path,label[,split] are wanted; a first row of these names lets them stand anywhere", len(row))
		}
		c = columns{path: 0, label: 1, split: -1}
		if len(row) == 3 {
			c.split = 2
		}
		return c, false, nil
	}
	find := func(names []string) int {
		for _, name := range names {
			if i := slices.IndexFunc(row, func(field string) bool { return strings.EqualFold(strings.TrimSpace(field), name) }); i >= 0 {
				return i
			}
		}
		return -1
	}
	c = columns{find(headings.path), find(headings.label), find(headings.split)}
	if c.path < 0 || c.label < 0 {
		return c, true, fmt.Errorf("the first row, %.80q, neither names an image (%s) nor the columns path,label[,split]", strings.Join(row, ","), strings.Join(extensions, " "))
	}
	return c, true, nil
}

// rows calls f with each row but the header. Fields are separated by commas, or by semicolons or tabs where the first line has no comma.
func (s source) rows(table string, f func(csvRow) error) error {
	file, err := s.Open(table)
	if err != nil {
		return err
	}
	defer file.Close()
	b := bufio.NewReader(io.LimitReader(file, maxList))
	if mark, _ := b.Peek(3); string(mark) == "\ufeff" {
		if _, err := b.Discard(3); err != nil {
			return err
		}
	}
	r := csv.NewReader(b)
	r.TrimLeadingSpace = true
	r.Comma = separator(b)
	var c columns
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		header := false
		if first {
			c, header, err = columnsOf(row)
		}
		if err == nil && !header {
			fields := csvRow{path: row[c.path], label: row[c.label], splits: c.split >= 0}
			if fields.splits {
				fields.split = row[c.split]
			}
			err = f(fields)
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s line %d: %w", table, line, err)
		}
	}
}

// separator looks at the first line for what separates fields.
func separator(b *bufio.Reader) rune {
	start, _ := b.Peek(4096) // fewer in a short file
	line, _, _ := bytes.Cut(start, []byte("\n"))
	for _, c := range []byte(",;\t") {
		if bytes.IndexByte(line, c) >= 0 {
			return rune(c)
		}
	}
	return ','
}

// readCSV reads rows of path,label or path,label,split, or of more columns under a header with these names. Paths are relative to the file; on disk
// they may also be absolute or lead upwards. A label is any text, the class's name: classes are sorted by number if all are numbers, else as text.
// split is train, test, query (the same as test) or gallery.
func readCSV(s source) (*Set, error) {
	table, ok := s.csvTable()
	if !ok {
		return nil, fmt.Errorf("no CSV file with rows of path,label[,split] at the top")
	}
	set := &Set{}
	var names []string // of each image's class
	labels := map[string]int{}
	splits := false
	err := s.rows(table, func(row csvRow) error {
		if row.path == "" || row.label == "" {
			return errors.New("path or label is empty")
		}
		im, err := s.csvImage(row.path)
		if err != nil {
			return err
		}
		if splits = row.splits; splits {
			switch strings.ToLower(row.split) {
			case "train":
			case "test", "query":
				im.Split = store.Test
			case "gallery":
				im.Split = store.Gallery
			default:
				return fmt.Errorf("split %q: train, test, query or gallery is wanted", row.split)
			}
		}
		set.Images = append(set.Images, im)
		names = append(names, row.label)
		labels[row.label] = 0
		return nil
	})
	if err != nil {
		return nil, err
	}
	set.Classes = sortClasses(slices.Collect(maps.Keys(labels)))
	for label, name := range set.Classes {
		labels[name] = label
	}
	for i, name := range names {
		set.Images[i].Label = labels[name]
	}
	if !splits {
		set.Dealt = true
		set.classDisjoint()
	}
	return set, nil
}

func (s source) csvImage(name string) (Image, error) {
	if s.disk == "" {
		return s.image(path.Clean(filepath.ToSlash(name)), 0, store.Train)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.disk, filepath.FromSlash(name))
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
