package weights

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"unicode/utf8"

	"github.com/dvml/dvml/internal/atomicfile"
)

// WriteSafetensors writes f to path, all tensors as F32, whole or not at all: whatever happens,
// path holds the old file or the whole new one.
func WriteSafetensors(path string, f *File) error {
	entries, err := layout(f)
	if err == nil {
		_, err = os.Stat(filepath.Dir(path)) // a folder with a slip in its name is not made
	}
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { return encode(w, f, entries) })
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("weights: %s: %w", path, err)
	}
	return nil
}

// syncFolder makes a rename in a folder last. Windows has no such call and needs none.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// layout puts the tensors one after the other in the order of their names.
func layout(f *File) ([]entry, error) {
	var entries []entry
	at := int64(0)
	for _, name := range f.Names() {
		t := f.Tensors[name]
		if n, err := sizeOf(t.Shape, math.MaxInt64/8); err != nil || n != len(t.Data) {
			return nil, fmt.Errorf("tensor %q has shape %v and %d values", name, t.Shape, len(t.Data))
		}
		if !utf8.ValidString(name) || name == metaKey {
			return nil, fmt.Errorf("%q cannot be the name of a tensor", name)
		}
		end := at + 4*int64(len(t.Data))
		entries = append(entries, entry{DType: "F32", Shape: append([]int{}, t.Shape...), Offsets: [2]int64{at, end}, name: name})
		at = end
	}
	for key, text := range f.Meta {
		if !utf8.ValidString(key) || !utf8.ValidString(text) {
			return nil, fmt.Errorf("metadata %q is not UTF-8", key)
		}
	}
	return entries, nil
}

// encode writes header and tensors. The checksum stands in the header, so the tensors are gone through twice.
func encode(out io.Writer, f *File, entries []entry) error {
	meta := map[string]string{}
	maps.Copy(meta, f.Meta)
	delete(meta, versionKey)
	delete(meta, checksumKey)
	sum := newChecksum(entries, meta)
	buffer := make([]byte, 1<<18)
	if err := writeTensors(sum, f, entries, buffer); err != nil {
		return err
	}
	meta[versionKey], meta[checksumKey] = version, sumText(sum)
	header, err := buildHeader(entries, meta)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, len(buffer))
	if _, err := w.Write(header); err != nil {
		return err
	}
	if err := writeTensors(w, f, entries, buffer); err != nil {
		return err
	}
	return w.Flush()
}

func writeTensors(w io.Writer, f *File, entries []entry, buffer []byte) error {
	for _, e := range entries {
		for data := f.Tensors[e.name].Data; len(data) > 0; {
			n := min(len(data), len(buffer)/4)
			for i, v := range data[:n] {
				binary.LittleEndian.PutUint32(buffer[4*i:], math.Float32bits(v))
			}
			if _, err := w.Write(buffer[:4*n]); err != nil {
				return err
			}
			data = data[n:]
		}
	}
	return nil
}
