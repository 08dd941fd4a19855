package imageset

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml/store"
)

// maxList bounds a list of images; the longest in use has 120,053 lines.
const maxList = 256 << 20

// source is a folder or an archive, whose files a format's reader looks into.
type source struct {
	fs.FS
	place string // the top's path, for messages
	disk  string // the folder on disk; empty in archives
	table string // the CSV file that the user named
}

// has reports whether there is a file or folder of this name.
func (s source) has(name string) bool {
	_, err := fs.Stat(s.FS, name)
	return err == nil
}

// first returns the first of the names that is there, or an empty string.
func (s source) first(names ...string) string {
	for _, name := range names {
		if s.has(name) {
			return name
		}
	}
	return ""
}

// path returns where a file lies, for messages.
func (s source) path(name string) string { return filepath.Join(s.place, filepath.FromSlash(name)) }

// image describes the file name in the source.
func (s source) image(name string, label int, split store.Split) (Image, error) {
	if !fs.ValidPath(name) {
		return Image{}, fmt.Errorf("image path %q leads out of the source: expected a path inside it, with slashes", name)
	}
	return Image{
		Path:  s.path(name),
		Label: label,
		Split: split,
		Open:  func() (io.ReadCloser, error) { return s.Open(name) },
	}, nil
}

// images lists the images that lie directly in dir, sorted.
func (s source) images(dir string) ([]string, error) {
	entries, err := fs.ReadDir(s.FS, dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && isImage(e.Name()) {
			out = append(out, path.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// lines calls f with the fields of each line that is not blank. number counts from 1.
func (s source) lines(name string, f func(number int, fields []string) error) error {
	file, err := s.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	limited := &io.LimitedReader{R: file, N: maxList}
	scanner := bufio.NewScanner(limited)
	number := 0
	for scanner.Scan() {
		number++
		fields := strings.Fields(strings.TrimPrefix(scanner.Text(), "\ufeff"))
		if len(fields) == 0 {
			continue
		}
		if err := f(number, fields); err != nil {
			return fmt.Errorf("%s line %d: %w", name, number, err)
		}
	}
	if err := scanner.Err(); err != nil {
		return fmt.Errorf("%s after line %d: %w", name, number, err)
	}
	if limited.N <= 0 {
		return fmt.Errorf("%s is larger than %d MiB", name, maxList>>20)
	}
	return nil
}

// classDisjoint gives every image the split of its class.
func (s *Set) classDisjoint() {
	for i := range s.Images {
		s.Images[i].Split = store.ClassDisjoint(s.Images[i].Label, len(s.Classes))
	}
}
