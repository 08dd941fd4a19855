package cpu

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
)

// portableMark ends the names of steps that run on the portable backend.
const portableMark = " (portable)"

// island is a part of the graph that the portable backend runs as one computation. It takes nodes until something else reads one of them.
type island struct {
	nodes []*node
	has   map[*node]bool
}

// planPortable lets the portable backend run a node that has no kernel here.
func (p *planner) planPortable(n *node) error {
	if _, ok := n.args.(arguments); !ok || n.scaled {
		return fmt.Errorf("a pattern without a kernel")
	}
	p.island.nodes = append(p.island.nodes, n)
	if p.island.has == nil {
		p.island.has = map[*node]bool{}
	}
	for _, o := range n.first.outputs {
		p.island.has[o] = true
	}
	return nil
}

// leave closes the island where a step reads one of its nodes.
func (p *planner) leave(reads []*node) {
	if slices.ContainsFunc(reads, func(n *node) bool { return n != nil && p.island.has[n.root()] }) {
		p.close()
	}
}

// close adds the step that runs the island, if there is one.
func (p *planner) close() {
	is := p.island
	if len(is.nodes) == 0 || p.failed != nil {
		return
	}
	p.island = island{}
	e, inputs, outputs, err := p.apart(is)
	if err != nil {
		p.failed = err
		return
	}
	name := kindName(is.nodes[0].kind)
	if len(is.nodes) > 1 {
		name = fmt.Sprintf("%d operations", len(is.nodes))
	}
	inSlots, outSlots := make([]int, len(inputs)), make([]int, len(outputs))
	for i, n := range inputs {
		inSlots[i] = p.slot(n)
	}
	for i, n := range outputs {
		outSlots[i] = p.slot(n)
	}
	portable := p.b.backend.portable
	p.add(name+portableMark, outputs, inputs, func(w *workspace) func() error {
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
			out, err := guarded(e, in, nil)
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
}

// guarded runs a computation of the portable backend, whose panics become errors.
func guarded(e compute.Executable, in []compute.Buffer, donate []bool) (out []compute.Buffer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the portable backend: %v", r)
		}
	}()
	return e.Execute(in, donate, 0)
}

// apart builds the island as a computation whose parameters are what it reads from outside, each once, and whose results are what is read outside.
func (p *planner) apart(is island) (e compute.Executable, inputs, outputs []*node, err error) {
	b := p.b.backend.portable.Builder("island")
	f := b.Main()
	values := map[*node]compute.Value{}
	// The portable backend fails on parameters that are made after its last operation, so they come first.
	var outside func(n *node) error
	outside = func(n *node) error {
		switch {
		case n == nil || is.has[n] || values[n] != nil:
			return nil
		case n.sameMemory() && is.has[n.root()]:
			return outside(n.in[0])
		}
		v, err := f.Parameter(fmt.Sprintf("x%d", len(inputs)), n.shape, nil)
		values[n] = v
		inputs = append(inputs, n)
		return err
	}
	for _, n := range is.nodes {
		for _, in := range n.in {
			if err := outside(in); err != nil {
				return nil, nil, nil, err
			}
		}
	}
	var build func(n *node) error
	build = func(n *node) error { // n's values, and those of reshapes on the way to it
		if n == nil || values[n] != nil {
			return nil
		}
		in := make([]compute.Value, len(n.in))
		for i, x := range n.in {
			if err := build(x); err != nil {
				return err
			}
			if x != nil {
				in[i] = values[x]
			}
		}
		out, err := n.args.(arguments).again(f, in)
		for i, v := range out {
			values[n.first.outputs[i]] = v
		}
		return err
	}
	var results []compute.Value
	for _, n := range is.nodes {
		if err := build(n); err != nil {
			return nil, nil, nil, err
		}
		for _, o := range n.first.outputs {
			if o.result || slices.ContainsFunc(o.users, func(u *node) bool { return !is.has[u] }) {
				outputs, results = append(outputs, o), append(results, values[o])
			} else {
				o.place = nowhere
			}
		}
	}
	if err := f.Return(results, nil); err != nil {
		return nil, nil, nil, err
	}
	e, err = b.Compile()
	return e, inputs, outputs, err
}

// onlyPortable reports whether nothing but moves of data would run here: then the portable backend runs all of it with less to do between.
func (p *planner) onlyPortable() bool {
	some := false
	for _, s := range p.steps {
		switch {
		case strings.HasSuffix(s.name, portableMark):
			some = true
		case !s.moves:
			return false
		}
	}
	return some
}
