package cpu

import "github.com/gomlx/compute"

// epilogue is what a convolution's last pass can do for the group that reads it: add a bias to every pixel, and clamp at zero.
type epilogue struct {
	bias *node // [1,1,1,C]
	relu bool
	out  *node // the group's only output
}

// epilogueOf returns the epilogue that stands for the whole group that reads the convolution n, where there is one.
func epilogueOf(n *node) (e epilogue, ok bool) {
	if n.result || len(n.users) != 1 || n.users[0].group == nil {
		return e, false
	}
	add := n.users[0]
	gr := add.group
	if add.kind != compute.OpTypeAdd || len(gr.outputs) != 1 || !add.shape.Equal(n.shape) {
		return e, false
	}
	e.bias, e.out = add.in[0], gr.outputs[0]
	if e.bias == n {
		e.bias = add.in[1]
	}
	if e.bias == n || e.bias.group == gr || !channelRow(e.bias, n) {
		return e, false
	}
	if e.out != add {
		x, clamps := clamped(e.out)
		if !clamps || x != add || e.out.in[2] != add {
			return e, false
		}
		e.relu = true
	}
	for _, m := range gr.members { // nothing else may hide in the group
		_, constant := m.splat()
		if !(m == add || constant || e.relu && (m == e.out || m == e.out.in[0])) {
			return e, false
		}
	}
	return e, true
}

// channelRow reports whether b is one value for each place on the last axis of y, which has four.
func channelRow(b, y *node) bool {
	d := b.dims()
	return b.float() && len(d) == 4 && d[0] == 1 && d[1] == 1 && d[2] == 1 && d[3] == y.dims()[3]
}

// name is the step's.
func (e epilogue) name() string {
	if e.relu {
		return "convolution, bias, ReLU"
	}
	return "convolution, bias"
}

// scaleOutputs turns a convolution with w*a, a being a factor of each output channel, into one with w whose last pass multiplies by a: batch norm with
// fixed statistics then needs no pass over the weights.
func (g *graph) scaleOutputs(n *node) {
	if n.kind != compute.OpTypeConvGeneral {
		return
	}
	c, ok := convolutionOf(n)
	if !ok || c.w.kind != compute.OpTypeMul || c.w.result || len(c.w.users) != 1 || c.x == c.w {
		return
	}
	w, a := c.w.in[0], c.w.in[1]
	if channelRow(w, c.w) {
		w, a = a, w
	}
	if !w.shape.Equal(c.w.shape) || !channelRow(a, c.w) {
		return
	}
	if _, ok := g.forward(n, c); ok {
		n.in, n.scaled = []*node{c.x, w, a}, true
	}
}
