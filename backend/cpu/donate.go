package cpu

// donors finds for each result the parameter whose memory it may take over, so that weights are updated in place: one of the same shape that the
// group computing the result reads last, element for element, and no later in the group than the result is written.
func (p *planner) donors(results []*node) []int {
	last, written := map[*node]int{}, map[*node]int{}
	for i, s := range p.steps {
		for _, n := range s.reads {
			if n != nil {
				last[n.root()] = i
			}
		}
		for _, n := range s.writes {
			written[n.root()] = i
		}
	}
	taken := map[*node]bool{}
	donors := make([]int, len(results))
	for i, r := range results {
		donors[i] = -1
		at, ok := written[r]
		if !ok || p.steps[at].program == nil || !r.shape.Equal(p.g.results[i].shape) {
			continue
		}
		for j, param := range p.g.params {
			if end, read := last[param]; read && end == at && !taken[param] && param.shape.Equal(r.shape) &&
				p.steps[at].program.inPlace(p.slots[param], p.slots[r]) {
				taken[param] = true
				donors[i] = j
				break
			}
		}
	}
	return donors
}

// inPlace reports whether the program may write the tensor of slot out over that of slot in.
func (p *program) inPlace(in, out int) bool {
	if len(p.sums) > 0 { // they are taken after all is written
		return false
	}
	reg := -1
	for _, s := range p.stores {
		if s.slot == out && !s.isBool {
			reg = s.reg
		}
	}
	if reg < 0 {
		return false
	}
	written := -1
	for i, c := range p.code {
		if c.dst == reg {
			written = i
		}
	}
	for _, s := range p.scalars {
		if s.slot == in && p.size > 1 {
			return false
		}
	}
	for _, l := range p.leaves {
		if l.slot != in {
			continue
		}
		if !l.plain || l.isBool {
			return false
		}
		for i, c := range p.code {
			if i > written && c.reads(l.reg) {
				return false
			}
		}
	}
	return written >= 0
}

// reads reports whether the instruction reads register r.
func (i instruction) reads(r int) bool {
	switch i.code {
	case opUnary, opBinaryScalar:
		return i.a == r
	case opScalarBinary:
		return i.b == r
	case opBinary:
		return i.a == r || i.b == r
	}
	return i.a == r || i.b == r || i.x == r || i.y == r
}
