package cpu

import (
	"fmt"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// builder records a computation while the portable backend builds the same one beside it, whose checks of shapes and types come free.
type builder struct {
	backend *Backend
	inner   compute.Builder
	main    *function
	// portable is set where the recorded operations do not say all: functions, control flow, dynamic shapes, several devices. The portable
	// backend then runs the whole computation.
	portable bool
}

func newBuilder(b *Backend, inner compute.Builder) *builder {
	bu := &builder{backend: b, inner: inner}
	bu.main = newFunction(bu, inner.Main(), nil)
	return bu
}

// Name of the computation.
func (b *builder) Name() string { return b.inner.Name() }

// Main is the function that is compiled.
func (b *builder) Main() compute.Function { return b.main }

// NewFunction adds a function that others can call.
func (b *builder) NewFunction(name string) (compute.Function, error) {
	inner, err := b.inner.NewFunction(name)
	if err != nil {
		return nil, err
	}
	b.portable = true
	return newFunction(b, inner, nil), nil
}

// OpShape returns the shape of a value.
func (b *builder) OpShape(v compute.Value) (shapes.Shape, error) {
	value, ok := v.(*value)
	if !ok {
		return shapes.Shape{}, fmt.Errorf("cpu: OpShape of a %T, which is no value of this backend", v)
	}
	return value.shape, nil
}

// DistributedSPMD fails for more than one device.
func (b *builder) DistributedSPMD(devices int) error {
	b.portable = true
	return b.inner.DistributedSPMD(devices)
}

// DistributedAutoSharding fails: there is one device.
func (b *builder) DistributedAutoSharding(meshes ...compute.Mesh) error {
	b.portable = true
	return b.inner.DistributedAutoSharding(meshes...)
}

// DeviceAssignment accepts device 0.
func (b *builder) DeviceAssignment(devices ...compute.DeviceNum) error {
	return b.inner.DeviceAssignment(devices...)
}

// Compile plans the computation.
func (b *builder) Compile() (compute.Executable, error) {
	if !b.main.returned {
		return nil, fmt.Errorf("cpu: %s: Compile before the main function's Return", b.Name())
	}
	if b.portable || !b.main.static() {
		return compilePortable(b)
	}
	return compile(b)
}

// compilePortable lets the portable backend run the whole computation.
func compilePortable(b *builder) (compute.Executable, error) {
	inner, err := b.inner.Compile()
	if err != nil {
		return nil, err
	}
	return &portableExecutable{b.backend, inner}, nil
}

// portableExecutable runs a whole computation on the portable backend.
type portableExecutable struct {
	backend *Backend
	inner   compute.Executable
}

// Finalize frees the computation.
func (e *portableExecutable) Finalize() { e.inner.Finalize() }

// Inputs returns the parameters.
func (e *portableExecutable) Inputs() ([]string, []shapes.Shape) { return e.inner.Inputs() }

// Outputs returns the results' shapes.
func (e *portableExecutable) Outputs() []shapes.Shape { return e.inner.Outputs() }

// Execute runs the computation.
func (e *portableExecutable) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	inner := make([]compute.Buffer, len(inputs))
	for i, in := range inputs {
		buffer, ok := in.(*Buffer)
		if !ok {
			return nil, fmt.Errorf("cpu: input %d is a %T, which is no buffer of this backend", i, in)
		}
		if err := buffer.held(); err != nil {
			return nil, err
		}
		inner[i] = buffer.inner
	}
	out, err := guarded(e.inner, inner, donate)
	if err != nil {
		return nil, err
	}
	for i, in := range inputs {
		if i < len(donate) && donate[i] {
			in.(*Buffer).donated = true
		}
	}
	for i, o := range out {
		if out[i], err = e.backend.wrap(o); err != nil {
			return nil, err
		}
	}
	return out, nil
}
