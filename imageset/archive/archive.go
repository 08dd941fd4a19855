// Package archive shows the files of a .tar, .tar.gz or .zip as a file system, without holding their contents in memory. The format is told by
// content, not by name.
//
// A plain tar is indexed once and then read by offset. A compressed one cannot be read out of order, so that it is unpacked to a temporary file in
// $TMPDIR, which is gone after Close. Names that lead out of the archive are refused. Links are passed over, except hard links within a tar.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Archive is a file system of an archive's files. Files may be opened and read from several goroutines.
type Archive struct {
	tree
	close []func() error
}

// Open reads the archive's index.
func Open(name string) (*Archive, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	a := &Archive{tree: newTree(), close: []func() error{file.Close}}
	if err := a.load(file); err != nil {
		return nil, errors.Join(fmt.Errorf("archive: %w", err), a.Close())
	}
	a.tree.sort()
	return a, nil
}

// Close closes the archive. Its files cannot be read any more.
func (a *Archive) Close() error {
	var errs []error
	for i := len(a.close) - 1; i >= 0; i-- {
		errs = append(errs, a.close[i]())
	}
	a.close = nil
	return errors.Join(errs...)
}

func (a *Archive) load(file *os.File) error {
	head := make([]byte, 512)
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return err
	}
	head = head[:n]
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")) || bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return a.loadZip(file)
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		unpacked, err := a.unpack(file)
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		return a.loadTar(unpacked)
	case len(head) == 512 && string(head[257:262]) == "ustar" || strings.EqualFold(path.Ext(file.Name()), ".tar"):
		return a.loadTar(file)
	}
	return errors.New("neither tar, gzipped tar nor zip")
}

// maxGrowth bounds how often its own size, beyond a GiB, a compressed archive may unpack to.
const maxGrowth = 50

// unpack writes the stream to a temporary file. Where the system allows it, its name is removed at once, so that a killed program leaves nothing.
func (a *Archive) unpack(file *os.File) (*os.File, error) {
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, err
	}
	out, err := os.CreateTemp("", "dvml-*.tar")
	if err != nil {
		return nil, err
	}
	a.close = append(a.close, func() error {
		err := out.Close()
		if e := os.Remove(out.Name()); e != nil && !errors.Is(e, fs.ErrNotExist) {
			return e
		}
		return err
	})
	_ = os.Remove(out.Name()) // fails on Windows while the file is open; Close removes it then
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	limit := 1<<30 + maxGrowth*info.Size()
	n, err := io.Copy(out, io.LimitReader(z, limit+1))
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("the archive is cut short, fetch it again: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if n > limit {
		return nil, fmt.Errorf("%d bytes unpack to more than %d: photographs do not, do not trust this archive", info.Size(), limit)
	}
	_, err = out.Seek(0, io.SeekStart)
	return out, err
}

func (a *Archive) loadTar(file *os.File) error {
	r := tar.NewReader(file)
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("tar: the archive is cut short, fetch it again: %w", err)
		}
		if err != nil {
			return fmt.Errorf("tar: %w", err)
		}
		name, err := clean(h.Name)
		if err != nil {
			return err
		}
		if h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != "" {
			return fmt.Errorf("tar: %s is sparse, which is not supported: pack it without --sparse", name)
		}
		switch h.Typeflag {
		case tar.TypeReg:
			at, err := file.Seek(0, io.SeekCurrent) // tar.Reader reads nothing ahead
			if err != nil {
				return err
			}
			size := h.Size
			err = a.add(name, size, func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, at, size)), nil })
			if err != nil {
				return err
			}
		case tar.TypeLink:
			target, err := clean(h.Linkname)
			if err != nil {
				return err
			}
			if n, ok := a.nodes[target]; ok && n.open != nil {
				if err := a.add(name, n.size, n.open); err != nil {
					return err
				}
			}
		}
	}
}

func (a *Archive) loadZip(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(file, info.Size())
	if err != nil {
		return fmt.Errorf("zip: %w", err)
	}
	for _, f := range r.File {
		name, err := clean(f.Name)
		if err != nil {
			return err
		}
		if !f.Mode().IsRegular() {
			continue
		}
		if err := a.add(name, int64(f.UncompressedSize64), f.Open); err != nil {
			return err
		}
	}
	return nil
}

// clean checks a name. "./a" and "a/" are common and harmless.
func clean(name string) (string, error) {
	out := path.Clean(strings.TrimSuffix(name, "/"))
	if strings.ContainsRune(name, '\\') || strings.ContainsRune(name, 0) || !fs.ValidPath(out) || strings.Contains("/"+name+"/", "/../") {
		return "", fmt.Errorf("file name %q leads out of the archive or is malformed: do not trust this archive", name)
	}
	return out, nil
}
