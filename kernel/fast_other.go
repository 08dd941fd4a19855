//go:build !amd64

package kernel

// Off amd64 the active level is always Generic, so none of these is reached; they exist for the compiler.

func (g Product) runFast(p *Pool, c, a, b []float32, e Epilogue) { g.runGeneric(p, c, a, b, e) }

type fastConv struct{}

func (fastConv) plan(*Conv, ConvOptions) {}

func (c *Conv) forwardFast(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e Epilogue) {
	c.forwardGeneric(p, y, ldy, x, ldx, w, e)
}

func (c *Conv) backwardInputFast(p *Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e Epilogue) {
	panic("kernel: no fast convolution on this processor")
}

func (c *Conv) backwardKernelFast(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	c.backwardKernelGeneric(p, dw, x, ldx, dy, ldy, accumulate)
}

func (c *Conv) packedFast() int { return c.weights() }

func (c *Conv) packFast(p *Pool, packed, w []float32) { copy(packed, w) }

func (c *Conv) runPacked(p *Pool, y []float32, ldy int, x []float32, ldx int, packed []float32, e Epilogue) {
	c.forwardGeneric(p, y, ldy, x, ldx, packed, e)
}

func (op Unary) fast(dst, a []float32)                   { op.generic(dst, a) }
func (op Binary) fast(dst, a, b []float32)               { op.generic(dst, a, b) }
func (op Binary) fastScalar(dst, a []float32, s float32) { op.genericScalar(dst, a, s) }
func (op Binary) fastScalarLeft(dst []float32, s float32, a []float32) {
	op.genericScalarLeft(dst, s, a)
}
func addScaledFast(y, x []float32, s float32)           { axpyGeneric(y, x, s) }
func (op Compare) fast(dst []bool, a, b []float32)      { op.generic(dst, a, b) }
func (op Compare) fastSelect(dst, a, b, x, y []float32) { op.genericSelect(dst, a, b, x, y) }

func sumFast(a []float32) float32                   { return sumGeneric(a) }
func largestFast(a []float32) float32               { return largestGeneric(a) }
func columnSumsFast(dst, a []float32, rows, ld int) { columnSumsGeneric(dst, a, rows, ld) }
func columnDotsFast(dst, a, b []float32, rows, lda, ldb int) {
	columnDotsGeneric(dst, a, b, rows, lda, ldb)
}
func slidingSumFast(dst, padded []float32, window int)           { slidingSumGeneric(dst, padded, window) }
func maxRowsFast(best []float32, at []uint8, rows []tapRow) int  { return 0 }
func addWhereRowsFast(dst, first []float32, rows []whereRow) int { return 0 }

func transposeFast(dst []float32, ldDst int, src []float32, ldSrc, rows, cols int) (int, int) {
	return 0, 0
}
