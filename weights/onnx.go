package weights

import (
	"errors"
	"fmt"
	"io"

	"github.com/dvml/dvml/weights/onnxfile"
)

// readONNX reads the initialisers of an ONNX model of size bytes.
func readONNX(r io.ReaderAt, size int64) (*File, error) {
	if size > 1<<31 {
		return nil, errors.New("an ONNX file of more than 2 GiB, which the format does not allow")
	}
	message := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), message); err != nil {
		return nil, err
	}
	return initialisers(onnxfile.Parse(message))
}

// onnxStart is the first byte of an ONNX model: the tag of its version.
const onnxStart = 1 << 3

// readONNXFile is readONNX of the file at path, beside which external data may lie.
func readONNXFile(path string) (*File, error) { return initialisers(onnxfile.Read(path)) }

// initialisers returns the initialisers of floating point of a model.
func initialisers(m *onnxfile.Model, err error) (*File, error) {
	switch {
	case errors.Is(err, onnxfile.ErrNoGraph):
		return nil, errUnknown
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	file := &File{Tensors: map[string]Tensor{}, Meta: m.Meta}
	for _, t := range m.Graph.Initializers {
		if !t.Type.IsFloat() {
			continue
		}
		values, err := t.Float32s()
		if err != nil {
			return nil, fmt.Errorf("ONNX: %w", err)
		}
		file.Tensors[t.Name] = Tensor{Shape: t.Dims, Data: values}
	}
	if len(file.Tensors) == 0 {
		return nil, errors.New("ONNX: the model has no initialisers of floating point, so no weights")
	}
	return file, nil
}
