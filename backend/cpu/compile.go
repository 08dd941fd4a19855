package cpu

import (
	"cmp"
	"fmt"
	"github.com/gomlx/compute"

	"github.com/gomlx/compute/dtypes"
)

// step is a piece of a compiled computation.
type step struct {
	name   string
	reads  []*node
	writes []*node
	// bind prepares the step for a workspace.
	bind func(w *workspace) func() error
	// program of a group, nil for other steps.
	program *program
	moves   bool // it moves data without computing
}

// planner turns a graph into steps.
type planner struct {
	b         *builder
	g         *graph
	steps     []step
	slots     map[*node]int // of roots
	roots     []*node       // by slot
	positions map[poolKey]*node
	deferred  map[*group]func() // groups that a convolution computes in its last pass
	joined    map[*node]bool    // what is written as a part of a concatenation
	island    island            // what the portable backend is to run next
	failed    error             // of an island
}

// compile plans the builder's main function.
func compile(b *builder) (compute.Executable, error) {
	g := newGraph(b.main)
	g.precision = b.backend.precision
	g.fuse()
	p := &planner{b: b, g: g, slots: map[*node]int{}}
	for _, n := range g.nodes { // first, for a group may read what is named after it
		if n.sameMemory() && n.group == nil {
			n.alias = n.in[0]
		}
	}
	for _, n := range g.nodes {
		if err := cmp.Or(p.plan(n), p.failed); err != nil {
			return nil, fmt.Errorf("cpu: %s: %s of shape %s: %w", b.Name(), kindName(n.kind), n.shape, err)
		}
	}
	p.close()
	if p.failed != nil {
		return nil, fmt.Errorf("cpu: %s: %w", b.Name(), p.failed)
	}
	if p.onlyPortable() {
		return compilePortable(b)
	}
	results, err := p.results()
	if err != nil {
		return nil, err
	}
	size := p.place()
	return newExecutable(p, results, size), nil
}

// slot returns the number of the memory that holds n.
func (p *planner) slot(n *node) int {
	n = n.root()
	s, ok := p.slots[n]
	if !ok {
		s = len(p.roots)
		p.slots[n] = s
		p.roots = append(p.roots, n)
	}
	return s
}

// add appends a step that computes writes from reads.
func (p *planner) add(name string, writes, reads []*node, bind func(w *workspace) func() error) {
	p.leave(reads)
	for _, n := range writes {
		p.slot(n)
	}
	p.steps = append(p.steps, step{name: name, reads: reads, writes: writes, bind: bind})
}

// plan adds what computes n.
func (p *planner) plan(n *node) error {
	switch {
	case n.param >= 0:
		n.place = inParameter
		p.slot(n)
		return nil
	case n.kind == compute.OpTypeConstant:
		n.place = inConstant
		p.slot(n)
		return nil
	case n.first != n:
		return nil // its first output brings it
	case n.group != nil:
		return p.planGroup(n)
	case n.sameMemory():
		return nil
	}
	for _, native := range natives[n.kind].plan {
		if done, err := native(p, n); done || err != nil {
			return err
		}
	}
	return p.planPortable(n)
}

// planGroup adds a group at its last member.
func (p *planner) planGroup(n *node) error {
	gr := n.group
	outside := false
	for _, o := range gr.outputs {
		outside = outside || o == n
	}
	if !outside {
		n.place = nowhere
	}
	if n != gr.last || len(gr.outputs) == 0 {
		return nil
	}
	if run, ok := p.deferred[gr]; ok {
		run()
		return nil
	}
	inside := map[*node]bool{}
	for _, m := range gr.members {
		inside[m] = true
	}
	var reads []*node
	for _, m := range gr.members {
		for _, in := range m.in {
			if !inside[in] {
				reads = append(reads, in)
			}
		}
	}
	prog, err := newProgram(gr, p.slot)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("group of %d", len(gr.members))
	if len(gr.members) == 1 {
		name = kindName(gr.members[0].kind)
	}
	p.add(name, gr.outputs, reads, func(w *workspace) func() error {
		t := newProgramTask(prog, w)
		return func() error { t.run(); return nil }
	})
	p.steps[len(p.steps)-1].program = prog
	return nil
}

// results gives each of the function's outputs a buffer of its own, with a copy where what it names is a parameter, a constant or another output.
func (p *planner) results() ([]*node, error) {
	taken := map[*node]bool{}
	results := make([]*node, len(p.g.results))
	for i, r := range p.g.results {
		root := r.root()
		if root.place == inArena && !taken[root] && root.bytes() == r.bytes() {
			root.place = inResult
			taken[root] = true
			results[i] = root
			continue
		}
		c := &node{kind: opCopy, in: []*node{r}, shape: r.shape, param: -1, place: inResult}
		c.first = c
		from, to := p.slot(r), p.slot(c)
		p.add("copy", []*node{c}, []*node{r}, func(w *workspace) func() error {
			return func() error { copy(w.bytes[to], w.bytes[from]); return nil }
		})
		results[i] = c
	}
	return results, nil
}

// place gives every tensor that lives inside an offset in the arena, so that tensors that live at the same time do not overlap, and returns the arena's size.
func (p *planner) place() int {
	last := map[*node]int{}
	for i, s := range p.steps {
		for _, n := range s.reads {
			if n != nil {
				last[n.root()] = i
			}
		}
		for _, n := range s.writes {
			last[n.root()] = i
		}
	}
	a := &allocator{}
	placed := map[*node]bool{} // several steps may write parts of one tensor
	for i, s := range p.steps {
		for _, n := range s.writes {
			if r := n.root(); r.place == inArena && !placed[r] {
				placed[r] = true
				r.offset = a.take(r.bytes())
			}
		}
		freed := map[*node]bool{}
		for _, list := range [][]*node{s.reads, s.writes} {
			for _, n := range list {
				if n == nil {
					continue
				}
				if r := n.root(); r.place == inArena && last[r] == i && !freed[r] {
					freed[r] = true
					a.give(r.offset, r.bytes())
				}
			}
		}
	}
	return a.size
}

// allocator hands out stretches of an arena that grows as needed.
type allocator struct {
	size int
	free []stretch // by offset, never touching
}

type stretch struct{ at, n int }

func roundUp(n int) int { return (n + alignment - 1) / alignment * alignment }

// take returns the offset of n bytes: of the smallest free stretch that holds them, or at the end.
func (a *allocator) take(n int) int {
	n = roundUp(n)
	best := -1
	for i, s := range a.free {
		if s.n >= n && (best < 0 || s.n < a.free[best].n) {
			best = i
		}
	}
	if best >= 0 {
		at := a.free[best].at
		a.free[best].at += n
		a.free[best].n -= n
		if a.free[best].n == 0 {
			a.free = append(a.free[:best], a.free[best+1:]...)
		}
		return at
	}
	if k := len(a.free) - 1; k >= 0 && a.free[k].at+a.free[k].n == a.size { // the last one grows
		at := a.free[k].at
		a.free = a.free[:k]
		a.size = at + n
		return at
	}
	at := a.size
	a.size += n
	return at
}

// give returns n bytes at offset at.
func (a *allocator) give(at, n int) {
	n = roundUp(n)
	i := 0
	for i < len(a.free) && a.free[i].at < at {
		i++
	}
	a.free = append(a.free, stretch{})
	copy(a.free[i+1:], a.free[i:])
	a.free[i] = stretch{at, n}
	if i+1 < len(a.free) && a.free[i].at+a.free[i].n == a.free[i+1].at {
		a.free[i].n += a.free[i+1].n
		a.free = append(a.free[:i+1], a.free[i+2:]...)
	}
	if i > 0 && a.free[i-1].at+a.free[i-1].n == a.free[i].at {
		a.free[i-1].n += a.free[i].n
		a.free = append(a.free[:i], a.free[i+1:]...)
	}
}

// constantBytes returns the memory of a constant.
func constantBytes(n *node) []byte { return dtypes.UnsafeByteSliceFromAny(n.args.(*constantArgs).flat) }
