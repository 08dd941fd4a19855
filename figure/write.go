package figure

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
)

// WritePNG writes img to path as PNG, making the folder when it is missing. The file appears whole or not at all: it is written beside path,
// synced and renamed, and a failure leaves what was at path before.
func WritePNG(path string, img image.Image) error {
	if img == nil {
		return fmt.Errorf("figure: write %s: the picture is nil", path)
	}
	if err := writePNG(path, img); err != nil {
		return fmt.Errorf("figure: write %s: %w", path, err)
	}
	return nil
}

func writePNG(path string, img image.Image) (err error) {
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close() // a second Close only returns an error
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err = png.Encode(f, img); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil { // CreateTemp gives 0600
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
