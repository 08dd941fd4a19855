package cpu

import "github.com/dvml/dvml/backend/cpu/kernel"

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
	if add.name != "Add" || len(gr.outputs) != 1 || !add.shape.Equal(n.shape) {
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

// channelRow reports whether b is one value a channel of y [N,H,W,C].
func channelRow(b, y *node) bool {
	d := b.dims()
	return b.float() && len(d) == 4 && d[0] == 1 && d[1] == 1 && d[2] == 1 && d[3] == y.dims()[3]
}

// fused adds the step of a convolution together with the group that reads it, when the group's turn comes.
func (p *planner) fused(n *node, e epilogue, c convolution, k *kernel.Conv) {
	n.place = nowhere
	gr := e.out.group
	if p.deferred == nil {
		p.deferred = map[*group]func(){}
	}
	p.deferred[gr] = func() {
		xs, ws, bs, ys := p.slot(c.x), p.slot(c.w), p.slot(e.bias), p.slot(e.out)
		name := "convolution, bias"
		if e.relu {
			name = "convolution, bias, ReLU"
		}
		p.add(name, []*node{e.out}, []*node{c.x, c.w, e.bias}, func(w *workspace) func() error {
			return func() error {
				k.Forward(w.pool, w.f32[ys], 0, w.f32[xs], 0, w.f32[ws], kernel.Epilogue{Bias: w.f32[bs], ReLU: e.relu})
				return nil
			}
		})
	}
}
