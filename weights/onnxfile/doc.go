// Package onnxfile reads and writes ONNX protocol buffers: a model's graph, its attributes and its
// tensors, as plain structures. It knows nothing of what the operations compute.
//
// The messages are those of https://github.com/onnx/onnx/blob/main/onnx/onnx.proto, read field by
// field with protowire: the generated code of the same file would bring a hundred types for the
// twenty that are used, and no limits. The bytes are a stranger's: the number of parts, their
// nesting and every declared size are checked before anything is allocated, and external data is
// looked for in the model's own folder alone.
package onnxfile
