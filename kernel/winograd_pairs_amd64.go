package kernel

import "unsafe"

// pairChannels is how many channels of two tiles are transformed before they are paired: they stay in the first cache.
const pairChannels = 64

// packPairs transforms the rows of pairs [lo,hi) of input channels and rounds them to pairs.
func (k *winogradPack) packPairs(lo, hi int) {
	c, f, w := k.c, &k.c.fast, k.c.fast.winograd
	x := freeTransformers.Get().(*transformer)
	x.begin()
	steps(&x.from, w.side*w.side, c.cin*k.ld)
	widest, depth := f.panels[0].vectors*f.t.vector, f.t.depth(c.cin)
	both := takeScratch(2 * w.size() * widest)
	first, second := both[:w.size()*widest], both[w.size()*widest:]
	steps(&x.to, w.size(), widest)
	for _, p := range f.panels {
		width := p.vectors * f.t.vector
		x.args.n = uintptr(p.cols)
		clear(both) // behind the panel's columns, and for a channel that is alone
		for pair := lo; pair < hi; pair++ {
			x.args.fromBase, x.args.toBase = address(k.src, 2*pair*k.ld+p.column), address(first, 0)
			w.kernel(&x.args)
			if 2*pair+1 < c.cin {
				x.args.fromBase, x.args.toBase = address(k.src, (2*pair+1)*k.ld+p.column), address(second, 0)
				w.kernel(&x.args)
			} else {
				clear(second)
			}
			pairRowsAVX512(&pairArgs{to: address(k.dst, p.column*w.size()*depth+pair*width), toStep: uintptr(4 * depth * width),
				from: address(first, 0), other: address(second, 0), step: uintptr(4 * widest), count: uintptr(w.size()), n: uintptr(width)})
		}
	}
	giveScratch(both)
	freeTransformers.Put(x)
}

// transformPairs transforms x and dy of pairs [lo,hi) of the part's tiles and rounds them to pairs.
func (k *winogradGrad) transformPairs(part *gradPart, lo, hi int) {
	c, w, s := k.conv, k.conv.fast.winograd, &k.conv.shape
	x := freeTransformers.Get().(*transformer)
	x.begin()
	zeros := address(c.fast.zeros, 0)
	steps(&x.to, w.size(), pairChannels)
	both := takeScratch(2 * w.size() * pairChannels)
	depth := c.fast.t.depth(part.chunk)
	for i := lo; i < hi; i++ {
		x.args.ahead = uintptr(8 * w.tile * k.ldx)
		k.pairTiles(x, w.input, both, part, i, part.inputs[i*c.cin:], depth, c.cin, func(list *[36]uintptr, n, row, column int) {
			square(list, w.points, row-s.PadTop, column-s.PadLeft, s.H, s.W, address(k.x, n*s.H*s.W*k.ldx), k.ldx, zeros)
		})
		x.args.ahead = uintptr(8 * w.tile * k.ldy)
		k.pairTiles(x, w.gradient, both, part, i, part.grads[i*c.cout:], depth, c.cout, func(list *[36]uintptr, n, row, column int) {
			square(list, w.tile, row, column, c.ho, c.wo, address(k.dy, n*c.ho*c.wo*k.ldy), k.ldy, zeros)
		})
	}
	giveScratch(both)
	freeTransformers.Put(x)
}

// pairTiles transforms tiles 2*pair and 2*pair+1 of the part's chunk, of n channels each, whose places list gives, and writes them to dst [points,depth,n].
func (k *winogradGrad) pairTiles(x *transformer, transform func(*transformArgs), both []float32, part *gradPart, pair int, dst []float32, depth, n int,
	list func(places *[36]uintptr, n, row, column int)) {
	w := k.conv.fast.winograd
	size := w.size()
	lists := [2]*[36]uintptr{&x.from, &x.second}
	count := min(2, part.count-2*pair)
	for i := range count {
		image, row, column := w.at(part.first + 2*pair + i)
		list(lists[i], image, row, column)
	}
	if count == 1 {
		clear(both[size*pairChannels:])
	}
	for channel := 0; channel < n; channel += pairChannels {
		x.args.fromBase, x.args.n = uintptr(4*channel), uintptr(min(pairChannels, n-channel))
		for i := range count {
			x.args.from, x.args.toBase = uintptr(unsafe.Pointer(lists[i])), address(both, i*size*pairChannels)
			transform(&x.args)
		}
		pairRowsAVX512(&pairArgs{to: address(dst, channel), toStep: uintptr(4 * depth * n), from: address(both, 0), other: address(both, size*pairChannels),
			step: 4 * pairChannels, count: uintptr(size), n: x.args.n})
	}
}
