package kernel

import "sync"

// Sizes of the product's blocks, in floats: runs of K that stay in the first cache with a panel streaming by, rows of A that stay in the second.
const (
	productRun  = 1024
	productRows = 64
)

// serial runs everything in the caller.
var serial = &Pool{workers: 1}

// productTask holds what one product needs while it runs; reused.
type productTask struct {
	g       Product
	t       tiling
	c, a, b []float32
	e       Epilogue
	gather  gatherRun
	rows    copiedRows
	pack    packTask
	pool    *Pool
}

var freeProducts = sync.Pool{New: func() any { return new(productTask) }}

// runFast is the product by tile kernels. A batch of several is spread over the workers, a single product over blocks of rows and panels.
func (g Product) runFast(p *Pool, c, a, b []float32, e Epilogue) {
	x := freeProducts.Get().(*productTask)
	x.g, x.t, x.c, x.a, x.b, x.e, x.pool = g, tilingOf(active), c, a, b, e, p
	if g.Batch >= p.workers {
		p.DoEach(g.Batch, x)
	} else {
		x.Run(0, g.Batch, 0)
	}
	x.forget()
	freeProducts.Put(x)
}

// forget drops what the task refers to, but for memory worth keeping.
func (x *productTask) forget() { *x = productTask{gather: gatherRun{panels: x.gather.panels[:0]}} }

// Run does products [lo,hi) of the batch.
func (x *productTask) Run(lo, hi, _ int) {
	g := &x.g
	p := x.pool
	one := x
	if g.Batch > 1 && g.Batch >= p.workers {
		p = serial
		one = freeProducts.Get().(*productTask)
		one.g, one.t, one.e, one.c, one.a, one.b = x.g, x.t, x.e, x.c, x.a, x.b
	}
	for i := lo; i < hi; i++ {
		one.product(p, x.c[i*g.StrideC:], x.a[i*g.StrideA:], x.b[i*g.StrideB:])
	}
	if one != x {
		one.forget()
		freeProducts.Put(one)
	}
}

// product runs one product, a run of K at a time.
func (x *productTask) product(p *Pool, c, a, b []float32) {
	g := &x.g
	r := &x.gather
	r.t, r.e, r.taps = x.t, x.e, 1
	r.panels = x.t.appendPanels(r.panels[:0], g.N)
	s := &x.rows
	s.rowsSource = rowsSource{t: x.t, a: a, c: c, lda: g.LdA, ldc: g.LdC, rows: g.M}
	s.rowsPerBlock = rowsPerBlock(g.M, x.t.rows, p.workers)
	s.trans = g.TransA
	// Rows that lie a multiple of a page apart fight for the same lines of the first cache, and long ones for the page table: copy them.
	s.copy = g.TransA || g.LdA >= 1024 && g.N > 4*x.t.vector
	blocks := (g.M + s.rowsPerBlock - 1) / s.rowsPerBlock
	r.groups = min(len(r.panels), max(1, 4*p.workers/blocks))
	if p.workers == 1 {
		r.groups = 1
	}
	// Few rows do not repay the packing of B where the kernel can read it as it lies.
	r.direct = 0
	if !g.TransB && x.t.vector == 16 && g.M <= 4*x.t.rows {
		r.direct = g.LdB
	}
	runs := (g.K + productRun - 1) / productRun
	var packed []float32
	if r.direct == 0 {
		packed = takeScratch(x.t.padded(g.N) * ((g.K + runs - 1) / runs))
	}
	for i := range runs {
		lo, hi := i*g.K/runs, (i+1)*g.K/runs
		r.run, r.first, r.last = hi-lo, i == 0, i == runs-1
		s.lo = lo
		s.run = r.run
		if r.direct > 0 {
			r.b = b[lo*g.LdB:]
		} else {
			x.pack = packTask{t: x.t, panels: r.panels, dst: packed, k: r.run, trans: g.TransB, ld: g.LdB}
			if g.TransB {
				x.pack.src = b[lo:]
			} else {
				x.pack.src = b[lo*g.LdB:]
			}
			p.DoEach(len(r.panels), &x.pack)
			r.b = packed
		}
		r.source = s
		p.DoEach(blocks*r.groups, r)
	}
	if packed != nil {
		giveScratch(packed)
	}
}

// rowsPerBlock gives blocks of rows that fit the second cache, and at least a few per worker if there are rows enough.
func rowsPerBlock(rows, tile, workers int) int {
	per := productRows
	for per > 4*tile && (rows+per-1)/per < 4*workers && workers > 1 {
		per /= 2
	}
	return (per + tile - 1) / tile * tile
}

// copiedRows is rowsSource for a run of K, copying (or transposing, or pairing) the rows of A into a block that lies together.
type copiedRows struct {
	rowsSource
	copy, trans bool
	lo, run     int
}

func (s *copiedRows) fill(block int, t *tables) {
	if !s.copy {
		part := s.rowsSource
		part.a = s.a[s.lo:]
		part.fill(block, t)
		return
	}
	first := block * s.rowsPerBlock
	rows := min(s.rowsPerBlock, s.rows-first)
	ld := s.t.depth(s.run) + 16 // not a multiple of a page
	t.room(rows * ld)
	if s.t.pairs {
		pairColumns(t.block, ld, s.a[first*s.lda+s.lo:], s.lda, rows, s.run)
	} else if s.trans {
		Transpose(t.block, ld, s.a[s.lo*s.lda+first:], s.lda, s.run, rows)
	} else {
		for i := range rows {
			copy(t.block[i*ld:][:s.run], s.a[(first+i)*s.lda+s.lo:])
		}
	}
	part := rowsSource{t: s.t, a: t.block, c: s.c[first*s.ldc:], lda: ld, ldc: s.ldc, rows: rows, rowsPerBlock: rows}
	part.fill(0, t)
}

// packTask copies B [k,n] (or, transposed, [n,k]) into panels: each panel holds its columns of row after row, filled up with zeros to whole vectors.
type packTask struct {
	t      tiling
	panels []panel
	dst    []float32
	src    []float32
	ld, k  int
	trans  bool
	turned bool // src is a kernel [taps,n,ld] of which run floats count, its taps to be packed in reverse
	run    int
	taps   int
}

// Run packs panels [lo,hi).
func (x *packTask) Run(lo, hi, _ int) {
	for _, p := range x.panels[lo:hi] {
		if x.t.pairs {
			x.packPairs(p)
			continue
		}
		width := p.vectors * x.t.vector
		dst := x.dst[p.column*x.k:][:width*x.k]
		if x.turned {
			if p.cols < width {
				clear(dst)
			}
			for tap := range x.taps {
				src := x.src[((x.taps-1-tap)*x.panelsEnd()+p.column)*x.ld:]
				Transpose(dst[tap*x.run*width:], width, src, x.ld, p.cols, x.run)
			}
			continue
		}
		if x.trans {
			if p.cols < width {
				clear(dst)
			}
			Transpose(dst, width, x.src[p.column*x.ld:], x.ld, p.cols, x.k)
			continue
		}
		for i := range x.k {
			row := dst[i*width:][:width]
			copy(row, x.src[i*x.ld+p.column:][:p.cols])
			clear(row[p.cols:])
		}
	}
}

// panelsEnd is the number of columns of all panels.
func (x *packTask) panelsEnd() int {
	p := x.panels[len(x.panels)-1]
	return p.column + p.cols
}
