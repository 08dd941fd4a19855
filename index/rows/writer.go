package rows

import (
	"fmt"
	"hash/crc32"
	"slices"
)

// BlockBytes is the data that shares a checksum.
const BlockBytes = 64 << 10

// State is what has to be kept beside a file to read it: how much of it counts, and the checksum of each block.
type State struct {
	Size int64    // bytes of data
	Sums []uint32 // CRC-32C of each block, the last one's of what is there
}

// bufferBytes is what a Writer gathers before it writes.
const bufferBytes = 1 << 20

// Writer appends to a file.
type Writer struct {
	path    string
	file    File
	state   State  // with what is in the buffer
	written int64  // bytes of data in the file
	buffer  []byte // behind them
}

// Create makes an empty file.
func Create(files Files, path string, h Header) (*Writer, error) {
	f, err := files.Open(path, true)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		f.Close() //nolint:errcheck // the write's error says more
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &Writer{path: path, file: f}, nil
}

// Reopen goes on with a file behind the data that s counts.
func Reopen(files Files, path string, s State) (*Writer, error) {
	f, err := files.Open(path, false)
	if err != nil {
		return nil, err
	}
	return &Writer{path: path, file: f, state: State{s.Size, slices.Clone(s.Sums)}, written: s.Size}, nil
}

// Append puts p behind what is there. After an error nothing more may be appended.
func (w *Writer) Append(p []byte) error {
	w.buffer = append(w.buffer, p...)
	for len(p) > 0 {
		used := int(w.state.Size % BlockBytes)
		if used == 0 {
			w.state.Sums = append(w.state.Sums, 0)
		}
		n := min(len(p), BlockBytes-used)
		last := &w.state.Sums[len(w.state.Sums)-1]
		*last = crc32.Update(*last, castagnoli, p[:n])
		w.state.Size += int64(n)
		p = p[n:]
	}
	if len(w.buffer) < bufferBytes {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	if len(w.buffer) == 0 {
		return nil
	}
	if _, err := w.file.WriteAt(w.buffer, HeaderBytes+w.written); err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	w.written, w.buffer = w.state.Size, w.buffer[:0]
	return nil
}

// Size is the number of bytes of data.
func (w *Writer) Size() int64 { return w.state.Size }

// Sync brings what was appended to the disk, and returns what has to be kept to read it.
func (w *Writer) Sync() (State, error) {
	if err := w.flush(); err != nil {
		return State{}, err
	}
	if err := w.file.Sync(); err != nil {
		return State{}, fmt.Errorf("sync %s: %w", w.path, err)
	}
	return State{w.state.Size, slices.Clone(w.state.Sums)}, nil
}

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }
