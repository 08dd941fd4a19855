package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/dvml/dvml/internal/lockfile"
)

// pixelsAt is the offset of the images in the files that this package writes: a page, after the superblock.
const pixelsAt = 4096

// maxSize bounds the side of an image: 3 * 32768^2 bytes fit an int32 product nowhere near overflow of int64 offsets.
const maxSize = 32768

// Spec says what a file will hold.
type Spec struct {
	N       int      // rows that may be put; those that never are, are left out
	Size    int      // side of the square images in pixels
	Classes []string // names; a label indexes them
	JPEG    bool     // keep JPEG bytes instead of pixels
	Fit     string   // how photographs became squares, as package imageset names it; kept for whoever prepares others likewise
}

func (s Spec) check() error {
	switch {
	case s.N < 1:
		return fmt.Errorf("store: a file of %d images: at least 1", s.N)
	case s.Size < 1 || s.Size > maxSize:
		return fmt.Errorf("store: images of %d pixels a side: 1 to %d", s.Size, maxSize)
	case len(s.Classes) == 0:
		return errors.New("store: no class names")
	}
	for _, name := range s.Classes {
		if strings.Contains(name, "\x00") { // the file's texts end at a zero
			return fmt.Errorf("store: the class name %q holds a zero", name)
		}
	}
	return nil
}

// Writer writes a file beside its target and moves it there when it is whole. Put may be called from several goroutines, in any order.
type Writer struct {
	spec  Spec
	path  string
	lock  *lockfile.Lock // path + ".lock", while the file is written
	part  *os.File       // path + ".part"
	spill *os.File       // path + ".jpeg.part": JPEG bytes as they come; nil without Spec.JPEG

	mu     sync.Mutex
	rows   []row
	put    int
	spills int64 // bytes in spill
	err    error // of the first write that failed
	closed bool
}

// row is what is known of an image.
type row struct {
	state  rowState
	split  Split
	label  int32
	length int32 // JPEG bytes
	at     int64 // where they lie in spill
	digest [sha256.Size]byte
}

type rowState uint8

const (
	absent rowState = iota
	claimed
	stored
)

// ErrBusy is wrapped by Create's error where another process is writing the file.
var ErrBusy = errors.New("another process is writing it: let it finish, or name another file")

// Create starts a file of images. The target is not touched before Commit; until then everything is in path + ".part". A file is written by one process at a
// time; what a killed one left behind is written over.
func Create(path string, spec Spec) (*Writer, error) {
	if err := spec.check(); err != nil {
		return nil, err
	}
	w := &Writer{spec: spec, path: path, rows: make([]row, spec.N)}
	var err error
	if w.lock, err = lockfile.Take(path + ".lock"); errors.Is(err, lockfile.ErrHeld) {
		return nil, fmt.Errorf("%s: %w", path, ErrBusy)
	} else if err != nil {
		return nil, fmt.Errorf("store: create: %w", err)
	}
	if w.part, err = os.Create(path + ".part"); err != nil {
		return nil, fmt.Errorf("store: create: %w", errors.Join(err, w.lock.Remove()))
	}
	if spec.JPEG {
		if w.spill, err = os.Create(path + ".jpeg.part"); err != nil {
			w.discard()
			return nil, fmt.Errorf("store: create: %w", err)
		}
	}
	return w, nil
}

// Put stores image i: pixels are RGB planes [3,S,S], which are compressed with quality 95 if the file keeps JPEG; label indexes Spec.Classes.
// The pixels may be reused when Put returns. An image can be put once.
func (w *Writer) Put(i int, pixels []byte, label int32, split Split) error {
	if want := 3 * w.spec.Size * w.spec.Size; len(pixels) != want {
		return fmt.Errorf("store: image %d has %d bytes: 3 planes of %d x %d take %d", i, len(pixels), w.spec.Size, w.spec.Size, want)
	}
	if w.spill != nil {
		data, err := encodeJPEG(pixels, w.spec.Size)
		if err != nil {
			return fmt.Errorf("store: image %d: %w", i, err)
		}
		return w.putJPEG(i, data, label, split)
	}
	if err := w.claim(i, label, split); err != nil {
		return err
	}
	_, err := w.part.WriteAt(pixels, pixelsAt+int64(i)*int64(len(pixels)))
	return w.finish(i, sha256.Sum256(pixels), err)
}

// PutJPEG stores image i as the JPEG bytes given, of S x S pixels. The file must have been created with Spec.JPEG.
func (w *Writer) PutJPEG(i int, data []byte, label int32, split Split) error {
	if w.spill == nil {
		return fmt.Errorf("store: image %d: JPEG bytes for a file of pixels: create it with Spec.JPEG, or decode them for Put", i)
	}
	if err := checkJPEG(data, w.spec.Size); err != nil {
		return fmt.Errorf("store: image %d: %w", i, err)
	}
	return w.putJPEG(i, data, label, split)
}

func (w *Writer) putJPEG(i int, data []byte, label int32, split Split) error {
	if err := w.claim(i, label, split); err != nil {
		return err
	}
	w.mu.Lock()
	r := &w.rows[i]
	r.at, r.length = w.spills, int32(len(data))
	w.spills += int64(len(data))
	w.mu.Unlock()
	_, err := w.spill.WriteAt(data, r.at)
	return w.finish(i, sha256.Sum256(data), err)
}

// SetSplit changes the split of an image that was put: which classes are held out may be known only when all were read.
func (w *Writer) SetSplit(i int, split Split) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fmt.Errorf("store: image %d: the file is committed or given up", i)
	case i < 0 || i >= len(w.rows) || w.rows[i].state != stored:
		return fmt.Errorf("store: image %d is not put", i)
	case int(split) >= len(splits):
		return fmt.Errorf("store: image %d: unknown split %d", i, split)
	}
	w.rows[i].split = split
	return nil
}

// claim checks the arguments and takes row i.
func (w *Writer) claim(i int, label int32, split Split) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return fmt.Errorf("store: image %d: the file is committed or given up", i)
	case w.err != nil:
		return w.err
	case i < 0 || i >= len(w.rows):
		return fmt.Errorf("store: image %d in a file made for %d", i, len(w.rows))
	case label < 0 || int(label) >= len(w.spec.Classes):
		return fmt.Errorf("store: image %d: label %d, there are %d classes", i, label, len(w.spec.Classes))
	case int(split) >= len(splits):
		return fmt.Errorf("store: image %d: unknown split %d", i, split)
	case w.rows[i].state != absent:
		return fmt.Errorf("store: image %d is put twice", i)
	}
	w.rows[i] = row{state: claimed, split: split, label: label}
	return nil
}

// finish records how the writing of row i went.
func (w *Writer) finish(i int, digest [sha256.Size]byte, err error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		err = fmt.Errorf("store: image %d: write: %w", i, err)
		if w.err == nil {
			w.err = err
		}
		return err
	}
	w.rows[i].digest, w.rows[i].state = digest, stored
	w.put++
	return nil
}

// Len is the number of images put so far.
func (w *Writer) Len() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.put
}

// Abort gives the file up and removes what was written. After Commit or Abort it does nothing, so that it can be deferred.
func (w *Writer) Abort() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	return w.discard()
}

// discard closes and removes the files beside the target, where they still are.
func (w *Writer) discard() error {
	var errs []error
	for _, f := range []*os.File{w.part, w.spill} {
		if f == nil {
			continue
		}
		f.Close()
		if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("store: remove: %w", err))
		}
	}
	return errors.Join(append(errs, w.lock.Remove())...)
}
