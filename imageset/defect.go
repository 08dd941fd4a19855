package imageset

import (
	"bytes"
	"errors"
	"fmt"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
)

// Why an image file is left out. Every error of a decoder is one of these.
var (
	errShort       = errors.New("the file is cut short")
	errDamaged     = errors.New("the file is damaged")
	errUnsupported = errors.New("not supported here: convert it to JPEG or PNG")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w (%s)", errDamaged, fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w (%s)", errUnsupported, fmt.Sprintf(format, args...))
}

// defect puts an error of a decoder into one of the three sentences.
func defect(format string, data []byte, err error) error {
	var jpegCannot jpeg.UnsupportedError
	var pngCannot png.UnsupportedError
	text := strings.TrimPrefix(err.Error(), format+": ")
	switch {
	case errors.Is(err, errShort) || errors.Is(err, errDamaged) || errors.Is(err, errUnsupported):
		return fmt.Errorf("%s: %w", format, err)
	case errors.As(err, &jpegCannot), errors.As(err, &pngCannot):
		return fmt.Errorf("%s: %w", format, unsupported("%s", text))
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || !whole(format, data):
		return fmt.Errorf("%s: %w", format, errShort)
	}
	return fmt.Errorf("%s: %w", format, damaged("%s", text))
}

// whole reports whether a file has the end that its format gives it, as far as the format has one.
func whole(format string, data []byte) bool {
	switch format {
	case "jpeg":
		return bytes.Contains(data[max(0, len(data)-64<<10):], []byte("\xff\xd9"))
	case "png":
		return bytes.Contains(data, []byte("IEND"))
	case "gif":
		return bytes.HasSuffix(bytes.TrimRight(data, "\x00"), []byte{0x3b})
	case "webp":
		return len(data) >= 8 && uint64(len(data)) >= 8+uint64(little.Uint32(data[4:]))
	case "heic", "avif":
		return boxesWhole(data)
	}
	return true
}
