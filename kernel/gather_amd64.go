package kernel

import "unsafe"

// gatherRun is a product whose rows of A are found through tables: C[i] = sum over taps and k of A[tap][i][k] * B[tap][k]. It is the matrix product
// (one tap) and the convolution. Its pieces are blocks of rows times groups of panels.
type gatherRun struct {
	t      tiling
	panels []panel
	groups int // panels are shared out to so many pieces a block
	run    int // length of a row's run, in floats
	taps   int
	b      []float32 // packed panels
	direct int       // 0, or: B is not packed but has rows of this many floats
	e      Epilogue
	first  bool // no earlier pass has written to C
	last   bool // no later pass will
	source tileSource
}

// tileSource fills in the tables for a block of rows.
type tileSource interface {
	fill(block int, t *tables)
}

// Run does pieces [lo,hi).
func (g *gatherRun) Run(lo, hi, _ int) {
	t := takeTables()
	for i := lo; i < hi; i++ {
		block, group := i/g.groups, i%g.groups
		t.reset(g.width())
		g.source.fill(block, t)
		g.block(t, g.panels[group*len(g.panels)/g.groups:(group+1)*len(g.panels)/g.groups])
	}
	giveTables(t)
}

// block multiplies the rows in the tables with some panels: each panel stays in cache while all tiles of the block pass by.
func (g *gatherRun) block(t *tables, panels []panel) {
	a := &t.args
	a.k = uintptr(g.run * 4)
	for _, p := range panels {
		a.set(g.t, p, &g.e, g.first, g.last)
		if g.direct > 0 {
			a.b, a.ldb = address(g.b, p.column), uintptr(g.direct*4)
		} else {
			a.b, a.ldb = address(g.b, p.column*g.run*g.taps), uintptr(p.vectors*g.t.vector*4)
		}
		a.tapB = a.ldb * uintptr(g.run)
		for i := range t.starts {
			t.entry(i)
			a.c = uintptr(unsafe.Pointer(&t.c[i*g.t.rows]))
			a.gather(g.t, p.vectors)
		}
	}
}

// width is the number of columns of C.
func (g *gatherRun) width() int {
	p := g.panels[len(g.panels)-1]
	return p.column + p.cols
}

// rowsSource is a block of rows of a row-major matrix A and of C.
type rowsSource struct {
	t                  tiling
	a, c               []float32
	lda, ldc           int
	rows, rowsPerBlock int
}

func (s *rowsSource) fill(block int, t *tables) {
	lo := block * s.rowsPerBlock
	hi := min(lo+s.rowsPerBlock, s.rows)
	for r := lo; r < hi; r += s.t.rows {
		t.open()
		t.entries = append(t.entries, 0)
		for i := range s.t.rows {
			if r+i < hi {
				t.entries = append(t.entries, address(s.a, (r+i)*s.lda))
				t.c = append(t.c, address(s.c, (r+i)*s.ldc))
			} else {
				t.entries = append(t.entries, address(s.a, r*s.lda))
				t.c = append(t.c, address(t.trash, 0))
			}
		}
	}
}
