// Package export writes trained models for other programs: as an ONNX file that holds all from the
// bytes of a photograph to its embedding, as safetensors with the names that PyTorch's networks
// have, and a model card beside them.
package export
