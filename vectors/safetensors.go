package vectors

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/dvml/dvml/internal/atomicfile"
)

// tensor is an entry of the header of a safetensors file. https://github.com/huggingface/safetensors#format
type tensor struct {
	DType   string   `json:"dtype"`
	Shape   []uint64 `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // begin and end, from the end of the header
}

const (
	maxHeader = 100_000_000 // bytes, the limit of the format's reference implementation
	metaKey   = "__metadata__"
	classKey  = "classes" // of the metadata
)

func writeSafetensors(path string, s Source, t Type) error {
	n := uint64(s.Len())
	var classes []string
	ends := make([]int64, 1, n+1)
	err := s.Each(func(_ int, r Row) error {
		classes = append(classes, r.Class)
		ends = append(ends, ends[len(ends)-1]+int64(len(r.Path)))
		return nil
	})
	if err != nil {
		return err
	}
	labels, names := Number(classes)
	text, err := json.Marshal(names)
	if err != nil {
		return err
	}
	header := map[string]any{metaKey: map[string]string{classKey: string(text)}}
	at := int64(0)
	put := func(name, dtype string, bytes int64, shape ...uint64) {
		header[name] = tensor{dtype, shape, [2]int64{at, at + bytes}}
		at += bytes
	}
	put("labels", "I64", 8*int64(n), n) // what takes 8 bytes comes first, and is aligned
	put("path_offsets", "I64", 8*int64(n+1), n+1)
	put("embeddings", fmt.Sprintf("F%d", 8*t.width()), int64(n)*int64(s.Dim())*int64(t.width()), n, uint64(s.Dim()))
	put("hashes", "U8", 32*int64(n), n, 32)
	put("paths", "U8", ends[n], uint64(ends[n]))
	head, err := json.Marshal(header)
	if err != nil {
		return err
	}
	head = append(head, strings.Repeat(" ", (8-len(head)%8)%8)...)
	return atomicfile.Write(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<18)
		out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(head))))
		out.Write(head)
		var b []byte
		for _, l := range labels {
			label := int64(l)
			if int(l) >= len(names) {
				label = -1
			}
			b = binary.LittleEndian.AppendUint64(b, uint64(label))
		}
		for _, end := range ends {
			b = binary.LittleEndian.AppendUint64(b, uint64(end))
		}
		out.Write(b)
		for _, part := range []func(b []byte, r Row) []byte{
			func(b []byte, r Row) []byte { return t.appendFloats(b, r.Vector) },
			appendHash,
			func(b []byte, r Row) []byte { return append(b, r.Path...) },
		} {
			err := s.Each(func(_ int, r Row) error {
				b = part(b[:0], r)
				_, err := out.Write(b)
				return err
			})
			if err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

// appendHash appends the 32 bytes of a hash, zeros where there is none.
func appendHash(b []byte, r Row) []byte {
	hash, err := hex.DecodeString(r.Hash)
	if err != nil || len(hash) != 32 {
		hash = make([]byte, 32)
	}
	return append(b, hash...)
}

func readSafetensors(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return parseSafetensors(f, info.Size())
}

// tensors is the header of a file and what follows it.
type tensors struct {
	r       io.ReaderAt
	at      int64 // of the values
	room    int64
	entries map[string]tensor
	names   []string // of the classes
}

func parseSafetensors(r io.ReaderAt, size int64) (*Set, error) {
	f, err := openTensors(r, size)
	if err != nil {
		return nil, err
	}
	name := "embeddings"
	if _, ok := f.entries[name]; !ok {
		name = ""
		for n, e := range f.entries {
			if len(e.Shape) == 2 && floatWidth(e.DType) > 0 {
				if name != "" {
					return nil, errors.New("expected one tensor [N,D] of floats, or one of them named embeddings")
				}
				name = n
			}
		}
	}
	e, ok := f.entries[name]
	if !ok || len(e.Shape) != 2 || floatWidth(e.DType) == 0 {
		return nil, errors.New("expected a tensor [N,D] of F16, F32 or F64, named embeddings where there are several")
	}
	rows, err := matrix(e.Shape[0], e.Shape[1], floatWidth(e.DType), e.Offsets[1]-e.Offsets[0])
	if err != nil {
		return nil, err
	}
	if err := decodeFloats(rows, f.section(e), floatWidth(e.DType), binary.LittleEndian); err != nil {
		return nil, err
	}
	s := &Set{Dim: int(e.Shape[1]), Rows: rows}
	if s.Classes, err = f.classes(); err != nil {
		return nil, err
	}
	if s.Hashes, err = f.hashes(); err != nil {
		return nil, err
	}
	s.Paths, err = f.paths()
	return s, err
}

func floatWidth(dtype string) int {
	return map[string]int{"F16": 2, "F32": 4, "F64": 8}[dtype]
}

func openTensors(r io.ReaderAt, size int64) (*tensors, error) {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("it is not a safetensors file: %w", err)
	}
	length := int64(binary.LittleEndian.Uint64(head[:]))
	if length < 2 || length > min(size-8, maxHeader) {
		return nil, fmt.Errorf("it is not a whole safetensors file: its header has %d bytes, the file %d", length, size)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, err
	}
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	f := &tensors{r: r, at: 8 + length, room: size - 8 - length, entries: map[string]tensor{}}
	for name, text := range raw {
		if name == metaKey {
			meta := map[string]string{}
			if err := json.Unmarshal(text, &meta); err != nil {
				return nil, fmt.Errorf("metadata: %w", err)
			}
			if list, ok := meta[classKey]; ok {
				if err := json.Unmarshal([]byte(list), &f.names); err != nil {
					return nil, fmt.Errorf("metadata %s: %w", classKey, err)
				}
			}
			continue
		}
		var e tensor
		if err := json.Unmarshal(text, &e); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		if e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > f.room {
			return nil, fmt.Errorf("tensor %q lies at bytes %d to %d of %d: cut short or damaged", name, e.Offsets[0], e.Offsets[1], f.room)
		}
		f.entries[name] = e
	}
	return f, nil
}

func (f *tensors) section(e tensor) io.Reader {
	return bufio.NewReader(io.NewSectionReader(f.r, f.at+e.Offsets[0], e.Offsets[1]-e.Offsets[0]))
}

// ints reads a vector of I64, nil where there is none.
func (f *tensors) ints(name string) ([]int64, error) {
	e, ok := f.entries[name]
	if !ok {
		return nil, nil
	}
	size := e.Offsets[1] - e.Offsets[0]
	if e.DType != "I64" || len(e.Shape) != 1 || e.Shape[0] > uint64(size) || int64(e.Shape[0])*8 != size {
		return nil, fmt.Errorf("tensor %q is %s %v: expected I64 [N]", name, e.DType, e.Shape)
	}
	values := make([]int64, e.Shape[0])
	return values, binary.Read(f.section(e), binary.LittleEndian, values)
}

func (f *tensors) classes() ([]string, error) {
	labels, err := f.ints("labels")
	if err != nil || labels == nil {
		return nil, err
	}
	classes := make([]string, len(labels))
	for i, l := range labels {
		switch {
		case l < 0:
		case f.names == nil:
			classes[i] = strconv.FormatInt(l, 10)
		case l < int64(len(f.names)):
			classes[i] = f.names[l]
		default:
			return nil, fmt.Errorf("row %d has label %d, and the file names %d classes", i, l, len(f.names))
		}
	}
	return classes, nil
}

func (f *tensors) hashes() ([]string, error) {
	e, ok := f.entries["hashes"]
	if !ok {
		return nil, nil
	}
	b, err := io.ReadAll(f.section(e))
	if err != nil || e.DType != "U8" || len(b)%32 != 0 {
		return nil, fmt.Errorf("tensor \"hashes\" is %s %v: expected U8 [N,32]", e.DType, e.Shape)
	}
	hashes := make([]string, len(b)/32)
	for i := range hashes {
		if hash := [32]byte(b[32*i:]); hash != [32]byte{} {
			hashes[i] = hex.EncodeToString(hash[:])
		}
	}
	return hashes, nil
}

func (f *tensors) paths() ([]string, error) {
	ends, err := f.ints("path_offsets")
	e, ok := f.entries["paths"]
	if err != nil || ends == nil || !ok {
		return nil, err
	}
	b, err := io.ReadAll(f.section(e))
	if err != nil {
		return nil, err
	}
	paths := make([]string, max(0, len(ends)-1))
	for i := range paths {
		if ends[i] < 0 || ends[i+1] < ends[i] || ends[i+1] > int64(len(b)) {
			return nil, errors.New("tensor \"path_offsets\" does not cut \"paths\" into paths")
		}
		paths[i] = string(b[ends[i]:ends[i+1]])
	}
	return paths, nil
}
