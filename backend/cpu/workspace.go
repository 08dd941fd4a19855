package cpu

import (
	"unsafe"

	"github.com/gomlx/compute/dtypes"

	"github.com/dvml/dvml/kernel"
)

// workspace is the memory of one execution: an arena for what lives inside, and for each slot where its tensor is. An executable keeps the
// workspaces of finished executions, so that a steady state allocates results alone.
type workspace struct {
	pool    *kernel.Pool
	arena   []byte
	bytes   [][]byte    // by slot
	f32     [][]float32 // the same, for slots of float32
	bools   [][]bool    // the same, for slots of bool
	buffers []*Buffer   // by slot: the buffer of a parameter or a result
	steps   []func() error
	spare   [][]float32 // by worker
}

// alignment of tensors in the arena: a cache line, and the widest vector.
const alignment = 64

// set says where slot's tensor is.
func (w *workspace) set(slot int, t dtypes.DType, memory []byte) {
	w.bytes[slot] = memory
	at := unsafe.Pointer(unsafe.SliceData(memory))
	switch t {
	case dtypes.Float32:
		w.f32[slot] = unsafe.Slice((*float32)(at), len(memory)/4)
	case dtypes.Bool:
		w.bools[slot] = unsafe.Slice((*bool)(at), len(memory))
	}
}

// scratch returns memory for n values that is worker's own until its next call.
func (w *workspace) scratch(worker, n int) []float32 {
	if len(w.spare[worker]) < n {
		w.spare[worker] = make([]float32, n)
	}
	return w.spare[worker][:n]
}

// aligned returns n bytes that begin at a multiple of alignment.
func aligned(n int) []byte {
	if n == 0 {
		return nil
	}
	raw := make([]byte, n+alignment)
	inLargePages(raw)
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(raw))) & (alignment - 1))
	return raw[skip : skip+n : skip+n]
}
