package cpu

import "github.com/dvml/dvml/kernel"

// programTask runs a program on the workers. One exists for each step and workspace, so that a run allocates nothing.
type programTask struct {
	p       *program
	w       *workspace
	regs    [][][]float32
	scalars []float32
	pieces  int       // of the tiles
	parts   []float32 // [pieces, sums, width]: each piece's sums
	row     []float32 // [workers, width]: the sums of a tile
}

func newProgramTask(p *program, w *workspace) *programTask {
	t := &programTask{p: p, w: w, scalars: make([]float32, len(p.scalars))}
	for range w.pool.Workers() {
		t.regs = append(t.regs, make([][]float32, p.regs))
	}
	t.pieces = w.pool.Pieces(t.tiles(), 4)
	if len(p.sums) > 0 {
		t.parts = make([]float32, t.pieces*len(p.sums)*p.width)
		t.row = make([]float32, w.pool.Workers()*p.width)
	}
	return t
}

// tiles is how many tiles there are.
func (t *programTask) tiles() int { return (t.p.size + t.p.step - 1) / t.p.step }

// run computes the whole group.
func (t *programTask) run() {
	for i, s := range t.p.scalars {
		t.scalars[i] = s.value
		if s.slot >= 0 {
			t.scalars[i] = t.w.f32[s.slot][0]
		}
	}
	t.w.pool.DoEach(t.pieces, t)
	for i, s := range t.p.sums {
		sum := t.w.f32[s.slot]
		copy(sum, t.part(0, i))
		for piece := 1; piece < t.pieces; piece++ {
			kernel.Add.Apply(sum, sum, t.part(piece, i))
		}
	}
}

// part is where a piece adds up sum i.
func (t *programTask) part(piece, i int) []float32 {
	return t.parts[(piece*len(t.p.sums)+i)*t.p.width:][:t.p.width]
}

// Run computes pieces lo to hi-1.
func (t *programTask) Run(lo, hi, worker int) {
	for piece := lo; piece < hi; piece++ {
		t.piece(piece, worker)
	}
}

func (t *programTask) piece(piece, worker int) {
	p, tiles := t.p, t.tiles()
	scratch := t.w.scratch(worker, p.temps*tile)
	regs := t.regs[worker]
	own := func(r int) []float32 { return scratch[p.temp[r]*tile : (p.temp[r]+1)*tile] }
	for _, f := range p.fixed {
		kernel.Fill(own(f.reg), t.scalars[f.scalar])
	}
	for k := range p.leaves {
		if l := &p.leaves[k]; l.once {
			regs[l.reg] = own(l.reg)
			t.load(l, regs, 0, min(p.step, p.size))
		}
	}
	for i := range p.sums {
		clear(t.part(piece, i))
	}
	for i := piece * tiles / t.pieces; i < (piece+1)*tiles/t.pieces; i++ {
		from := i * p.step
		n := min(p.step, p.size-from)
		for r, temp := range p.temp {
			if temp >= 0 {
				_, count := p.place(p.perRow[r], from, n)
				regs[r] = scratch[temp*tile : temp*tile+count]
			}
		}
		for k := range p.leaves {
			if l := &p.leaves[k]; !l.once {
				t.load(l, regs, from, n)
			}
		}
		for _, s := range p.stores {
			if !s.isBool {
				at, count := p.place(s.perRow, from, n)
				regs[s.reg] = t.w.f32[s.slot][at : at+count]
			}
		}
		for k := range p.code {
			t.step(&p.code[k], regs)
		}
		for _, s := range p.stores {
			if s.isBool {
				at, count := p.place(s.perRow, from, n)
				out := t.w.bools[s.slot][at : at+count]
				for j, v := range regs[s.reg] {
					out[j] = v != 0
				}
			}
		}
		for k, s := range p.sums {
			t.sum(t.part(piece, k), regs[s.reg], worker)
		}
	}
}

// place is where the n elements from the given one on lie in a tensor of elements, or of values per row.
func (p *program) place(perRow bool, from, n int) (at, count int) {
	if perRow {
		return from / p.width, n / p.width
	}
	return from, n
}

// sum adds the rows of x to the sums of a piece. A tile's rows are summed first: the rounding error grows with the length of a chain.
func (t *programTask) sum(sums, x []float32, worker int) {
	width := t.p.width
	row := x
	if len(x) > width {
		row = t.row[worker*width:][:width]
		kernel.ColumnSums(row, x, len(x)/width, width, width, false)
	}
	kernel.Add.Apply(sums, sums, row)
}

func (t *programTask) step(i *instruction, regs [][]float32) {
	dst := regs[i.dst]
	switch i.code {
	case opUnary:
		i.unary.Apply(dst, regs[i.a])
	case opBinary:
		i.binary.Apply(dst, regs[i.a], regs[i.b])
	case opBinaryScalar:
		i.binary.Scalar(dst, regs[i.a], t.scalars[i.b])
	case opScalarBinary:
		i.binary.ScalarLeft(dst, t.scalars[i.a], regs[i.b])
	case opSelect:
		i.compare.Select(dst, regs[i.a], regs[i.b], regs[i.x], regs[i.y])
	default:
		t.rowStep(i, regs)
	}
}

// rowStep runs an instruction that goes from row to row.
func (t *programTask) rowStep(i *instruction, regs [][]float32) {
	dst, a, width := regs[i.dst], regs[i.a], t.p.width
	row := func(x []float32, k int) []float32 { return x[k*width:][:width] }
	switch i.code {
	case opRowSum:
		for k := range dst {
			dst[k] = kernel.Sum(row(a, k))
		}
	case opSpread:
		for k, v := range a {
			kernel.Fill(row(dst, k), v)
		}
	case opBinaryRow:
		for k, v := range regs[i.b] {
			i.binary.Scalar(row(dst, k), row(a, k), v)
		}
	case opRowBinary:
		for k, v := range a {
			i.binary.ScalarLeft(row(dst, k), v, row(regs[i.b], k))
		}
	}
}

// load brings elements from to from+n-1 of a leaf into its register.
func (t *programTask) load(l *leaf, regs [][]float32, from, n int) {
	if l.perRow {
		at, count := t.p.place(true, from, n)
		if !l.isBool {
			regs[l.reg] = t.w.f32[l.slot][at : at+count]
			return
		}
		for i, v := range t.w.bools[l.slot][at : at+count] {
			regs[l.reg][i] = 0
			if v {
				regs[l.reg][i] = 1
			}
		}
		return
	}
	if l.plain && !l.isBool {
		regs[l.reg] = t.w.f32[l.slot][from : from+n]
		return
	}
	if l.isBool {
		src := t.w.bools[l.slot]
		walk(l, from, n, func(at, src0, count, stride int) {
			for j := range count {
				v := float32(0)
				if src[src0+j*stride] {
					v = 1
				}
				regs[l.reg][at+j] = v
			}
		})
		return
	}
	src, dst := t.w.f32[l.slot], regs[l.reg]
	walk(l, from, n, func(at, src0, count, stride int) {
		switch stride {
		case 0:
			kernel.Fill(dst[at:at+count], src[src0])
		case 1:
			copy(dst[at:at+count], src[src0:src0+count])
		default:
			for j := range count {
				dst[at+j] = src[src0+j*stride]
			}
		}
	})
}

// walk calls run for each stretch of the innermost axis that elements from to from+n-1 of the group cover.
func walk(l *leaf, from, n int, run func(at, src, count, stride int)) {
	last := len(l.dims) - 1
	inner := l.dims[last]
	for at := 0; at < n; {
		i := from + at
		offset := i % inner
		rest, src := i/inner, offset*l.strides[last]
		for k := last - 1; k >= 0; k-- {
			src += rest % l.dims[k] * l.strides[k]
			rest /= l.dims[k]
		}
		count := min(inner-offset, n-at)
		run(at, src, count, l.strides[last])
		at += count
	}
}
