package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Read reads all floating point tensors of a safetensors, PyTorch or ONNX file as float32. The
// format is recognised by the file's first bytes. An error wraps [ErrTorn] where a file of a known
// format ends early or fails its checksum.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("weights: %s is a folder; name the file of weights in it", path)
	}
	var file *File
	var head [9]byte
	if _, err = f.ReadAt(head[:], 0); err == nil && head[0] == onnxStart && !startsSafetensors(head) {
		file, err = readONNXFile(path)
	} else {
		file, err = Decode(f, info.Size())
	}
	if errors.Is(err, errUnknown) && filepath.Ext(path) == ".safetensors" {
		err = fmt.Errorf("%w: its header is not that of a safetensors file", ErrTorn)
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", path, err)
	}
	return file, nil
}

// startsSafetensors reports the beginning of a safetensors file: the length of its header, which is
// JSON. Any first byte can be part of a length, ONNX's too.
func startsSafetensors(head [9]byte) bool {
	return head[8] == '{' && binary.LittleEndian.Uint64(head[:]) <= maxHeader
}

var errUnknown = errors.New("neither safetensors, nor a PyTorch checkpoint, nor ONNX")

// Decode is [Read] from a file of size bytes that is open already.
func Decode(r io.ReaderAt, size int64) (*File, error) {
	var head [9]byte
	n, err := r.ReadAt(head[:], 0)
	if n == 0 {
		if err != nil && err != io.EOF {
			return nil, err
		}
		return nil, fmt.Errorf("%w: it is empty", ErrTorn)
	}
	switch {
	case n == len(head) && startsSafetensors(head):
		return readSafetensors(r, size)
	case bytes.HasPrefix(head[:], []byte("PK\x03\x04")):
		return readTorchZip(r, size)
	case bytes.HasPrefix(head[:], []byte{opProto, 2}):
		return readTorchLegacy(r, size)
	case head[0] == onnxStart:
		return readONNX(r, size)
	}
	return nil, errUnknown
}
