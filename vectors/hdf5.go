package vectors

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/dvml/dvml/internal/atomicfile"
	"github.com/dvml/dvml/internal/hdf5"
)

func writeHDF5(path string, s Source, t Type) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		f, ok := w.(io.WriterAt)
		if !ok {
			return errors.New("HDF5 is written to files that can be sought in")
		}
		n, dim := uint64(s.Len()), uint64(s.Dim())
		kind := hdf5.Float32
		if t == Float16 {
			kind = hdf5.Float16
		}
		at := int64(hdf5.SuperblockSize)
		var widths [3]int // of paths, classes, hashes
		var b []byte
		err := s.Each(func(_ int, r Row) error {
			for i, text := range []string{r.Path, r.Class, r.Hash} {
				widths[i] = max(widths[i], len(text))
			}
			b = t.appendFloats(b[:0], r.Vector)
			_, err := f.WriteAt(b, at)
			at += int64(len(b))
			return err
		})
		if err != nil {
			return err
		}
		out := hdf5.NewBuilder(f, at)
		out.Dataset("embeddings", kind, []uint64{n, dim}, hdf5.SuperblockSize)
		for i, name := range []string{"paths", "classes", "hashes"} {
			column := hdf5.Text(widths[i])
			texts := make([]byte, 0, s.Len()*column.Size)
			err := s.Each(func(_ int, r Row) error {
				text := []string{r.Path, r.Class, r.Hash}[i]
				texts = append(append(texts, text...), make([]byte, column.Size-len(text))...)
				return nil
			})
			if err != nil {
				return err
			}
			out.Dataset(name, column, []uint64{n}, out.Block(texts))
		}
		_, err = out.Close()
		return err
	})
}

func readHDF5(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return parseHDF5(f, info.Size())
}

func parseHDF5(r io.ReaderAt, size int64) (*Set, error) {
	f, err := hdf5.Open(r, size)
	if err != nil {
		return nil, err
	}
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	var matrices []string
	data := map[string]*hdf5.Dataset{}
	s := &Set{}
	for name, at := range root.Links {
		node, err := f.Node(at)
		if err != nil {
			return nil, fmt.Errorf("dataset %q: %w", name, err)
		}
		if node.Data == nil {
			continue
		}
		data[name] = node.Data
		if node.Data.Type.Class == hdf5.Float && len(node.Data.Dims) == 2 {
			matrices = append(matrices, name)
		}
	}
	if len(matrices) > 1 {
		matrices = slices.DeleteFunc(matrices, func(name string) bool { return !named(name, rowNames) })
	}
	if len(matrices) != 1 {
		return nil, errors.New("expected one dataset of floats [N,D], or one of them named embeddings")
	}
	if err := hdf5Rows(r, data[matrices[0]], s); err != nil {
		return nil, fmt.Errorf("dataset %q: %w", matrices[0], err)
	}
	for name, d := range data {
		var into *[]string
		switch {
		case named(name, pathNames):
			into = &s.Paths
		case named(name, classNames):
			into = &s.Classes
		case named(name, hashNames):
			into = &s.Hashes
		default:
			continue
		}
		if *into, err = hdf5Texts(f, d); err != nil {
			return nil, fmt.Errorf("dataset %q: %w", name, err)
		}
	}
	return s, nil
}

func hdf5Rows(r io.ReaderAt, d *hdf5.Dataset, s *Set) error {
	if err := d.Contiguous(); err != nil {
		return err
	}
	width := d.Type.Size
	if width != 2 && width != 4 && width != 8 {
		return fmt.Errorf("its numbers have %d bytes: expected float16, float32 or float64", width)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if d.Type.BigEndian {
		order = binary.BigEndian
	}
	rows, err := matrix(d.Dims[0], d.Dims[1], width, d.Size)
	if err != nil {
		return err
	}
	s.Dim, s.Rows = int(d.Dims[1]), rows
	return decodeFloats(rows, io.NewSectionReader(r, d.Offset, d.Size), width, order)
}

// hdf5Texts reads text, or integers as text.
func hdf5Texts(f *hdf5.File, d *hdf5.Dataset) ([]string, error) {
	v, err := f.Read(d)
	if err != nil {
		return nil, err
	}
	if v.Type.Class != hdf5.Integer {
		return f.Strings(v)
	}
	numbers, err := v.Ints()
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return texts, err
}
