package figure

import (
	"fmt"
	"image"
	"image/png"
	"io"

	"github.com/dvml/dvml/internal/atomicfile"
)

// WritePNG writes img to path as PNG, making the folder when it is missing. The file appears whole
// or not at all: it is written beside path, synced and renamed, and a failure leaves what was at
// path before.
func WritePNG(path string, img image.Image) error {
	if img == nil {
		return fmt.Errorf("figure: write %s: the picture is nil", path)
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return png.Encode(w, img) }); err != nil {
		return fmt.Errorf("figure: %w", err)
	}
	return nil
}
