// Package weights reads and writes files of named float32 tensors.
//
// [Read] recognises a file by its first bytes, whatever its name:
//
//   - safetensors (F32, F16, BF16 and F64), the format that dvml itself writes;
//   - PyTorch checkpoints (torch.save of a state dict), both the zip form and the older stream of pickles, in which torchvision's
//     googlenet-1378be20.pth is published;
//   - ONNX, of which only the initialisers are read.
//
// Tensors of integers (step counters, shapes) are no weights and are left out.
//
// [WriteSafetensors] is atomic: a reader finds the old file or the whole new one, whenever the
// power fails. The file carries a checksum of its tensors, which [Read] verifies, so that a torn or
// corrupted file gives an error that wraps [ErrTorn] and never wrong weights.
//
// All parsers take the bytes of strangers: a size declared in a file is checked against the file's
// own size before anything is allocated, and pickles are read by a machine that knows the dozen
// types of a state dict and calls nothing.
package weights
