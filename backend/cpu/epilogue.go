package cpu

import (
	"math"

	"github.com/gomlx/compute"
)

// epilogue is what a convolution's last pass can do for the group that reads it: add a bias to every pixel, clamp at zero, and limit, as ReLU6 does.
type epilogue struct {
	bias  *node // [1,1,1,C]
	relu  bool
	limit float32 // 0 for none
	out   *node   // the group's only output
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
	if e.bias == n || e.bias.group == gr || e.bias.splats() || !channelRow(e.bias, n) {
		return e, false
	}
	known := map[*node]bool{add: true}
	last := e.out
	if x, limit, ok := limited(last); ok && x == last.in[2] && last != add {
		known[last], known[last.in[0]] = true, true
		e.limit, last = limit, x
	}
	if last != add {
		x, clamps := clamped(last)
		if !clamps || x != add || last.in[2] != add {
			return e, false
		}
		known[last], known[last.in[0]] = true, true
		e.relu = true
	}
	for _, m := range gr.members { // nothing else may hide in the group
		if _, constant := m.splat(); !constant && !known[m] {
			return e, false
		}
	}
	return e, true
}

// limited returns x and the limit of n = Where(x >= limit, limit, anything), a limit above zero.
func limited(n *node) (x *node, limit float32, ok bool) {
	if n.kind != compute.OpTypeWhere || !n.float() || n.in[0].kind != compute.OpTypeGreaterOrEqual || !n.in[0].in[0].float() {
		return nil, 0, false
	}
	limit, ok = n.in[0].in[1].splat()
	most, is := n.in[1].splat()
	x = n.in[0].in[0]
	ok = ok && is && limit == most && limit > 0 && limit <= math.MaxFloat32
	return x, limit, ok && x.shape.Equal(n.shape) && n.in[2].shape.Equal(n.shape)
}

// channelRow reports whether b is one value for each place on the last axis of y, which has four.
func channelRow(b, y *node) bool {
	d := b.dims()
	return b.float() && len(d) == 4 && d[0] == 1 && d[1] == 1 && d[2] == 1 && d[3] == y.dims()[3]
}

// name is the step's.
func (e epilogue) name() string {
	name := "convolution, bias"
	if e.relu {
		name += ", ReLU"
	}
	if e.limit > 0 {
		name += ", limit"
	}
	return name
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
