package imageset

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/dvml/dvml/imageset/archive"
)

// Left is a file of the source that is not among the images of the Set: what was met and why it is not taken.
type Left struct {
	Path   string // for messages, as Image.Path
	Reason string // such as "not an image"; the same text for the same reason
}

// Bounds of a walk. Links to folders are followed, so that class folders may be links; links within linked folders are not
// followed for ever.
const (
	maxDepth = 32
	maxLinks = 2
)

// dir is a folder of the source with the images that lie in it.
type dir struct {
	path   string // in the source; "." at the top
	images []string
	dirs   []*dir // with an image in them or below
	count  int    // images in it and below
}

// name is the folder's own name.
func (d *dir) name() string { return path.Base(d.path) }

// walk finds every image below a source's top, and lists everything else that it meets.
type walk struct {
	source
	left []Left
}

func (w *walk) leave(name, reason string) { w.left = append(w.left, Left{w.source.path(name), reason}) }

// top walks the whole source.
func (w *walk) top() (*dir, error) {
	info, err := fs.Stat(w.FS, ".")
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(w.FS, ".")
	if err != nil {
		return nil, err
	}
	return w.dir(".", entries, []fs.FileInfo{info}, 0), nil
}

// dir walks a folder. above are the folders on the way to it, itself included; links counts those that are links.
func (w *walk) dir(name string, entries []fs.DirEntry, above []fs.FileInfo, links int) *dir {
	d := &dir{path: name}
	for _, e := range entries {
		inner := path.Join(name, e.Name())
		if hidden(e.Name()) {
			w.leave(inner, "hidden")
			continue
		}
		mode, linked := e.Type(), links
		if mode&fs.ModeSymlink != 0 {
			info, err := fs.Stat(w.FS, inner)
			if err != nil {
				w.leave(inner, "a link that leads nowhere")
				continue
			}
			mode, linked = info.Mode(), links+1
		}
		switch {
		case mode.IsDir():
			w.enter(d, inner, above, linked)
		case !mode.IsRegular():
			w.leave(inner, "not a file but "+kindOf(mode))
		default:
			w.file(d, inner)
		}
	}
	d.count += len(d.images)
	return d
}

// file takes an image, and leaves any other file.
func (w *walk) file(d *dir, name string) {
	if isImage(name) {
		d.images = append(d.images, name)
		return
	}
	head, err := w.head(name)
	switch {
	case err != nil:
		w.leave(name, reason(err))
	case kind(head[:min(sniffed, len(head))]) != "":
		d.images = append(d.images, name)
	case archive.Kind(head) != "":
		w.leave(name, "an archive: unpack it first")
	case slices.Contains(pictures, strings.ToLower(path.Ext(name))):
		w.leave(name, "a picture of a kind that is not read: convert it to JPEG or PNG")
	default:
		w.leave(name, "not an image")
	}
}

// enter walks a folder of d.
func (w *walk) enter(d *dir, name string, above []fs.FileInfo, links int) {
	info, err := fs.Stat(w.FS, name)
	var entries []fs.DirEntry
	if err == nil {
		entries, err = fs.ReadDir(w.FS, name)
	}
	loop := func(other fs.FileInfo) bool { return os.SameFile(info, other) }
	switch {
	case err != nil:
		w.leave(name, reason(err))
	case slices.ContainsFunc(above, loop):
		w.leave(name, "a link to a folder above it")
	case len(above) > maxDepth || links > maxLinks:
		w.leave(name, "a folder too deep down")
	default:
		inner := w.dir(name, entries, append(slices.Clip(above), info), links)
		d.count += inner.count
		if inner.count > 0 {
			d.dirs = append(d.dirs, inner)
		}
	}
}

// reason is an error of the file system without the path, which stands beside it.
func reason(err error) string {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return "cannot be read: " + err.Error()
}
