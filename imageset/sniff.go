package imageset

import (
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/dvml/dvml/imageset/archive"
)

// extensions of the images that are read.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp",
	".ppm", ".pgm", ".pbm", ".pnm", ".heic", ".heif", ".avif"}

// foreign are extensions of images that cannot be decoded. They are listed all the same, so that they are reported and not
// passed over. A camera's raw files are TIFF in form: what a TIFF reader finds in them is a thumbnail.
var foreign = []string{".jxl", ".jp2", ".j2k", ".psd", ".dng", ".nef", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf"}

// pictures are extensions of images that are neither read nor told by their content. They are named where they are left out.
var pictures = []string{".svg", ".ico", ".icns", ".tga", ".pcx", ".sgi", ".dds", ".dib", ".qoi", ".exr", ".hdr", ".pfm", ".pam", ".xbm", ".xpm",
	".eps", ".xcf", ".psb", ".wmf", ".emf", ".dcm", ".fits", ".jxr", ".djvu"}

func isImage(name string) bool {
	ext := strings.ToLower(path.Ext(name))
	return !hidden(path.Base(name)) && (slices.Contains(extensions, ext) || slices.Contains(foreign, ext))
}

// IsImage reports a name that an image's file has, of a kind that is read or of one that is named as not read; hidden files are none.
func IsImage(name string) bool { return isImage(name) }

// sniffed is how much of a file tells its kind.
const sniffed = 64

// kind tells what a file is by its first bytes: one of jpeg, png, gif, bmp, tiff, webp, pnm, heic, avif, which are read; jp2,
// jxl, psd, raw, which are not; or "" for no image.
func kind(head []byte) string {
	starts := func(text string) bool { return bytes.HasPrefix(head, []byte(text)) }
	switch {
	case starts("\xff\xd8\xff"):
		return "jpeg"
	case starts("\x89PNG\r\n\x1a\n"):
		return "png"
	case starts("GIF87a") || starts("GIF89a"):
		return "gif"
	case starts("RIFF") && len(head) >= 12 && string(head[8:12]) == "WEBP":
		return "webp"
	case starts("II*\x00") || starts("MM\x00*") || starts("II+\x00") || starts("MM\x00+"):
		if len(head) >= 10 && string(head[8:10]) == "CR" {
			return "raw" // Canon's
		}
		return "tiff"
	case starts("\xff\x0a") || starts("\x00\x00\x00\x0cJXL "):
		return "jxl"
	case starts("\x00\x00\x00\x0cjP  ") || starts("\xff\x4f\xff\x51"):
		return "jp2"
	case starts("8BPS"):
		return "psd"
	case isBMP(head):
		return "bmp"
	case isPNM(head):
		return "pnm"
	}
	return kindOfFile(head)
}

// isBMP wants a header of a known length: text may start with BM too.
func isBMP(head []byte) bool {
	if len(head) < 18 || string(head[:2]) != "BM" {
		return false
	}
	return slices.Contains([]uint32{12, 16, 40, 52, 56, 64, 108, 124}, binary.LittleEndian.Uint32(head[14:]))
}

// isPNM wants P1 to P6 and then a number, perhaps after comments.
func isPNM(head []byte) bool {
	if len(head) < 4 || head[0] != 'P' || head[1] < '1' || head[1] > '6' || !bytes.ContainsRune([]byte(" \t\r\n"), rune(head[2])) {
		return false
	}
	rest := bytes.TrimLeft(head[2:], " \t\r\n")
	return len(rest) > 0 && (rest[0] == '#' || rest[0] >= '0' && rest[0] <= '9')
}

// kindOfFile reads the brands of an ISO media file.
func kindOfFile(head []byte) string {
	if len(head) < 16 || string(head[4:8]) != "ftyp" {
		return ""
	}
	brands := string(head[8:12]) + string(head[16:max(16, min(len(head), int(binary.BigEndian.Uint32(head))))])
	for i := 0; i+4 <= len(brands); i += 4 {
		switch brands[i : i+4] {
		case "avif", "avis":
			return "avif"
		case "heic", "heix", "heim", "heis", "hevc", "hevx":
			return "heic"
		case "crx ":
			return "raw"
		}
	}
	return ""
}

// head returns the first bytes of a file, by which it is told what it is: enough for archive.Kind.
func (s source) head(name string) ([]byte, error) {
	file, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	head := make([]byte, archive.HeadSize)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	return head[:n], nil
}
