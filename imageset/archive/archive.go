// Package archive shows the files of a .tar, .tar.gz, .tar.bz2 or .zip as a file system, without holding their contents in memory. The format is told by
// content, not by name.
//
// A plain tar is indexed once and then read by offset. A compressed one cannot be read out of order, so that it is unpacked to a temporary file in
// $TMPDIR, which is gone after Close. Files that cannot be shown (whose names lead out of the archive, links other than hard
// links within a tar, devices, encrypted files) are listed in Passed.
package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
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
	Passed []Passed // files that are not shown, in the archive's order
	close  []func() error
}

// Passed is a file of the archive that is not shown.
type Passed struct {
	Name   string // spelled so that it can be printed
	Reason string // such as "a link"
}

// ErrEncrypted is returned for an archive whose files are encrypted.
var ErrEncrypted = errors.New("the archive is encrypted: unpack it with its password first, and prepare the folder")

func (a *Archive) pass(name, reason string) { a.Passed = append(a.Passed, Passed{Spell(name), reason}) }

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
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}), bytes.HasPrefix(head, []byte("BZh")):
		unpacked, err := a.unpack(file, head[0] == 'B')
		if err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
		err = a.loadTar(unpacked)
		if err != nil && len(a.nodes) == 1 && len(a.Passed) == 0 {
			return errors.New("what is compressed in it is not a tar archive: unpack it first")
		}
		return err
	case isTar(head) || strings.EqualFold(path.Ext(file.Name()), ".tar") && Kind(head) == "":
		return a.loadTar(file)
	case len(head) == 0:
		return errors.New("the file is empty")
	case Kind(head) != "":
		return fmt.Errorf("%s, which is not read: unpack it first, and prepare the folder", Kind(head))
	case bytes.HasPrefix(bytes.TrimSpace(head), []byte("<")):
		return errors.New("it is a web page, or XML, not an archive: what was fetched is an answer of the site, fetch it again")
	}
	return errors.New("neither tar, compressed tar nor zip")
}

func isTar(head []byte) bool { return len(head) >= HeadSize && string(head[257:262]) == "ustar" }

// HeadSize is how many bytes of a file Kind wants.
const HeadSize = 262

// Kind names the archive or compressed file that begins with head, "" where it is none that is known.
func Kind(head []byte) string {
	for mark, kind := range map[string]string{
		"PK\x03\x04": "a zip archive", "PK\x05\x06": "a zip archive", "\x1f\x8b": "a gzip file", "BZh": "a bzip2 file", "\xfd7zXZ\x00": "an xz file",
		"7z\xbc\xaf\x27\x1c": "a 7-Zip archive", "Rar!\x1a\x07": "a RAR archive", "\x28\xb5\x2f\xfd": "a Zstandard file", "\x04\x22\x4d\x18": "an LZ4 file",
		"MSCF": "a cabinet archive",
	} {
		if bytes.HasPrefix(head, []byte(mark)) {
			return kind
		}
	}
	if isTar(head) {
		return "a tar archive"
	}
	return ""
}

// maxGrowth bounds how often its own size, beyond a GiB, a compressed archive may unpack to.
const maxGrowth = 50

// unpack writes the stream to a temporary file. Where the system allows it, its name is removed at once, so that a killed program leaves nothing.
func (a *Archive) unpack(file *os.File, bzip bool) (*os.File, error) {
	z := bzip2.NewReader(file)
	if !bzip {
		var err error
		if z, err = gzip.NewReader(file); err != nil {
			return nil, err
		}
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
		at, err := file.Seek(0, io.SeekCurrent) // tar.Reader reads nothing ahead
		if err != nil {
			return err
		}
		a.tarFile(file, h, at)
	}
}

// tarFile enters a file whose contents lie at the offset at.
func (a *Archive) tarFile(file *os.File, h *tar.Header, at int64) {
	name, reason := clean(h.Name)
	sparse := h.Typeflag == tar.TypeGNUSparse || h.PAXRecords["GNU.sparse.major"] != "" || h.PAXRecords["GNU.sparse.map"] != ""
	switch {
	case h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader:
	case reason != "":
		a.pass(h.Name, reason)
	case sparse:
		a.pass(h.Name, "sparse, which is not supported: pack it without --sparse")
	case h.Typeflag == tar.TypeReg:
		open := func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, at, h.Size)), nil }
		a.enter(name, h.Size, open)
	case h.Typeflag == tar.TypeLink:
		target, _ := clean(h.Linkname)
		if n, ok := a.nodes[target]; ok && n.open != nil {
			a.enter(name, n.size, n.open)
		} else {
			a.pass(h.Name, "a link to what is not in the archive")
		}
	case h.Typeflag == tar.TypeSymlink:
		a.pass(h.Name, "a link")
	default:
		a.pass(h.Name, "not a regular file")
	}
}

// enter shows a file, or passes over one whose name an earlier one bars.
func (a *Archive) enter(name string, size int64, open func() (io.ReadCloser, error)) {
	if err := a.add(name, size, open); err != nil {
		a.pass(name, err.Error())
	}
}

// bzip2Method is how a zip says that a file is compressed by bzip2.
const bzip2Method = 12

func (a *Archive) loadZip(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(file, info.Size())
	if err != nil {
		return zipError(file, err)
	}
	r.RegisterDecompressor(bzip2Method, func(r io.Reader) io.ReadCloser { return io.NopCloser(bzip2.NewReader(r)) })
	encrypted := 0
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") || strings.HasSuffix(f.Name, `\`) || f.Mode().IsDir() {
			continue
		}
		name, reason := clean(zipName(f))
		switch {
		case reason != "":
			a.pass(zipName(f), reason)
		case f.Flags&1 != 0:
			encrypted++
			a.pass(name, "encrypted")
		case f.Mode()&fs.ModeSymlink != 0:
			a.pass(name, "a link")
		case !f.Mode().IsRegular():
			a.pass(name, "not a regular file")
		case f.Method != zip.Store && f.Method != zip.Deflate && f.Method != bzip2Method:
			a.pass(name, fmt.Sprintf("compressed by method %d, which is not supported: pack it anew", f.Method))
		default:
			a.enter(name, int64(f.UncompressedSize64), f.Open)
		}
	}
	if len(a.nodes) > 1 || len(a.Passed) == 0 {
		return nil
	}
	if encrypted > 0 {
		return ErrEncrypted
	}
	return fmt.Errorf("zip: none of its files can be read; the first is %s: %s", a.Passed[0].Name, a.Passed[0].Reason)
}

// zipError says what is wrong with a zip whose list of files cannot be read.
func zipError(file *os.File, err error) error {
	head := make([]byte, 8)
	if _, e := file.ReadAt(head, 0); e == nil && string(head[:4]) == "PK\x03\x04" && head[6]&1 != 0 {
		return ErrEncrypted
	}
	return fmt.Errorf("zip: the archive is cut short or damaged, fetch it again: %w", err)
}
