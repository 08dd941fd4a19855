package vectors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/dvml/dvml/internal/lockfile"
)

// Journal is a file of rows that grows as they are computed. After kill -9 it is opened again with all batches that [Journal.Append] has returned for.
type Journal struct {
	f    *os.File
	path string
	lock *lockfile.Lock
	dim  int
	at   []int64 // where each row begins
	end  int64
}

// Header says what made the rows of a journal; it is opened again by the same alone.
type Header struct {
	Dim     int
	Model   string // fingerprint of the model
	Options string // whatever else the vectors depend on
}

const (
	journalMagic = "dvml vectors 1\n"
	lockEnding   = ".lock"
	maxRow       = 1 << 27 // bytes
)

// ErrOther is wrapped by the error of [OpenJournal] for a journal that something else began.
var ErrOther = errors.New("it was begun by another model or with other options")

// OpenJournal opens the journal at path, or begins it. Only one process has it open at a time.
func OpenJournal(path string, h Header) (_ *Journal, err error) {
	lock, err := lockfile.Take(path + lockEnding)
	if errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("%s: another process is writing it", path)
	}
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	j := &Journal{f: f, path: path, lock: lock, dim: h.Dim}
	defer func() {
		if err != nil {
			err = errors.Join(err, j.Close())
		}
	}()
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	head := journalMagic + string(text) + "\n"
	if info.Size() == 0 {
		if _, err := f.WriteAt([]byte(head), 0); err != nil {
			return nil, err
		}
		j.end = int64(len(head))
		return j, f.Sync()
	}
	was := make([]byte, len(head))
	if _, err := f.ReadAt(was, 0); err != nil || string(was) != head {
		return nil, fmt.Errorf("%s: %w; remove it to begin again", path, ErrOther)
	}
	return j, j.recover(int64(len(head)), info.Size())
}

// recover finds the rows and cuts off what a kill has left of an unfinished one.
func (j *Journal) recover(at, size int64) error {
	in := bufio.NewReaderSize(io.NewSectionReader(j.f, at, size-at), 1<<18)
	for {
		body, err := readBody(in)
		if err != nil {
			break
		}
		if r, ok := parseRow(body, j.dim); !ok || r.Path == "" {
			break
		}
		j.at = append(j.at, at)
		at += 8 + int64(len(body))
	}
	j.end = at
	return j.f.Truncate(at)
}

// readBody reads length, checksum and body of a row.
func readBody(in io.Reader) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n > maxRow {
		return nil, errors.New("a damaged length")
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	if crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(head[4:]) {
		return nil, errors.New("a wrong checksum")
	}
	return body, nil
}

// A body is three texts, each after its length, and the numbers.
func appendBody(b []byte, r Row) []byte {
	for _, text := range []string{r.Path, r.Class, r.Hash} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return Float32.appendFloats(b, r.Vector)
}

func parseRow(b []byte, dim int) (Row, bool) {
	var texts [3]string
	for i := range texts {
		n, width := binary.Uvarint(b)
		if width <= 0 || n > uint64(len(b)-width) {
			return Row{}, false
		}
		texts[i] = string(b[width : width+int(n)])
		b = b[width+int(n):]
	}
	if len(b) != 4*dim {
		return Row{}, false
	}
	r := Row{Path: texts[0], Class: texts[1], Hash: texts[2], Vector: make([]float32, dim)}
	for i := range r.Vector {
		r.Vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return r, true
}

// Append writes rows behind the others; when it returns they are on disk.
func (j *Journal) Append(rows []Row) error {
	var b []byte
	var at []int64
	for _, r := range rows {
		if len(r.Vector) != j.dim || r.Path == "" {
			return fmt.Errorf("%s: a row of %d numbers for path %q: expected %d and a path", j.path, len(r.Vector), r.Path, j.dim)
		}
		body := appendBody(nil, r)
		at = append(at, j.end+int64(len(b)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
		b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(body))
		b = append(b, body...)
	}
	if _, err := j.f.WriteAt(b, j.end); err != nil {
		return err
	}
	if err := j.f.Sync(); err != nil {
		return err
	}
	j.at, j.end = append(j.at, at...), j.end+int64(len(b))
	return nil
}

// Len is the number of rows.
func (j *Journal) Len() int { return len(j.at) }

// Dim is the length of a vector.
func (j *Journal) Dim() int { return j.dim }

// Each reads the rows in order.
func (j *Journal) Each(use func(i int, r Row) error) error {
	if len(j.at) == 0 {
		return nil
	}
	in := bufio.NewReaderSize(io.NewSectionReader(j.f, j.at[0], j.end-j.at[0]), 1<<18)
	for i := range j.at {
		body, err := readBody(in)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", j.path, i, err)
		}
		r, ok := parseRow(body, j.dim)
		if !ok {
			return fmt.Errorf("%s: row %d is damaged", j.path, i)
		}
		if err := use(i, r); err != nil {
			return err
		}
	}
	return nil
}

// Close leaves the journal for another time.
func (j *Journal) Close() error {
	var err error
	if j.f != nil {
		err = j.f.Close()
	}
	return errors.Join(err, j.lock.Release())
}

// Remove closes the journal and deletes it.
func (j *Journal) Remove() error {
	return errors.Join(j.f.Close(), os.Remove(j.path), os.Remove(j.path+lockEnding), j.lock.Release())
}

// Journals are closed journals, read after one another: the parts of a job.
type Journals struct {
	Paths  []string
	Header Header // of each of them
	Rows   int    // in all
}

// Len is the number of rows.
func (j *Journals) Len() int { return j.Rows }

// Dim is the length of a vector.
func (j *Journals) Dim() int { return j.Header.Dim }

// Each reads the rows in order.
func (j *Journals) Each(use func(i int, r Row) error) error {
	i := 0
	for _, path := range j.Paths {
		err := eachOf(path, j.Header, func(r Row) error {
			i++
			return use(i-1, r)
		})
		if err != nil {
			return err
		}
	}
	if i != j.Rows {
		return fmt.Errorf("the journals hold %d rows, expected %d", i, j.Rows)
	}
	return nil
}

// eachOf reads the rows of the journal at path, which must be whole, and leaves it as it is.
func eachOf(path string, h Header, use func(Row) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	head := journalMagic + string(text) + "\n"
	in := bufio.NewReaderSize(f, 1<<18)
	was := make([]byte, len(head))
	if _, err := io.ReadFull(in, was); err != nil || string(was) != head {
		return fmt.Errorf("%s: %w", path, ErrOther)
	}
	for row := 0; ; row++ {
		if _, err := in.Peek(1); err == io.EOF {
			return nil
		}
		body, err := readBody(in)
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", path, row, err)
		}
		r, ok := parseRow(body, h.Dim)
		if !ok {
			return fmt.Errorf("%s: row %d is damaged", path, row)
		}
		if err := use(r); err != nil {
			return err
		}
	}
}
