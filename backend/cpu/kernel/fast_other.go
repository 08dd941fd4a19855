//go:build !amd64

package kernel

// Off amd64 the active level is always Generic, so none of these is reached.

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
