package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// file is what a Reader needs of an os.File.
type file interface {
	io.ReaderAt
	io.Closer
}

// Reader reads a file of images. It is safe for concurrent use.
type Reader struct {
	f       file
	path    string // "": not known
	parts   *parts // that the images lie in; nil: in f
	closers []func() error
	n, size int
	classes []string
	labels  []int32
	rows    [len(splits)][]int
	digest  string // of all images, where the file has one
	digests []byte // [N,32], of each image, where the file has them
	fit     string
	print   string

	at      int64   // where the pixels or the JPEG bytes start
	offsets []int64 // JPEG: image i is offsets[i] to offsets[i+1]; nil for pixels
	buffers sync.Pool
}

// Open opens a file that Create made, or one of the same layout made elsewhere. A file that is cut short, damaged or inconsistent is refused
// with what is wrong and what to do.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("store: open: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("store: open: %w", err)
	}
	r, err := newReader(f, path, info.Size())
	if err != nil {
		return nil, fmt.Errorf("store: open %s: %w", path, err)
	}
	return r, nil
}

func newReader(f file, path string, size int64) (*Reader, error) {
	r := &Reader{f: f, path: path}
	r.buffers.New = func() any { return new([]byte) }
	r.closers = append(r.closers, f.Close)
	if err := r.load(size); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// N is the number of images.
func (r *Reader) N() int { return r.n }

// Size is the side of the square images in pixels.
func (r *Reader) Size() int { return r.size }

// Fit is how photographs became squares (Spec.Fit); "" where the file does not say.
func (r *Reader) Fit() string { return r.fit }

// Classes returns the names of the classes, which labels index. Files made elsewhere name none: their names are the targets.
func (r *Reader) Classes() []string { return slices.Clone(r.classes) }

// Labels returns the class of each image, from 0.
func (r *Reader) Labels() []int32 { return slices.Clone(r.labels) }

// Indices returns the rows of a split in ascending order. Those of Gallery are among those of Test too.
func (r *Reader) Indices(s Split) []int {
	if int(s) >= len(r.rows) {
		return nil
	}
	return slices.Clone(r.rows[s])
}

// InGallery marks those of rows that are of the gallery. It is nil where none is: then they search one another.
func (r *Reader) InGallery(rows []int) []bool {
	var marks []bool
	for at, i := range rows {
		if _, is := slices.BinarySearch(r.rows[Gallery], i); is {
			if marks == nil {
				marks = make([]bool, len(rows))
			}
			marks[at] = true
		}
	}
	return marks
}

// JPEG reports whether the file holds JPEG bytes, which every read decodes.
func (r *Reader) JPEG() bool { return r.offsets != nil }

// Fingerprint identifies the data: a SHA-256, in hexadecimal, over number and size of the images, labels, names, split and pixels. Of the pixels
// it takes the digest that Create's files carry for all of them and sixteen images spread over the file; in files made elsewhere those sixteen
// stand for all. What is computed from the data can be keyed by it.
func (r *Reader) Fingerprint() string { return r.print }

// ReadImage reads image i into dst [3,S,S], RGB planes.
func (r *Reader) ReadImage(i int, dst []byte) error {
	if i < 0 || i >= r.n {
		return fmt.Errorf("store: image %d of %d", i, r.n)
	}
	if want := 3 * r.size * r.size; len(dst) != want {
		return fmt.Errorf("store: image %d: a buffer of %d bytes: 3 planes of %d x %d take %d", i, len(dst), r.size, r.size, want)
	}
	if r.offsets == nil {
		if _, err := r.images().ReadAt(dst, r.at+int64(i)*int64(len(dst))); err != nil {
			return fmt.Errorf("store: image %d: %w", i, err)
		}
		return nil
	}
	buffer := r.buffers.Get().(*[]byte)
	defer r.buffers.Put(buffer)
	n := int(r.offsets[i+1] - r.offsets[i])
	*buffer = slices.Grow((*buffer)[:0], n)[:n]
	if _, err := r.images().ReadAt(*buffer, r.at+r.offsets[i]); err != nil {
		return fmt.Errorf("store: image %d: %w", i, err)
	}
	if err := decodeJPEG(dst, *buffer, r.size); err != nil {
		return fmt.Errorf("store: image %d: %w", i, err)
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c())
	}
	r.closers = nil
	return errors.Join(errs...)
}
