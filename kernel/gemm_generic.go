package kernel

// runGeneric is the plain Go product: rows of C are spread over the workers, each row is a sum of scaled rows of B (or of dot products if B is
// stored transposed).
func (g Product) runGeneric(p *Pool, c, a, b []float32, e Epilogue) {
	grain := 1 + 16384/(1+g.N*g.K)
	p.Parallel(g.Batch*g.M, grain, func(lo, hi, _ int) {
		for r := lo; r < hi; r++ {
			batch, i := r/g.M, r%g.M
			row := c[batch*g.StrideC+i*g.LdC:][:g.N]
			g.rowGeneric(row, a[batch*g.StrideA:], b[batch*g.StrideB:], i, e.Accumulate)
			e.finish(row)
		}
	})
}

// rowGeneric computes row i of one product.
func (g *Product) rowGeneric(row, a, b []float32, i int, accumulate bool) {
	if !accumulate {
		clear(row)
	}
	stepA, offA := 1, i*g.LdA
	if g.TransA {
		stepA, offA = g.LdA, i
	}
	if g.TransB {
		for j := range row {
			bj := b[j*g.LdB:][:g.K]
			var sum float32
			for k, v := range bj {
				sum += a[offA+k*stepA] * v
			}
			row[j] += sum
		}
		return
	}
	for k := range g.K {
		axpyGeneric(row, b[k*g.LdB:], a[offA+k*stepA])
	}
}

// axpyGeneric adds s*x to y.
func axpyGeneric(y, x []float32, s float32) {
	x = x[:len(y)]
	for i := range y {
		y[i] += s * x[i]
	}
}
