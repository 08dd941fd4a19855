package cpu

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
)

// Buffer is a tensor. It stands on a buffer of the portable backend, so that both can read it without a copy.
type Buffer struct {
	backend *Backend
	inner   compute.Buffer
	shape   shapes.Shape
	home    *sync.Pool // where an execution's result keeps its memory for the next one, or nil
	donated bool       // an execution has taken the memory
}

var errFinalized = errors.New("it was finalised")

func (b *Backend) wrap(inner compute.Buffer) (*Buffer, error) {
	shape, err := inner.Shape()
	if err != nil {
		return nil, err
	}
	return &Buffer{backend: b, inner: inner, shape: shape}, nil
}

// Backend returns the backend that the buffer belongs to.
func (b *Buffer) Backend() compute.Backend { return b.backend }

// Finalize gives the buffer's memory back. It must not be used afterwards. After the buffer was donated there is nothing left to do.
func (b *Buffer) Finalize() error {
	if b.donated {
		return nil
	}
	return b.free()
}

// free gives the memory back: a result's to its executable's next execution, which would else spend as long on clearing new memory as on computing.
func (b *Buffer) free() error {
	if b.inner == nil {
		return fmt.Errorf("cpu: buffer of shape %s: %w", b.shape, errFinalized)
	}
	inner := b.inner
	b.inner = nil
	if b.home == nil {
		return inner.Finalize()
	}
	b.home.Put(inner)
	return nil
}

// Shape returns the buffer's shape.
func (b *Buffer) Shape() (shapes.Shape, error) { return b.shape, nil }

// DeviceNum returns 0.
func (b *Buffer) DeviceNum() (compute.DeviceNum, error) { return 0, nil }

// ToFlatData copies the values into the slice flat.
func (b *Buffer) ToFlatData(flat any) error {
	if err := b.held(); err != nil {
		return err
	}
	return b.inner.ToFlatData(flat)
}

// Data returns the slice of the buffer's values.
func (b *Buffer) Data() (any, error) {
	if err := b.held(); err != nil {
		return nil, err
	}
	return b.inner.Data()
}

// CopyToDevice copies the buffer; there is one device.
func (b *Buffer) CopyToDevice(device compute.DeviceNum) (compute.Buffer, error) {
	if err := b.held(); err != nil {
		return nil, err
	}
	inner, err := b.inner.CopyToDevice(device)
	if err != nil {
		return nil, err
	}
	return b.backend.wrap(inner)
}

// held tells whether the buffer still has its memory.
func (b *Buffer) held() error {
	if b.inner == nil {
		return fmt.Errorf("cpu: buffer of shape %s: %w", b.shape, errFinalized)
	}
	if b.donated {
		return fmt.Errorf("cpu: buffer of shape %s: it was donated to an execution and holds nothing any more", b.shape)
	}
	return nil
}

// bytes returns the buffer's memory.
func (b *Buffer) bytes() ([]byte, error) {
	flat, err := b.Data()
	if err != nil {
		return nil, fmt.Errorf("cpu: buffer of shape %s: %w", b.shape, err)
	}
	return dtypes.UnsafeByteSliceFromAny(flat), nil
}
