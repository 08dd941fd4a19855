package cpu

import (
	"fmt"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// portableMark ends the names of steps that run on the portable backend.
const portableMark = " (portable)"

// planPortable lets the portable backend run a node that has no kernel here, as a computation of its own.
func (p *planner) planPortable(n *node) error {
	if _, ok := n.args.(arguments); !ok || n.scaled {
		return fmt.Errorf("a pattern without a kernel")
	}
	inner, inputs, err := p.alone(n)
	if err != nil {
		return err
	}
	outputs := n.first.outputs
	outSlots := make([]int, len(outputs))
	for i, o := range outputs {
		outSlots[i] = p.slot(o)
	}
	inSlots := make([]int, len(inputs))
	for i, in := range inputs {
		inSlots[i] = p.slot(in)
	}
	portable := p.b.backend.portable
	p.add(kindName(n.kind)+portableMark, outputs, inputs, func(w *workspace) func() error {
		return func() error {
			in := make([]compute.Buffer, len(inputs))
			for i, node := range inputs {
				if b := w.buffers[inSlots[i]]; b != nil && b.shape.Equal(node.shape) {
					in[i] = b.inner
					continue
				}
				memory := w.bytes[inSlots[i]]
				flat := dtypes.UnsafeAnySliceFromBytes(unsafe.Pointer(unsafe.SliceData(memory)), node.shape.DType, node.size())
				b, err := portable.BufferFromFlatData(0, flat, node.shape)
				if err != nil {
					return err
				}
				defer b.Finalize() //nolint:errcheck // a copy
				in[i] = b
			}
			out, err := inner.Execute(in, nil, 0)
			if err != nil {
				return err
			}
			for i, o := range out {
				flat, err := o.Data()
				if err != nil {
					return err
				}
				copy(w.bytes[outSlots[i]], dtypes.UnsafeByteSliceFromAny(flat))
				if err := o.Finalize(); err != nil {
					return err
				}
			}
			return nil
		}
	})
	return nil
}

// alone builds n's operation as a computation whose parameters are its inputs, each once.
func (p *planner) alone(n *node) (compute.Executable, []*node, error) {
	b := p.b.backend.portable.Builder(kindName(n.kind))
	f := b.Main()
	var inputs []*node
	values := make([]compute.Value, len(n.in))
	for i, in := range n.in {
		if in == nil {
			continue
		}
		for j, earlier := range n.in[:i] {
			if earlier == in {
				values[i] = values[j]
			}
		}
		if values[i] != nil {
			continue
		}
		v, err := f.Parameter(fmt.Sprintf("x%d", i), in.shape, nil)
		if err != nil {
			return nil, nil, err
		}
		values[i] = v
		inputs = append(inputs, in)
	}
	out, err := n.args.(arguments).again(f, values)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Return(out, nil); err != nil {
		return nil, nil, err
	}
	e, err := b.Compile()
	return e, inputs, err
}
