package vectors

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/dvml/dvml/internal/atomicfile"
)

// An .npy file is the magic, a version, the length of a header, the header (a Python literal) and the values.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html

const numpyMagic = "\x93NUMPY"

// LabelsBeside is where the paths, classes and hashes of an .npy file lie.
func LabelsBeside(path string) string { return path[:len(path)-len(".npy")] + ".labels.csv" }

func writeNumpy(path string, s Source, t Type) error {
	if err := atomicfile.Write(LabelsBeside(path), func(w io.Writer) error { return encodeCSV(w, s, false) }); err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		header := fmt.Sprintf("{'descr': '<f%d', 'fortran_order': False, 'shape': (%d, %d), }", t.width(), s.Len(), s.Dim())
		const before = len(numpyMagic) + 4
		header += strings.Repeat(" ", 63-(before+len(header))%64) + "\n"
		out := bufio.NewWriterSize(w, 1<<18)
		out.WriteString(numpyMagic + "\x01\x00")
		out.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
		out.WriteString(header)
		var b []byte
		err := s.Each(func(_ int, r Row) error {
			b = t.appendFloats(b[:0], r.Vector)
			_, err := out.Write(b)
			return err
		})
		return errors.Join(err, out.Flush())
	})
}

// numpy is an open .npy file.
type numpy struct {
	f       *os.File
	kind    byte // f, i, u, b, U or S
	width   int  // bytes of a number, characters of a text
	order   binary.ByteOrder
	fortran bool
	shape   []uint64
	room    int64 // bytes of the values
}

func openNumpy(path string) (_ *numpy, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	n, err := parseNumpy(f, info.Size())
	if err != nil {
		return nil, err
	}
	n.f = f
	return n, nil
}

var (
	descr   = regexp.MustCompile(`'descr'\s*:\s*'([<>|=])([a-zA-Z])(\d+)'`)
	fortran = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	shape   = regexp.MustCompile(`'shape'\s*:\s*\(([^)]*)\)`)
)

// parseNumpy reads the header and leaves r at the values.
func parseNumpy(r io.Reader, size int64) (*numpy, error) {
	head := make([]byte, len(numpyMagic)+2)
	if _, err := io.ReadFull(r, head); err != nil || !bytes.HasPrefix(head, []byte(numpyMagic)) {
		return nil, errors.New("it is not an .npy file")
	}
	length := make([]byte, 2)
	if head[6] > 1 {
		length = make([]byte, 4)
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return nil, fmt.Errorf("its header is cut short: %w", err)
	}
	count := int64(length[0]) | int64(length[1])<<8
	if len(length) == 4 {
		count |= int64(length[2])<<16 | int64(length[3])<<24
	}
	if count > 1<<20 || count > size {
		return nil, fmt.Errorf("its header has %d bytes: damaged", count)
	}
	header := make([]byte, count)
	if _, err := io.ReadFull(r, header); err != nil {
		return nil, fmt.Errorf("its header is cut short: %w", err)
	}
	d, order, s := descr.FindSubmatch(header), fortran.FindSubmatch(header), shape.FindSubmatch(header)
	if d == nil || order == nil || s == nil {
		return nil, fmt.Errorf("its header is %q: expected an array of numbers or text (pickled objects are not read)", header[:min(len(header), 80)])
	}
	n := &numpy{kind: d[2][0], order: binary.LittleEndian, fortran: string(order[1]) == "True", room: size - int64(len(head)+len(length)) - count}
	if d[1][0] == '>' {
		n.order = binary.BigEndian
	}
	var err error
	if n.width, err = strconv.Atoi(string(d[3])); err != nil || n.width > 1<<20 {
		return nil, fmt.Errorf("its type %q is not read", d[0])
	}
	for text := range strings.SplitSeq(string(s[1]), ",") {
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		v, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("its shape is (%s)", s[1])
		}
		n.shape = append(n.shape, v)
	}
	return n, nil
}

func readNumpy(path string) (*Set, error) {
	n, err := openNumpy(path)
	if err != nil {
		return nil, err
	}
	defer n.f.Close()
	s, err := n.matrix(n.f)
	if err != nil {
		return nil, err
	}
	beside, err := os.Open(LabelsBeside(path))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer beside.Close()
	t, err := parseTable(beside, false)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", LabelsBeside(path), err)
	}
	s.Paths, s.Classes, s.Hashes = t.Paths, t.Classes, t.Hashes
	return s, nil
}

// matrix reads embeddings from r.
func (n *numpy) matrix(r io.Reader) (*Set, error) {
	if n.kind != 'f' || n.width != 2 && n.width != 4 && n.width != 8 {
		return nil, fmt.Errorf("its values are of type %c%d: expected float16, float32 or float64", n.kind, n.width)
	}
	if len(n.shape) != 2 {
		return nil, fmt.Errorf("its shape is %v: expected a matrix, a row for each embedding", n.shape)
	}
	rows, err := matrix(n.shape[0], n.shape[1], n.width, n.room)
	if err != nil {
		return nil, err
	}
	if err := decodeFloats(rows, r, n.width, n.order); err != nil {
		return nil, err
	}
	dim := int(n.shape[1])
	if n.fortran {
		turned, count := make([]float32, len(rows)), int(n.shape[0])
		for i, v := range rows {
			turned[i%count*dim+i/count] = v
		}
		rows = turned
	}
	return &Set{Dim: dim, Rows: rows}, nil
}

func readNumpyLabels(path string) ([]string, error) {
	n, err := openNumpy(path)
	if err != nil {
		return nil, err
	}
	defer n.f.Close()
	return n.labels(n.f)
}

// labels reads a vector [N] or [N,1] of integers or text.
func (n *numpy) labels(r io.Reader) ([]string, error) {
	if len(n.shape) == 2 && n.shape[1] == 1 {
		n.shape = n.shape[:1]
	}
	if len(n.shape) != 1 {
		return nil, fmt.Errorf("its shape is %v: expected a vector, a label for each embedding", n.shape)
	}
	bytesEach := n.width
	if n.kind == 'U' {
		bytesEach *= 4
	}
	if !strings.ContainsRune("iubUS", rune(n.kind)) || n.kind != 'U' && n.kind != 'S' && (n.width < 1 || n.width > 8) {
		return nil, fmt.Errorf("its values are of type %c%d: expected integers or text", n.kind, n.width)
	}
	if int64(n.shape[0])*int64(bytesEach) != n.room {
		return nil, fmt.Errorf("%d labels of %d bytes do not fit the %d bytes that hold them: cut short or damaged", n.shape[0], bytesEach, n.room)
	}
	labels := make([]string, n.shape[0])
	b := make([]byte, bytesEach)
	in := bufio.NewReader(r)
	for i := range labels {
		if _, err := io.ReadFull(in, b); err != nil {
			return nil, fmt.Errorf("cut short: %w", err)
		}
		labels[i] = n.label(b)
	}
	return labels, nil
}

func (n *numpy) label(b []byte) string {
	switch n.kind {
	case 'S':
		return string(bytes.TrimRight(b, "\x00"))
	case 'U':
		var text []byte
		for ; len(b) >= 4; b = b[4:] {
			if c := n.order.Uint32(b); c != 0 {
				text = utf8.AppendRune(text, rune(c))
			}
		}
		return string(text)
	}
	var v uint64
	for i := range b {
		at := len(b) - 1 - i
		if n.order == binary.BigEndian {
			at = i
		}
		v = v<<8 | uint64(b[at])
	}
	if n.kind == 'i' {
		shift := 64 - 8*len(b)
		return strconv.FormatInt(int64(v<<shift)>>shift, 10)
	}
	return strconv.FormatUint(v, 10)
}
