package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash"
	"hash/crc64"
	"io"
	"maps"
	"slices"
)

// A safetensors file is the length of a header (8 bytes, little endian), the header (JSON) and the tensors' bytes, end to end.
// https://github.com/huggingface/safetensors#format

// maxHeader is the longest header that is accepted, the limit of the format's reference implementation.
const maxHeader = 100_000_000

// The keys of the metadata that this package keeps for itself: [Read] takes them off,
// [WriteSafetensors] puts them on. The version says that there is a checksum, so that no single
// damaged byte can make one look absent.
const (
	metaKey     = "__metadata__"
	versionKey  = "dvml.version"
	checksumKey = "dvml.checksum"
	version     = "1"
)

// entry is a tensor in the header.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"` // begin and end, from the end of the header
	name    string
}

func readSafetensors(r io.ReaderAt, size int64) (*File, error) {
	var head [8]byte
	if _, err := r.ReadAt(head[:], 0); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	length := int64(binary.LittleEndian.Uint64(head[:]))
	if length < 0 || length > min(size-8, maxHeader) {
		return nil, fmt.Errorf("%w: the header has %d bytes, the file %d", ErrTorn, length, size)
	}
	header := make([]byte, length)
	if _, err := r.ReadAt(header, 8); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrTorn, err)
	}
	entries, meta, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, size-8-length); err != nil {
		return nil, err
	}
	want, checked := meta[checksumKey]
	if _, ours := meta[versionKey]; ours && !checked {
		return nil, fmt.Errorf("%w: the checksum is gone", ErrTorn)
	}
	delete(meta, checksumKey)
	delete(meta, versionKey)
	var sum hash.Hash64
	if checked {
		sum = newChecksum(entries, meta)
	}
	file := &File{Tensors: make(map[string]Tensor, len(entries)), Meta: meta}
	for _, e := range entries {
		section := io.NewSectionReader(r, 8+length+e.Offsets[0], e.Offsets[1]-e.Offsets[0])
		var from io.Reader = section
		if checked {
			from = io.TeeReader(section, sum)
		}
		data, err := readFloats(from, e.DType, section.Size())
		if err != nil {
			return nil, fmt.Errorf("%w: tensor %q: %w", ErrTorn, e.name, err)
		}
		if data != nil {
			file.Tensors[e.name] = Tensor{Shape: e.Shape, Data: data}
		}
	}
	if checked && want != sumText(sum) {
		return nil, fmt.Errorf("%w: its checksum is %s and should be %s", ErrTorn, sumText(sum), want)
	}
	return file, nil
}

// parseHeader returns the entries in the order of their bytes, and the metadata.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	raw := map[string]json.RawMessage{}
	if err := json.Unmarshal(header, &raw); err != nil {
		return nil, nil, fmt.Errorf("%w: header: %w", ErrTorn, err)
	}
	meta := map[string]string{}
	if m, ok := raw[metaKey]; ok {
		if err := json.Unmarshal(m, &meta); err != nil {
			return nil, nil, fmt.Errorf("%w: header: %s: %w", ErrTorn, metaKey, err)
		}
		delete(raw, metaKey)
	}
	entries := make([]entry, 0, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		e := entry{name: name}
		if err := json.Unmarshal(raw[name], &e); err != nil {
			return nil, nil, fmt.Errorf("%w: header: tensor %q: %w", ErrTorn, name, err)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int {
		if a.Offsets != b.Offsets {
			return slices.Compare(a.Offsets[:], b.Offsets[:])
		}
		return 0
	})
	return entries, meta, nil
}

// checkLayout checks that the tensors, in this order, fill room bytes without a hole, each with as many bytes as its shape asks for.
func checkLayout(entries []entry, room int64) error {
	at := int64(0)
	for _, e := range entries {
		n, err := sizeOf(e.Shape, room)
		if err != nil {
			return fmt.Errorf("%w: tensor %q: %w", ErrTorn, e.name, err)
		}
		width := int64(dtypeWidth[e.DType])
		if width == 0 {
			return fmt.Errorf("tensor %q is of type %q; the types that are read are F32, F16, BF16, F64 and integers", e.name, e.DType)
		}
		if e.Offsets[0] != at || e.Offsets[1] < at || e.Offsets[1]-at != int64(n)*width {
			return fmt.Errorf("%w: tensor %q (%s, shape %v) lies at bytes %d to %d; it should take %d bytes from %d on",
				ErrTorn, e.name, e.DType, e.Shape, e.Offsets[0], e.Offsets[1], int64(n)*width, at)
		}
		at = e.Offsets[1]
	}
	if at != room {
		return fmt.Errorf("%w: its tensors take %d bytes, and %d follow the header", ErrTorn, at, room)
	}
	return nil
}

var crcTable = crc64.MakeTable(crc64.ECMA)

// newChecksum starts the checksum of a file: of what its header says, then of its tensors' bytes.
func newChecksum(entries []entry, meta map[string]string) hash.Hash64 {
	sum := crc64.New(crcTable)
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		fmt.Fprintf(sum, "%q: %q\n", key, meta[key])
	}
	for _, e := range entries {
		fmt.Fprintf(sum, "%q: %s %v\n", e.name, e.DType, e.Shape)
	}
	return sum
}

func sumText(sum hash.Hash64) string { return fmt.Sprintf("crc64:%016x", sum.Sum64()) }

// header builds the header, with its length before it, padded so that the tensors begin at a multiple of 8.
func buildHeader(entries []entry, meta map[string]string) ([]byte, error) {
	tree := make(map[string]any, len(entries)+1)
	tree[metaKey] = meta
	for _, e := range entries {
		tree[e.name] = e
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	text = append(text, bytes.Repeat([]byte(" "), (8-len(text)%8)%8)...)
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), nil
}
