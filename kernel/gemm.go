package kernel

import "fmt"

// Product describes C = A*B of row-major matrices, C [M,N], A [M,K], B [K,N], or a batch of such products.
type Product struct {
	M, N, K        int
	TransA, TransB bool // A is stored [K,M], B is stored [N,K]
	LdA, LdB, LdC  int  // distance between stored rows; 0: rows are adjacent

	Batch                     int // number of products; 0 means 1
	StrideA, StrideB, StrideC int // distance between the matrices of a batch; 0 in StrideA or StrideB: shared by all
}

// normal fills in the defaults.
func (g Product) normal() Product {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if g.TransA {
		def(&g.LdA, g.M)
	} else {
		def(&g.LdA, g.K)
	}
	if g.TransB {
		def(&g.LdB, g.K)
	} else {
		def(&g.LdB, g.N)
	}
	def(&g.LdC, g.N)
	def(&g.Batch, 1)
	return g
}

// Check tells what is wrong with the sizes.
func (g Product) Check() error {
	if g.M < 0 || g.N < 0 || g.K < 0 || g.Batch < 0 || g.StrideA < 0 || g.StrideB < 0 || g.StrideC < 0 {
		return fmt.Errorf("kernel: product [%d,%d]x[%d,%d] of batch %d has a negative size", g.M, g.K, g.K, g.N, g.Batch)
	}
	n := g.normal()
	colsA, colsB := n.K, n.N
	if n.TransA {
		colsA = n.M
	}
	if n.TransB {
		colsB = n.K
	}
	if n.LdA < colsA || n.LdB < colsB || n.LdC < n.N {
		return fmt.Errorf("kernel: product [%d,%d]x[%d,%d]: row distances %d, %d, %d are below the rows' lengths %d, %d, %d",
			g.M, g.K, g.K, g.N, n.LdA, n.LdB, n.LdC, colsA, colsB, n.N)
	}
	if n.Batch > 1 && n.StrideC < (n.M-1)*n.LdC+n.N {
		return fmt.Errorf("kernel: products of a batch overlap: stride %d for matrices of %d", n.StrideC, (n.M-1)*n.LdC+n.N)
	}
	return nil
}

// extent is the length of a matrix of rows x cols with distance ld between rows.
func extent(rows, cols, ld int) int {
	if rows == 0 || cols == 0 {
		return 0
	}
	return (rows-1)*ld + cols
}

// Run computes C = A*B with the epilogue e (scale, bias and ReLU run along C's columns). It panics if Check fails or a slice is too short.
func (g Product) Run(p *Pool, c, a, b []float32, e Epilogue) {
	if err := g.Check(); err != nil {
		panic(err)
	}
	g = g.normal()
	if g.M == 0 || g.N == 0 || g.Batch == 0 {
		return
	}
	rowsA, colsA, rowsB, colsB := g.M, g.K, g.K, g.N
	if g.TransA {
		rowsA, colsA = g.K, g.M
	}
	if g.TransB {
		rowsB, colsB = g.N, g.K
	}
	last := g.Batch - 1
	need("A", a, last*g.StrideA+extent(rowsA, colsA, g.LdA))
	need("B", b, last*g.StrideB+extent(rowsB, colsB, g.LdB))
	need("C", c, last*g.StrideC+extent(g.M, g.N, g.LdC))
	e.need(g.N)
	if active == Generic || g.K == 0 {
		g.runGeneric(p, c, a, b, e)
		return
	}
	g.runFast(p, c, a, b, e)
}

// need panics if s is shorter than n.
func need(what string, s []float32, n int) {
	if len(s) < n {
		panic(fmt.Sprintf("kernel: %s holds %d floats, its shape needs %d", what, len(s), n))
	}
}
