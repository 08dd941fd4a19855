package kernel

func (c *Conv) backwardKernelFast(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	c.backwardKernelGeneric(p, dw, x, ldx, dy, ldy, accumulate)
}
