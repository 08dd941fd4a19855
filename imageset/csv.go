package imageset

import (
	"bufio"
	"cmp"
	"encoding/csv"
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
	entries, err := fs.ReadDir(s, ".")
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
	err = s.rows(table, func(row []string) error {
		if len(row) >= 2 && len(row) <= 3 && isImage(filepath.ToSlash(row[0])) {
			return enough
		}
		return errors.New("another table")
	})
	return table, errors.Is(err, enough)
}

// rows calls f with each row but the header.
func (s source) rows(table string, f func(row []string) error) error {
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
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", table, err)
		}
		if first && len(row) >= 2 && strings.EqualFold(row[0], "path") && strings.EqualFold(row[1], "label") {
			continue
		}
		if err := f(row); err != nil {
			line, _ := r.FieldPos(0)
			return fmt.Errorf("%s line %d: %w", table, line, err)
		}
	}
}

// readCSV reads rows of path,label or path,label,split under an optional header of these names. Paths are relative to the file; on disk they may also
// be absolute or lead upwards. A label is any text, the class's name: classes are sorted by number if all are numbers, else as text. split is train
// or test.
func readCSV(s source) (*Set, error) {
	table, ok := s.csvTable()
	if !ok {
		return nil, fmt.Errorf("no CSV file with rows of path,label[,split] at the top")
	}
	set := &Set{}
	var names []string // of each image's class
	labels := map[string]int{}
	splits := false
	err := s.rows(table, func(row []string) error {
		if len(row) != 2 && len(row) != 3 {
			return fmt.Errorf("%d fields, path,label[,split] are wanted", len(row))
		}
		if row[0] == "" || row[1] == "" {
			return errors.New("path or label is empty")
		}
		im, err := s.csvImage(row[0])
		if err != nil {
			return err
		}
		if splits = len(row) == 3; splits {
			switch strings.ToLower(row[2]) {
			case "train":
			case "test":
				im.Split = store.Test
			default:
				return fmt.Errorf("split %q, train or test is wanted", row[2])
			}
		}
		set.Images = append(set.Images, im)
		names = append(names, row[1])
		labels[row[1]] = 0
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
	return Image{Path: name, Open: func() (io.ReadCloser, error) { return os.Open(name) }}, nil
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
