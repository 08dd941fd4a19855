package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"

	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/kernel"
)

//go:generate go run ./wrap

// Name is what the backend is registered as.
const Name = "cpu"

func init() { compute.Register(Name, New) }

// Backend runs GoMLX graphs on the processor's cores.
type Backend struct {
	portable  compute.Backend // builds every graph beside, and runs what has no kernel here
	pool      *kernel.Pool
	precision kernel.Precision // of convolutions' products
}

// New makes a backend. Its one option is the precision of convolutions' products: config is empty or "float32", or "bfloat16", which is refused where
// the processor has no instructions for it.
func New(config string) (compute.Backend, error) {
	if err := kernel.Asked(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	precision := kernel.Float32
	switch config {
	case "", kernel.Float32.String():
	case kernel.BFloat16.String():
		precision = kernel.BFloat16
	default:
		return nil, fmt.Errorf("cpu: unknown option %q: there are %s and %s, the precision of convolutions' products", config, kernel.Float32, kernel.BFloat16)
	}
	if err := kernel.CheckPrecision(precision); err != nil {
		return nil, fmt.Errorf("cpu: option %s: %w", config, err)
	}
	// Its parallel schedule hangs on graphs of a network's size.
	portable, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, fmt.Errorf("cpu: the portable backend beneath: %w", err)
	}
	return &Backend{portable: portable, pool: kernel.Default(), precision: precision}, nil
}

// Name returns "cpu".
func (b *Backend) Name() string { return Name }

// String returns "cpu".
func (b *Backend) String() string { return Name }

// Description says which instructions and how many cores are used, and the precision where it is not float32.
func (b *Backend) Description() string {
	products := ""
	if b.precision != kernel.Float32 {
		products = ", products of " + b.Precision()
	}
	return fmt.Sprintf("dvml's CPU backend, %s kernels%s, %s", kernel.Active(), products, plural.Of(b.pool.Workers(), "worker"))
}

// Precision is what the factors of convolutions' products are rounded to: "float32" or "bfloat16".
func (b *Backend) Precision() string { return b.precision.String() }

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
