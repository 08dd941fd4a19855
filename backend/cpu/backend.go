package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"

	"github.com/dvml/dvml/backend/cpu/kernel"
	"github.com/dvml/dvml/internal/plural"
)

//go:generate go run ./wrap

// Name is what the backend is registered as.
const Name = "cpu"

func init() { compute.Register(Name, New) }

// Backend runs GoMLX graphs on the processor's cores.
type Backend struct {
	portable compute.Backend // builds every graph beside, and runs what has no kernel here
	pool     *kernel.Pool
}

// New makes a backend. It has no options: config must be empty.
func New(config string) (compute.Backend, error) {
	if config != "" {
		return nil, fmt.Errorf("cpu: unknown option %q: the backend has none", config)
	}
	if err := kernel.Asked(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	// Its parallel schedule hangs on graphs of a network's size.
	portable, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("cpu: the portable backend beneath: %w", err)
	}
	return &Backend{portable: portable, pool: kernel.Default()}, nil
}

// Name returns "cpu".
func (b *Backend) Name() string { return Name }

// String returns "cpu".
func (b *Backend) String() string { return Name }

// Description says which instructions and how many cores are used.
func (b *Backend) Description() string {
	return fmt.Sprintf("dvml's CPU backend, %s kernels, %s", kernel.Active(), plural.Of(b.pool.Workers(), "worker"))
}

// NumDevices returns 1.
func (b *Backend) NumDevices() int { return 1 }

// DeviceDescription describes the only device.
func (b *Backend) DeviceDescription(compute.DeviceNum) string { return b.Description() }

// Capabilities are those of GoMLX's portable backend: what has no kernel here runs there.
func (b *Backend) Capabilities() compute.Capabilities { return b.portable.Capabilities() }

// Builder starts a computation.
func (b *Backend) Builder(name string) compute.Builder {
	return newBuilder(b, b.portable.Builder(name))
}

// BufferFromFlatData copies flat into a new buffer.
func (b *Backend) BufferFromFlatData(device compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	inner, err := b.portable.BufferFromFlatData(device, flat, shape)
	if err != nil {
		return nil, err
	}
	return b.wrap(inner)
}

// HasSharedBuffers returns true: a buffer's memory is the program's own.
func (b *Backend) HasSharedBuffers() bool { return true }

// NewSharedBuffer returns a buffer and the slice that it holds.
func (b *Backend) NewSharedBuffer(device compute.DeviceNum, shape shapes.Shape) (compute.Buffer, any, error) {
	inner, flat, err := b.portable.NewSharedBuffer(device, shape)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.wrap(inner)
	return out, flat, err
}

// Finalize releases the backend.
func (b *Backend) Finalize() { b.portable.Finalize() }

// IsFinalized reports whether Finalize was called.
func (b *Backend) IsFinalized() bool { return b.portable.IsFinalized() }
