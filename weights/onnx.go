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
	m, err := onnxfile.Parse(message)
	switch {
	case errors.Is(err, onnxfile.ErrNoGraph):
		return nil, errUnknown
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrTorn, err)
	}
	return FromONNX(m)
}

// FromONNX returns the initialisers of floating point of a model, from external data too where the model was read from a file.
func FromONNX(m *onnxfile.Model) (*File, error) {
	file := &File{Tensors: map[string]Tensor{}, Meta: map[string]string{}}
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
