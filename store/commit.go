package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/dvml/dvml/internal/hdf5"
)

// formatVersion is the value of the root attribute "dvml", by which Open knows this package's own files.
const formatVersion = 1

// Commit finishes the file: images that were never put are left out and the rest close up in order, the structure is written, the file is
// synced and takes its target's place. The file's bytes depend on what was put, not on the order in which it was. If Commit fails the target
// is untouched and nothing is left beside it.
func (w *Writer) Commit() (err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return errors.New("store: commit: the file is already committed or given up")
	}
	w.closed = true
	defer func() {
		if err != nil {
			err = errors.Join(err, w.discard())
		}
	}()
	switch {
	case w.err != nil:
		return w.err
	case w.put == 0:
		return errors.New("store: commit: no image was put")
	}
	kept := make([]int, 0, w.put) // kept[j] becomes row j
	for i := range w.rows {
		switch w.rows[i].state {
		case claimed:
			return fmt.Errorf("store: commit: image %d is still being written", i)
		case stored:
			kept = append(kept, i)
		}
	}
	if err := w.structure(kept); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	if err := w.part.Sync(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	if err := w.part.Close(); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	if err := os.Rename(w.part.Name(), w.path); err != nil {
		return fmt.Errorf("store: commit: %w", err)
	}
	syncFolder(filepath.Dir(w.path))
	if w.spill != nil {
		w.spill.Close()
		if err := os.Remove(w.spill.Name()); err != nil {
			return fmt.Errorf("store: commit: %w", err)
		}
	}
	return w.lock.Remove()
}

// syncFolder makes a rename last through a power cut where the system can; elsewhere the rename is as safe as the system makes it.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}

// structure closes up the images and writes everything else.
func (w *Writer) structure(kept []int) error {
	n, side := uint64(len(kept)), uint64(w.spec.Size)
	var b *hdf5.Builder
	sources := []string{"images", "targets"} // arrays with a row an image
	if w.spill == nil {
		if err := w.closeUp(kept); err != nil {
			return err
		}
		image := int64(3 * w.spec.Size * w.spec.Size)
		if err := w.part.Truncate(pixelsAt + int64(n)*image); err != nil { // nothing of those that moved shows in the gaps of what follows
			return err
		}
		b = hdf5.NewBuilder(w.part, pixelsAt+int64(n)*image)
		b.Dataset("images", hdf5.Uint8, []uint64{n, 3, side, side}, pixelsAt)
	} else {
		offsets, err := w.unspill(kept)
		if err != nil {
			return err
		}
		total := offsets[len(kept)]
		b = hdf5.NewBuilder(w.part, pixelsAt+total)
		sources = sources[1:]
		b.Dataset("jpeg", hdf5.Uint8, []uint64{uint64(total)}, pixelsAt)
		b.Dataset("offsets", hdf5.Int64, []uint64{n + 1}, b.Block(int64s(offsets)))
	}
	rows := make([]row, len(kept))
	for j, i := range kept {
		rows[j] = w.rows[i]
	}
	say(b, w.spec, rows, sources, formatVersion)
	size, err := b.Close()
	if err != nil {
		return err
	}
	return w.part.Truncate(size)
}

// say writes what the file says of its images: labels, split, names, digests. sources are the arrays with a row an image.
func say(b *hdf5.Builder, spec Spec, images []row, sources []string, version int64) {
	n := uint64(len(images))
	var targets []byte
	rows := [len(splits)][]int{}
	var digests []byte
	for j, r := range images {
		targets = binary.LittleEndian.AppendUint32(targets, uint32(r.label+1))
		rows[r.split] = append(rows[r.split], j)
		if r.split == Gallery {
			rows[Test] = append(rows[Test], j)
		}
		digests = append(digests, r.digest[:]...)
	}
	b.Dataset("targets", hdf5.Int32, []uint64{n, 1}, b.Block(targets))
	names, width := texts(spec.Classes)
	b.Dataset("classes", hdf5.Text(width), []uint64{uint64(len(spec.Classes))}, b.Block(names))
	b.Attribute(splitAttribute(b, rows, sources))
	b.Attribute(hdf5.Number("dvml", version))
	b.Attribute(hdf5.Number("size", int64(spec.Size)))
	if spec.Fit != "" {
		b.Attribute(hdf5.Word("fit", spec.Fit))
	}
	b.Dataset("digests", hdf5.Uint8, []uint64{n, sha256.Size}, b.Block(digests))
	b.Attribute(hdf5.Word("digest", digestOf(digests)))
	b.Attribute(hdf5.Word("labels_digest", labelsDigest(labelsOf(targets), spec.Classes, rows)))
}

// closeUp moves images down over those that were never put.
func (w *Writer) closeUp(kept []int) error {
	if kept[len(kept)-1] == len(kept)-1 {
		return nil
	}
	image := make([]byte, 3*w.spec.Size*w.spec.Size)
	for j, i := range kept {
		if i == j {
			continue
		}
		if _, err := w.part.ReadAt(image, pixelsAt+int64(i)*int64(len(image))); err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
		if _, err := w.part.WriteAt(image, pixelsAt+int64(j)*int64(len(image))); err != nil {
			return fmt.Errorf("image %d: %w", i, err)
		}
	}
	return nil
}

// unspill copies the JPEG bytes in the order of the images, and returns where each starts and, last, their sum.
func (w *Writer) unspill(kept []int) ([]int64, error) {
	out := bufio.NewWriterSize(io.NewOffsetWriter(w.part, pixelsAt), 1<<20)
	offsets := make([]int64, len(kept)+1)
	for j, i := range kept {
		r := &w.rows[i]
		if _, err := io.Copy(out, io.NewSectionReader(w.spill, r.at, int64(r.length))); err != nil {
			return nil, fmt.Errorf("image %d: %w", i, err)
		}
		offsets[j+1] = offsets[j] + int64(r.length)
	}
	return offsets, out.Flush()
}

func int64s(vs []int64) []byte {
	b := make([]byte, 0, 8*len(vs))
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	return b
}

// texts lays names out as strings of equal length.
func texts(names []string) (data []byte, width int) {
	width = 1
	for _, n := range names {
		width = max(width, len(n))
	}
	data = make([]byte, width*len(names))
	for i, n := range names {
		copy(data[i*width:], n)
	}
	return data, width
}
