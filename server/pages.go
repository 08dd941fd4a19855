package server

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/dvml/dvml/server/page"
)

// pages are the files of the page, which are few and stay in memory.
type pages map[string]pageFile

type pageFile struct {
	data []byte
	kind string
	etag string
}

// newPages reads the files. They are part of the program: one that cannot be read is a fault of it.
func newPages() pages {
	all := pages{}
	files := page.Files()
	err := fs.WalkDir(files, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		sum := sha256.Sum256(data)
		all[name] = pageFile{data, typeOf(name), `"` + hex.EncodeToString(sum[:8]) + `"`}
		return err
	})
	if err != nil {
		panic(err)
	}
	return all
}

// typeOf is the media type of a file of the page, whatever this machine thinks of its name.
func typeOf(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

// get sends a file, and for every path that is none the page itself, whose views are paths.
func (p pages) get(c *call) error {
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		c.w.Header().Set("Allow", "GET, HEAD")
		return bad(http.StatusMethodNotAllowed, "the page is for GET and HEAD")
	}
	name := strings.TrimPrefix(path.Clean(c.r.URL.Path), "/")
	f, ok := p[name]
	if !ok {
		if strings.HasPrefix(name, "js/") || path.Ext(name) == ".css" || path.Ext(name) == ".js" {
			return bad(http.StatusNotFound, "the page has no such file")
		}
		f = p["index.html"]
	}
	c.w.Header().Set("ETag", f.etag)
	c.w.Header().Set("Cache-Control", "no-cache")
	if c.r.Header.Get("If-None-Match") == f.etag {
		c.w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return c.raw(f.kind, f.data)
}
