package weights

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// readTorchZip reads the form that torch.save writes since PyTorch 1.6: an archive of data.pkl and a member a storage.
func readTorchZip(r io.ReaderAt, size int64) (*File, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	members, folder := map[string]*zip.File{}, ""
	for _, f := range archive.File {
		members[f.Name] = f
		if path.Base(f.Name) == "data.pkl" {
			folder = path.Dir(f.Name)
		}
	}
	pickle := members[path.Join(folder, "data.pkl")]
	switch {
	case pickle == nil:
		return nil, errors.New("a zip archive without data.pkl: no PyTorch checkpoint")
	case members[path.Join(folder, "constants.pkl")] != nil:
		return nil, errors.New("a TorchScript archive; save model.state_dict() with torch.save")
	}
	if order, err := readMember(members[path.Join(folder, "byteorder")], size); err == nil && strings.TrimSpace(string(order)) == "big" {
		return nil, errors.New("its values are big-endian, which is not read; save it on a little-endian machine")
	}
	text, err := readMember(pickle, size)
	if err != nil {
		return nil, err
	}
	t := &torchFile{storages: map[string]*storage{}, size: size}
	u := &unpickler{r: bufio.NewReader(bytes.NewReader(text)), left: int64(len(text)), persist: t.persist, reduce: t.reduce}
	root, err := u.load()
	if err != nil {
		return nil, err
	}
	views, err := stateDict(root)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if err := t.fromMember(v.of, members[path.Join(folder, "data", v.of.key)]); err != nil {
			return nil, fmt.Errorf("storage %q: %w", v.of.key, err)
		}
	}
	return t.tensors(views)
}

// openMember opens a member that is stored without compression, as PyTorch does, so that its size is bounded by the file's.
func openMember(f *zip.File, size int64) (io.ReadCloser, error) {
	switch {
	case f == nil:
		return nil, errors.New("is not in the archive")
	case f.Method != zip.Store || f.UncompressedSize64 > uint64(size):
		return nil, fmt.Errorf("%s is compressed, which PyTorch's own files are not", f.Name)
	}
	return f.Open()
}

func readMember(f *zip.File, size int64) ([]byte, error) {
	r, err := openMember(f, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, size))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrTorn, f.Name, err)
	}
	return text, nil
}

// fromMember reads a storage once.
func (t *torchFile) fromMember(s *storage, f *zip.File) error {
	if s.data != nil {
		return nil
	}
	r, err := openMember(f, t.size)
	if err != nil {
		return err
	}
	defer r.Close()
	size := int64(f.UncompressedSize64)
	if width := int64(dtypeWidth[s.dtype]); s.size < 0 || s.size > size/width || s.size*width != size {
		return fmt.Errorf("%w: %d bytes for %d values of type %s", ErrTorn, size, s.size, s.dtype)
	}
	if t.read += size; t.read > t.size {
		return fmt.Errorf("%w: its members overlap", ErrTorn)
	}
	if s.data, err = readFloats(r, s.dtype, size); err != nil {
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF { // the archive's checksum is verified at a member's end
		return fmt.Errorf("%w: %w", ErrTorn, err)
	}
	return nil
}
