package server

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/dvml/dvml/index"
)

// getThumb sends the small picture of an item, which a browser may keep for good: another
// photograph has another address.
func (s *Server) getThumb(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	item, err := x.wanted(c)
	if err != nil {
		return err
	}
	hash := item.Hash.String()
	if h := c.r.URL.Query().Get("h"); !strings.HasPrefix(hash, h) {
		return bad(http.StatusNotFound, "that number is another photograph's by now")
	} else if h != "" {
		c.w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	}
	etag := `"` + hash[:hashPrefix] + `"`
	c.w.Header().Set("ETag", etag)
	if c.r.Header.Get("If-None-Match") == etag {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	thumb, err := x.Thumbnail(item.ID)
	if err != nil {
		return err
	}
	return c.raw("image/jpeg", thumb)
}

// errOther is returned for a file that is not the photograph that was indexed.
var errOther = errors.New("not the photograph that was indexed")

// getOriginal sends a photograph's file if it still is what was indexed. Its bytes are hashed
// before the first of them is sent: whatever lies at the path now, behind whatever links, nothing
// but a photograph of the index ever leaves.
func (s *Server) getOriginal(c *call) error {
	x, err := s.shelf(c)
	if err != nil {
		return err
	}
	defer x.release()
	item, err := x.wanted(c)
	if err != nil {
		return err
	}
	for _, p := range item.Places {
		if p.Gone {
			continue
		}
		data, err := original(p.Path, item)
		if err != nil {
			continue
		}
		etag := `"` + item.Hash.String() + `"`
		c.w.Header().Set("ETag", etag)
		c.w.Header().Set("Cache-Control", "private, no-cache")
		c.w.Header().Set("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": filepath.Base(p.Path)}))
		if c.r.Header.Get("If-None-Match") == etag {
			c.w.WriteHeader(http.StatusNotModified)
			return nil
		}
		return c.raw(imageType(data), data)
	}
	return bad(http.StatusNotFound, "the photograph no longer lies where it was indexed, or was changed")
}

// original reads the file of an item.
func original(path string, item *index.Item) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe does not hold anyone up
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() != item.Bytes {
		return nil, errOther
	}
	data, err := io.ReadAll(io.LimitReader(f, item.Bytes+1))
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(data) != item.Hash {
		return nil, errOther
	}
	return data, nil
}

// imageType is the media type of a photograph: by its content and never one that a browser would run.
func imageType(data []byte) string {
	if t := http.DetectContentType(data); strings.HasPrefix(t, "image/") {
		return t
	}
	switch {
	case bytes.Contains(data[:min(32, len(data))], []byte("ftypavif")):
		return "image/avif"
	case bytes.Contains(data[:min(32, len(data))], []byte("ftyp")):
		return "image/heic"
	case bytes.HasPrefix(data, []byte("II")), bytes.HasPrefix(data, []byte("MM")):
		return "image/tiff"
	}
	return "application/octet-stream"
}
