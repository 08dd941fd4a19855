package kernel

// Packed is a kernel made ready for one convolution's forward pass, for callers whose weights stay the same over many: packing (and above all
// Winograd's transform) costs as much as the convolution of a few images.
type Packed struct {
	conv *Conv
	data []float32
}

// Pack prepares w [KH,KW,Cin/Groups,Cout]. The result does not refer to w.
func (c *Conv) Pack(p *Pool, w []float32) *Packed {
	need("kernel", w, c.weights())
	k := &Packed{conv: c}
	k.Update(p, w)
	return k
}

// Update prepares other weights in the same memory.
func (k *Packed) Update(p *Pool, w []float32) {
	c := k.conv
	need("kernel", w, c.weights())
	n := c.weights()
	if active != Generic {
		n = c.packedFast()
	}
	if len(k.data) != n {
		k.data = make([]float32, n)
	}
	if active == Generic {
		copy(k.data, w)
	} else {
		c.packFast(p, k.data, w)
	}
}

// Forward is Conv.Forward with the prepared kernel.
func (k *Packed) Forward(p *Pool, y []float32, ldy int, x []float32, ldx int, e Epilogue) {
	c := k.conv
	ldx, ldy = c.check(x, ldx, y, ldy)
	e.need(c.shape.Cout)
	if active == Generic {
		c.forwardGeneric(p, y, ldy, x, ldx, k.data, e)
		return
	}
	c.runPacked(p, y, ldy, x, ldx, k.data, e)
}
