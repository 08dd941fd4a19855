package kernel

import (
	"sync"
	"unsafe"
)

// Sizes of a panel of dy that stays near while all of dw's tiles pass by: of 1x1 kernels, whose few tiles soon go on to other rows of x, and of others.
const (
	pointGradBytes = 24 << 10
	gradBytes      = 64 << 10
)

// gradBlock is how many outputs' rows are multiplied at a time.
func (f *fastConv) gradBlock() int {
	bytes := gradBytes
	if f.reads == nil && f.strips == nil {
		bytes = pointGradBytes
	}
	return bytes / (4 * f.panels[0].vectors * f.t.vector)
}

// lookahead brings memory that lies together nearer while tiles are multiplied that do not need it yet. The processor does not foresee the reads of a
// tile, which takes a few floats of each row of x; asked for beforehand, in order, they come in time.
type lookahead struct {
	parts [2][]float32 // of x and dy
	each  int          // bytes of a call
}

func (l *lookahead) plan(x, dy []float32, calls int) {
	l.parts = [2][]float32{x, dy}
	l.each = (4*(len(x)+len(dy)) + calls - 1) / calls
}

// next makes the next call, of so many entries, ask for its share.
func (l *lookahead) next(a *tileArgs, entries int) {
	i := 0
	if len(l.parts[0]) == 0 {
		i = 1
	}
	p := l.parts[i]
	if len(p) == 0 {
		a.step = 0
		return
	}
	a.ahead, a.step = address(p, 0), uintptr((l.each+entries-1)/entries)
	l.parts[i] = p[min(len(p), (l.each+3)/4):]
}

// gradTask is one gradient by the kernel at work: dw[tap,ci] = sum over outputs of x[tap's pixel][ci] * dy[output]. Two ways to share the work out:
// many outputs and a small dw: each piece takes some outputs and sums into a copy of dw of its own, and the copies are added in order;
// few outputs and a large dw: each piece takes some of dw's tiles and all outputs.
type gradTask struct {
	conv           *Conv
	x, dy          []float32
	ldx, ldy       int
	group          int
	dst            []float32 // dw, or the copies
	size           int       // of one copy; 0: pieces are tiles of dw
	perBlock       int       // outputs of a block
	blocks, pieces int
	tiles          int // of one tap
	t              tiling
	sum            sumParts
}

var freeGrads = sync.Pool{New: func() any { return new(gradTask) }}

func (c *Conv) backwardKernelFast(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	if c.fast.winogradGrad {
		c.backwardKernelWinograd(p, dw, x, ldx, dy, ldy, accumulate)
		return
	}
	f, s := &c.fast, &c.shape
	k := freeGrads.Get().(*gradTask)
	*k = gradTask{conv: c, ldx: ldx, ldy: ldy, tiles: (f.run + f.t.rows - 1) / f.t.rows, perBlock: f.gradBlock(), t: f.t}
	k.t.pairs = f.t.pairs && f.winograd == nil
	k.blocks = (s.N*c.ho*c.wo + k.perBlock - 1) / k.perBlock
	if f.strips != nil {
		k.blocks = s.N * f.strips.blocks
	}
	size := c.weights()
	k.pieces = 1
	if p.workers > 1 {
		k.pieces = min(2*p.workers, k.blocks)
	}
	byOutputs := s.N*c.ho*c.wo*(s.Cin+s.Cout) > 2*k.pieces*size
	if byOutputs && k.pieces > 1 {
		k.size = size
		k.dst = takeScratch(k.pieces * size)
	} else {
		if !accumulate {
			clear(dw[:size])
		}
		k.dst = dw
		if p.workers > 1 {
			k.pieces = min(4*p.workers, f.taps*k.tiles)
		}
	}
	k.x, k.dy = x, dy
	for g := range s.Groups {
		k.group = g
		p.DoEach(k.pieces, k)
	}
	if k.size > 0 {
		k.sum = sumParts{dw[:size], k.dst, k.pieces, accumulate}
		p.Do(size, 8192, &k.sum)
		giveScratch(k.dst)
	}
	*k = gradTask{}
	freeGrads.Put(k)
}

// sumParts adds up parts that lie one after the other.
type sumParts struct {
	dst, parts []float32
	n          int
	accumulate bool
}

func (s *sumParts) Run(lo, hi, _ int) {
	dst, size := s.dst[lo:hi], len(s.dst)
	first := 0
	if !s.accumulate {
		copy(dst, s.parts[lo:hi])
		first = 1
	}
	for i := first; i < s.n; i++ {
		Add.Apply(dst, dst, s.parts[i*size+lo:i*size+hi])
	}
}

// Run does pieces [lo,hi).
func (k *gradTask) Run(lo, hi, _ int) {
	t := takeTables()
	units := k.conv.fast.taps * k.tiles
	for i := lo; i < hi; i++ {
		if k.size > 0 {
			dst := k.dst[i*k.size:][:k.size]
			if k.group == 0 {
				clear(dst)
			}
			k.piece(t, dst, i*k.blocks/k.pieces, (i+1)*k.blocks/k.pieces, 0, units)
		} else {
			k.piece(t, k.dst, 0, k.blocks, i*units/k.pieces, (i+1)*units/k.pieces)
		}
	}
	giveTables(t)
}

// piece adds blocks [block,blockEnd) to dw's tiles [unit,unitEnd), counted tap by tap.
func (k *gradTask) piece(t *tables, dst []float32, block, blockEnd, unit, unitEnd int) {
	f := &k.conv.fast
	e := Epilogue{Accumulate: true}
	a := &t.args
	k.rowsOf(t, dst, unit, unitEnd)
	tap, tapEnd := unit/k.tiles, (unitEnd+k.tiles-1)/k.tiles
	for ; block < blockEnd; block++ {
		if k.t.pairs {
			k.fillPairs(t, block, unit, unitEnd)
		} else {
			k.fill(t, block, tap, tapEnd)
		}
		var ahead lookahead
		if f.reads == nil && f.strips == nil && block+1 < blockEnd {
			lo, hi := k.outputs(block + 1)
			ahead.plan(k.x[lo*k.ldx:(hi-1)*k.ldx+k.conv.shape.Cin], k.dy[lo*k.ldy:(hi-1)*k.ldy+k.conv.shape.Cout], (unitEnd-unit)*len(f.panels))
		}
		for _, p := range f.panels {
			a.set(f.t, p, &e, true, true)
			a.b = uintptr(4 * p.column)
			for u := unit; u < unitEnd; u++ {
				t.entry(u/k.tiles - tap)
				if a.table == a.tableEnd {
					continue
				}
				a.k = uintptr(4 * k.firstRow(u))
				a.c = uintptr(unsafe.Pointer(&t.c[(u-unit)*f.t.rows]))
				ahead.next(a, k.t.depth(k.perBlock))
				a.outer(k.t, p.vectors)
			}
		}
	}
}

// outputs is the range of outputs of a block.
func (k *gradTask) outputs(block int) (lo, hi int) {
	lo = block * k.perBlock
	return lo, min(lo+k.perBlock, k.conv.shape.N*k.conv.ho*k.conv.wo)
}

// firstRow is where tile u starts within its tap's rows; the last tile reaches back so as not to reach out.
func (k *gradTask) firstRow(u int) int {
	f := &k.conv.fast
	return max(0, min(u%k.tiles*f.t.rows, f.run-f.t.rows))
}

// rowsOf lists the rows of dw that tiles [unit,unitEnd) add to. Rows that two tiles share are the first one's; surplus rows go nowhere.
func (k *gradTask) rowsOf(t *tables, dst []float32, unit, unitEnd int) {
	c, f := k.conv, &k.conv.fast
	t.reset(c.cout)
	for u := unit; u < unitEnd; u++ {
		first := k.firstRow(u)
		for i := range f.t.rows {
			row := first + i
			if row < u%k.tiles*f.t.rows || row >= f.run {
				t.c = append(t.c, address(t.trash, 0))
			} else {
				t.c = append(t.c, address(dst, (u/k.tiles*f.run+row)*c.shape.Cout+k.group*c.cout))
			}
		}
	}
}

// fill lists, for each tap in [tap,tapEnd), the rows of x and dy that a block multiplies; what falls into padding is left out.
func (k *gradTask) fill(t *tables, block, tap, tapEnd int) {
	c, f := k.conv, &k.conv.fast
	t.entries, t.starts = t.entries[:0], t.starts[:0]
	if f.strips != nil {
		k.fillStrips(t, block, tap, tapEnd)
		return
	}
	outputs, pixels := c.ho*c.wo, c.shape.H*c.shape.W
	lo, hi := k.outputs(block)
	x, dy := address(k.x, k.group*c.cin), address(k.dy, k.group*c.cout)
	stepX, stepY := uintptr(4*k.ldx), uintptr(4*k.ldy)
	narrow := f.run < f.t.rows // a tile reaches past the row, perhaps past x
	if narrow {
		t.room((tapEnd - tap) * k.perBlock * f.t.rows)
	}
	for ; tap < tapEnd; tap++ {
		t.open()
		if f.reads == nil {
			for q := lo; q < hi; q++ {
				t.entries = append(t.entries, x+uintptr(q)*stepX, dy+uintptr(q)*stepY)
			}
		} else {
			reads := f.reads[tap*outputs:][:outputs]
			base, pos := lo/outputs*pixels, lo%outputs
			for q := lo; q < hi; q++ {
				if r := reads[pos]; r >= 0 {
					t.entries = append(t.entries, x+uintptr(base+int(r))*stepX, dy+uintptr(q)*stepY)
				}
				if pos++; pos == outputs {
					base, pos = base+pixels, 0
				}
			}
		}
		if narrow {
			k.copyNarrow(t, x, stepX)
		}
	}
}

// copyNarrow replaces the last tap's rows of x by copies with room behind them.
func (k *gradTask) copyNarrow(t *tables, x, stepX uintptr) {
	f := &k.conv.fast
	for i := t.starts[len(t.starts)-1]; i < len(t.entries); i += 2 {
		at := i / 2 * f.t.rows
		pixel := int((t.entries[i] - x) / stepX)
		copy(t.block[at:][:f.run], k.x[pixel*k.ldx+k.group*k.conv.cin:])
		t.entries[i] = address(t.block, at)
	}
}

func (k *gradTask) fillStrips(t *tables, block, tap, tapEnd int) {
	c, p := k.conv, k.conv.fast.strips
	n, oh0 := block/p.blocks, block%p.blocks*p.rows
	t.room(p.tall*p.width + 8)
	c.copyStrips(t.block, k.x, k.ldx, n, oh0)
	copied := strip{address(t.block, 0), uintptr(4 * p.width), uintptr(4 * c.shape.StrideW * c.shape.Cin)}
	rows, stepX, stepY := min(p.rows, c.ho-oh0), copied.column, uintptr(4*k.ldy)
	for ; tap < tapEnd; tap++ {
		t.open()
		pairs := t.extend(2 * rows * c.wo)
		atY := address(k.dy, (n*c.ho+oh0)*c.wo*k.ldy)
		for r := range rows {
			atX := copied.read(&c.shape, r, 0, tap)
			row := pairs[2*r*c.wo:][:2*c.wo]
			for i := 0; i+1 < len(row); i += 2 {
				row[i], row[i+1] = atX, atY
				atX, atY = atX+stepX, atY+stepY
			}
		}
	}
}
