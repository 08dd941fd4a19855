package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/dvml/dvml/internal/atomicfile"
)

// Write writes r to the folder dir: index.html, report.md and report-files/.
func (r Report) Write(dir string) error {
	if err := WriteHTML(filepath.Join(dir, "index.html"), r); err != nil {
		return err
	}
	return WriteMarkdown(filepath.Join(dir, "report.md"), r)
}

// WriteHTML writes r as one page to path, whole or not at all.
func WriteHTML(path string, r Report) error {
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		return err
	}
	return write(path, b.Bytes())
}

// WriteMarkdown writes r as Markdown to path, and its charts and pictures to a folder beside it
// that is named after it: report.md, report-files/. Charts and pictures of an earlier report there,
// which r does not show, are removed.
func WriteMarkdown(path string, r Report) error {
	folder := strings.TrimSuffix(path, filepath.Ext(path)) + "-files"
	text, files, err := Markdown(r, filepath.Base(folder))
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := write(filepath.Join(folder, name), files[name]); err != nil {
			return err
		}
	}
	if err := write(path, []byte(text)); err != nil {
		return err
	}
	return removeOld(folder, files)
}

// removeOld removes the charts and pictures in folder that are not among files.
func removeOld(folder string, files map[string][]byte) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	ours := regexp.MustCompile(`^(curve|chart|picture)-[0-9-]+\.(svg|png|jpg)$`)
	for _, e := range entries {
		if ours.MatchString(e.Name()) && files[e.Name()] == nil {
			if err := os.Remove(filepath.Join(folder, e.Name())); err != nil {
				return fmt.Errorf("report: an earlier report's picture: %w", err)
			}
		}
	}
	return nil
}

func write(path string, data []byte) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
