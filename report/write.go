package report

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"path/filepath"
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

// WriteMarkdown writes r as Markdown to path, and its charts and pictures to a folder beside it that is named after it: report.md, report-files/.
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
	return write(path, []byte(text))
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
