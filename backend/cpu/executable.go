package cpu

import (
	"errors"
	"fmt"
	"sync"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"
)

// executable is a compiled computation. Several goroutines may execute it at once: each execution has a workspace of its own.
type executable struct {
	b       *Backend
	names   []string
	params  []*node
	results []*node // what holds each result, none twice
	shapes  []shapes.Shape
	donors  []int // for each result the parameter whose memory it may take, or -1
	steps   []step
	roots   []*node // by slot
	slots   map[*node]int
	size    int // of the arena

	mu    sync.Mutex
	spare []*workspace

	memory []sync.Pool // for each result: buffers of the portable backend that finalised results left
}

func newExecutable(p *planner, results []*node, size int) *executable {
	e := &executable{b: p.b.backend, names: p.b.main.names, params: p.g.params, results: results, steps: p.steps, roots: p.roots, slots: p.slots, size: size, donors: p.donors(results),
		memory: make([]sync.Pool, len(results))}
	for _, r := range p.g.results {
		e.shapes = append(e.shapes, r.shape)
	}
	return e
}

// Finalize frees the workspaces.
func (e *executable) Finalize() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.spare = nil
}

// Inputs returns the parameters' names and shapes.
func (e *executable) Inputs() (names []string, list []shapes.Shape) {
	for _, p := range e.params {
		list = append(list, p.shape)
	}
	return e.names, list
}

// Outputs returns the results' shapes.
func (e *executable) Outputs() []shapes.Shape { return e.shapes }

// Execute runs the computation. Donated inputs are finalised at its end.
func (e *executable) Execute(inputs []compute.Buffer, donate []bool, _ compute.DeviceNum) ([]compute.Buffer, error) {
	if len(inputs) != len(e.params) {
		return nil, fmt.Errorf("cpu: the computation has %d parameters, got %d buffers", len(e.params), len(inputs))
	}
	w, err := e.workspace()
	if err != nil {
		return nil, err
	}
	defer e.release(w)
	for i, in := range inputs {
		if err := e.input(w, i, in); err != nil {
			return nil, err
		}
	}
	out, err := e.outputs(w, inputs, donate)
	if err != nil {
		return nil, err
	}
	p := profiling.Load()
	for i, run := range w.steps {
		began := p.begin()
		if err := run(); err != nil {
			return nil, fmt.Errorf("cpu: %s: %w", e.steps[i].name, err)
		}
		p.end(e.steps[i].kind(), began)
	}
	var bad []error
	for i, in := range inputs {
		if buffer := in.(*Buffer); i < len(donate) && donate[i] && !buffer.donated {
			bad = append(bad, buffer.free())
			buffer.donated = true
		}
	}
	return out, errors.Join(bad...)
}

// outputs makes the results' buffers: of a donated input's memory where the plan allows it.
func (e *executable) outputs(w *workspace, inputs []compute.Buffer, donate []bool) ([]compute.Buffer, error) {
	out := make([]compute.Buffer, len(e.results))
	for i, r := range e.results {
		if d := e.donors[i]; d >= 0 && d < len(donate) && donate[d] {
			in := inputs[d].(*Buffer)
			w.set(e.slots[r], r.shape.DType, w.bytes[e.slots[e.params[d]]])
			out[i] = &Buffer{backend: e.b, inner: in.inner, shape: in.shape, home: in.home}
			in.donated = true
			continue
		}
		buffer, err := e.result(i)
		if err != nil {
			return nil, err
		}
		memory, err := buffer.bytes()
		if err != nil {
			return nil, err
		}
		w.set(e.slots[r], r.shape.DType, memory)
		out[i] = buffer
	}
	return out, nil
}

// result makes result i's buffer, of memory that an earlier one left where there is some.
func (e *executable) result(i int) (*Buffer, error) {
	home := &e.memory[i]
	if inner, ok := home.Get().(compute.Buffer); ok {
		return &Buffer{backend: e.b, inner: inner, shape: e.shapes[i], home: home}, nil
	}
	buffer, _, err := e.b.NewSharedBuffer(0, e.shapes[i])
	if err != nil {
		return nil, err
	}
	out := buffer.(*Buffer)
	out.home = home
	return out, nil
}

// input puts parameter i into the workspace.
func (e *executable) input(w *workspace, i int, in compute.Buffer) error {
	buffer, ok := in.(*Buffer)
	if !ok || buffer == nil {
		return fmt.Errorf("cpu: parameter %q (number %d): a %T is no buffer of this backend", e.names[i], i, in)
	}
	p := e.params[i]
	if !buffer.shape.Equal(p.shape) {
		return fmt.Errorf("cpu: parameter %q (number %d): expected shape %s, got %s", e.names[i], i, p.shape, buffer.shape)
	}
	memory, err := buffer.bytes()
	if err != nil {
		return err
	}
	slot := e.slots[p]
	w.set(slot, p.shape.DType, memory)
	w.buffers[slot] = buffer
	return nil
}

// workspace takes one that is spare, or makes one.
func (e *executable) workspace() (*workspace, error) {
	e.mu.Lock()
	if k := len(e.spare) - 1; k >= 0 {
		w := e.spare[k]
		e.spare = e.spare[:k]
		e.mu.Unlock()
		return w, nil
	}
	e.mu.Unlock()
	w := &workspace{
		pool:    e.b.pool,
		arena:   aligned(e.size),
		bytes:   make([][]byte, len(e.roots)),
		f32:     make([][]float32, len(e.roots)),
		bools:   make([][]bool, len(e.roots)),
		buffers: make([]*Buffer, len(e.roots)),
		spare:   make([][]float32, e.b.pool.Workers()),
	}
	for slot, n := range e.roots {
		switch n.place {
		case inArena:
			w.set(slot, n.shape.DType, w.arena[n.offset:n.offset+n.bytes():n.offset+n.bytes()])
		case inConstant:
			w.set(slot, n.shape.DType, constantBytes(n))
		}
	}
	for _, s := range e.steps {
		w.steps = append(w.steps, s.bind(w))
	}
	return w, nil
}

// release keeps w for the next execution, without what belongs to this one.
func (e *executable) release(w *workspace) {
	for slot, n := range e.roots {
		if n.place == inParameter || n.place == inResult {
			w.bytes[slot], w.f32[slot], w.bools[slot], w.buffers[slot] = nil, nil, nil, nil
		}
	}
	e.mu.Lock()
	e.spare = append(e.spare, w)
	e.mu.Unlock()
}
