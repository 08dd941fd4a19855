package cpu

// passes turn the recorded graph into the one that is planned, in this order.
var passes = []func(g *graph){
	// What only names another value is read there: names are left where GoMLX gave a value a gradient of its own.
	(*graph).skipNames,
	// The convolutions that are gradients of convolutions are known as such, whatever the order of their axes.
	func(g *graph) { g.each(g.gradients) },
	// The gradients that GoMLX takes group by group of a convolution of groups become the whole convolution's.
	func(g *graph) { g.each(g.regroup) },
	// What nothing needs any more goes.
	(*graph).sweep,
	// Images are laid out with their channels innermost, once, and so kept.
	(*graph).channelsInnermost,
	(*graph).skipNames,
	// Sums and maxima over axes that do not stand together are taken one run of axes after the other.
	(*graph).partReductions,
	// y = ReLU(x): its gradient reads y, so that x itself need not be kept.
	func(g *graph) { g.each(reluGradient) },
	(*graph).link,
	// y = min(x, limit): so does its gradient, and that of the ReLU before it, as in ReLU6.
	func(g *graph) { g.each(limitGradient) },
	// A convolution with a kernel that is multiplied per output channel multiplies its result instead, in its last pass.
	func(g *graph) { g.each(g.scaleOutputs) },
	// What nothing needs any more goes.
	(*graph).sweep,
	// Element-wise operations that feed each other become groups, which run tile by tile in one pass over memory.
	(*graph).cluster,
	// Sums of what groups compute are taken as it is computed, and groups join where one reads what another computes.
	(*graph).joinSums,
}

// fuse runs the passes.
func (g *graph) fuse() {
	for _, pass := range passes {
		pass(g)
	}
}

// each calls f for every node.
func (g *graph) each(f func(n *node)) {
	for _, n := range g.nodes {
		f(n)
	}
}
