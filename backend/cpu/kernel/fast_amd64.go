package kernel

type fastConv struct{}

func (fastConv) plan(*Conv, ConvOptions) {}

func (c *Conv) forwardFast(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e Epilogue) {
	c.forwardGeneric(p, y, ldy, x, ldx, w, e)
}

func (c *Conv) backwardInputFast(p *Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e Epilogue) {
	flipped := takeScratch(c.weights())
	c.flip(flipped, w)
	c.transpose.forwardGeneric(p, dx, ldx, dy, ldy, flipped, e)
	giveScratch(flipped)
}

func (c *Conv) backwardKernelFast(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	c.backwardKernelGeneric(p, dw, x, ldx, dy, ldy, accumulate)
}
