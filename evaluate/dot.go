package evaluate

import (
	"sync"

	"github.com/dvml/dvml/kernel"
)

// Blocks of products: rows of queries by columns of gallery.
const (
	blockRows    = 768
	blockColumns = 192
)

// inCaller runs a product in the goroutine that asks for it: this package spreads whole blocks over the cores.
var inCaller = sync.OnceValue(func() *kernel.Pool { return kernel.NewPool(1) })

// packed are up to blockColumns rows of a matrix, turned: [dim, columns]. A product with them reads memory in order, however often.
type packed struct {
	x       []float32
	columns int
}

// pack turns rows x [columns, dim] into dst.
func pack(dst *[]float32, x []float32, dim int) packed {
	p := packed{grow(dst, len(x)), len(x) / dim}
	transpose(p.x, x, p.columns, dim)
	return p
}

// packAll packs all rows of x, blockColumns a piece.
func packAll(x []float32, dim, workers int) []packed {
	n := len(x) / dim
	all := make([]packed, (n+blockColumns-1)/blockColumns)
	space := make([]float32, len(x))
	parallel(workers, len(all), func(_, job int) {
		lo, hi := job*blockColumns*dim, min((job+1)*blockColumns, n)*dim
		dst := space[lo:hi:hi]
		all[job] = pack(&dst, x[lo:hi], dim)
	}, nil)
	return all
}

// dotBlock computes out[i*columns+j] = queries[i] . gallery[j] for queries [m, dim]. Each product is summed over dim in order, wherever it
// stands in the block, so that equal rows give equal bits and a.b = b.a.
func dotBlock(queries []float32, gallery packed, out []float32, dim int) {
	kernel.Product{M: len(queries) / dim, N: gallery.columns, K: dim}.Run(inCaller(), out, queries, gallery.x, kernel.Epilogue{})
}

// scratch is what one worker reuses from block to block.
type scratch struct {
	out, turned, rows, packed []float32
	found                     []two
	block                     []packed    // of gallery block at, when held
	space                     [][]float32 // of block
	at                        int
	held                      bool
}

// grow returns *p with length n, allocated anew only when it is too short.
func grow[T any](p *[]T, n int) []T {
	if cap(*p) < n {
		*p = make([]T, n)
	}
	*p = (*p)[:n]
	return *p
}

// pieces are rows lo..hi of g, packed; those of the block asked for last are kept.
func (s *scratch) pieces(g rows, lo, hi int) []packed {
	if s.held && s.at == lo {
		return s.block
	}
	n := (hi - lo + blockColumns - 1) / blockColumns
	for len(s.space) < n {
		s.space = append(s.space, nil)
	}
	s.block = s.block[:0]
	for i := range n {
		a, b := lo+i*blockColumns, min(lo+(i+1)*blockColumns, hi)
		s.block = append(s.block, pack(&s.space[i], g.block(a, b), g.dim))
	}
	s.at, s.held = lo, true
	return s.block
}

// transpose sets dst [cols, rows] to src [rows, cols] turned, in tiles that stay in cache.
func transpose(dst, src []float32, rows, cols int) {
	const tile = 16
	for i0 := 0; i0 < rows; i0 += tile {
		i1 := min(i0+tile, rows)
		for j0 := 0; j0 < cols; j0 += tile {
			j1 := min(j0+tile, cols)
			for i := i0; i < i1; i++ {
				for j, v := range src[i*cols+j0 : i*cols+j1] {
					dst[(j0+j)*rows+i] = v
				}
			}
		}
	}
}
