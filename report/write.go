package report

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// WriteHTML writes r as one page to path, whole or not at all.
func WriteHTML(path string, r Report) error {
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		return err
	}
	return replace(path, b.Bytes())
}

// WriteMarkdown writes r as Markdown to path, and its charts and pictures to a folder beside it that is named after it: report.md, report-files/.
func WriteMarkdown(path string, r Report) error {
	folder := strings.TrimSuffix(path, filepath.Ext(path)) + "-files"
	text, files, err := Markdown(r, filepath.Base(folder))
	if err != nil {
		return err
	}
	if len(files) > 0 {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := replace(filepath.Join(folder, name), files[name]); err != nil {
			return err
		}
	}
	return replace(path, []byte(text))
}

// replace writes path through a temporary file beside it.
func replace(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	defer os.Remove(f.Name()) // there is nothing to remove once it is renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("report: %s: %w", path, err)
	}
	return nil
}
