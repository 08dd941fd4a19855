package kernel

import (
	"sync"
	"unsafe"
)

// winogradGrad is one gradient by the kernel at work. With x's tiles transformed as forward, and dy's tiles by the transform of a kernel of a tile's
// size, the transformed gradient at each point is the product of the two over all tiles; in the end that sum is transformed back. Tiles are taken a
// chunk at a time. As with the direct way the work is shared out in one of two ways: with many tiles each piece sums its own tiles, and the sums are
// added in order; with few, each chunk's tiles and then its products are shared out.
type winogradGrad struct {
	conv       *Conv
	x, dy      []float32
	ldx, ldy   int
	parts      []gradPart // one, or one a piece
	rows       int        // register tiles of cin
	dw         []float32  // of this group, Cout apart
	accumulate bool
	transform  winogradGradTransform
	multiply   winogradGradMultiply
	back       winogradGradBack
}

// The steps, as tasks of their own.
type (
	winogradGradTransform struct{ k *winogradGrad }
	winogradGradMultiply  struct{ k *winogradGrad }
	winogradGradBack      struct{ k *winogradGrad }
)

// gradPart is a sum over some tiles.
type gradPart struct {
	inputs, grads []float32 // [points,chunk,cin], [points,chunk,cout]; of bfloat16, two tiles in one
	sum           []float32 // [points,cin,cout]
	chunk         int       // tiles of a chunk
	begin         int       // the part's first tile
	first, count  int       // the tiles at work
}

const (
	winogradGradBytes = 4 << 20 // of a worker's chunk of transformed tiles: they stay in the last cache
	winogradSumBytes  = 2 << 20 // of a sum that is worth keeping several of
)

var freeWinogradGrads = sync.Pool{New: func() any { return new(winogradGrad) }}

func (c *Conv) backwardKernelWinograd(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	f, s, w := &c.fast, &c.shape, c.fast.winograd
	k := freeWinogradGrads.Get().(*winogradGrad)
	*k = winogradGrad{conv: c, ldx: ldx, ldy: ldy, accumulate: accumulate, rows: (c.cin + f.t.rows - 1) / f.t.rows, parts: k.parts[:0]}
	k.transform.k, k.multiply.k, k.back.k = k, k, k
	tiles := w.tiles(c)
	pieces := 1
	if p.workers > 1 && 4*w.size()*c.cin*c.cout <= winogradSumBytes && tiles >= 128*p.workers {
		pieces = 2 * p.workers
	}
	for i := range pieces {
		k.parts = append(k.parts, k.newPart(i*tiles/pieces, (i+1)*tiles/pieces, 2*winogradGradBytes/min(pieces, 2)))
	}
	for g := range s.Groups {
		k.x, k.dy, k.dw = x[g*c.cin:], dy[g*c.cout:], dw[g*c.cout:]
		if pieces > 1 {
			p.DoEach(pieces, k)
		} else {
			part := &k.parts[0]
			for part.first = 0; part.first < tiles; part.first += part.chunk {
				part.count = min(part.chunk, tiles-part.first)
				p.Do(f.t.depth(part.count), 4, &k.transform)
				p.Do(w.size()*k.rows, 1, &k.multiply)
			}
		}
		p.Do(c.cin, 4, &k.back)
	}
	for i := range k.parts {
		k.parts[i].give()
		k.parts[i] = gradPart{}
	}
	*k = winogradGrad{parts: k.parts[:0]}
	freeWinogradGrads.Put(k)
}

// newPart makes the sum over tiles [begin,end), in equal chunks of about so many bytes.
func (k *winogradGrad) newPart(begin, end, bytes int) gradPart {
	c, w := k.conv, k.conv.fast.winograd
	n := end - begin
	t := &c.fast.t
	if w.pairs {
		bytes *= 2
	}
	chunk := min(n, max(64, bytes/(4*w.size()*(c.cin+c.cout))))
	chunks := (n + chunk - 1) / chunk
	chunk = (n + chunks - 1) / chunks
	return gradPart{
		inputs: takeScratch(w.size()*t.depth(chunk)*c.cin + t.rows), // the last tile of rows may reach past the end
		grads:  takeScratch(w.size() * t.depth(chunk) * c.cout),
		sum:    takeScratch(w.size() * c.cin * c.cout),
		chunk:  chunk, begin: begin,
	}
}

func (p *gradPart) give() {
	giveScratch(p.inputs)
	giveScratch(p.grads)
	giveScratch(p.sum)
}

// Run sums parts [lo,hi).
func (k *winogradGrad) Run(lo, hi, _ int) {
	for i := lo; i < hi; i++ {
		part := &k.parts[i]
		end := k.conv.fast.winograd.tiles(k.conv)
		if i+1 < len(k.parts) {
			end = k.parts[i+1].begin
		}
		for part.first = part.begin; part.first < end; part.first += part.chunk {
			part.count = min(part.chunk, end-part.first)
			k.transformTiles(part, 0, k.conv.fast.t.depth(part.count))
			k.multiplyRows(part, 0, k.conv.fast.winograd.size()*k.rows)
		}
	}
}

func (r *winogradGradTransform) Run(lo, hi, _ int) { r.k.transformTiles(&r.k.parts[0], lo, hi) }

func (r *winogradGradMultiply) Run(lo, hi, _ int) { r.k.multiplyRows(&r.k.parts[0], lo, hi) }

// transformTiles transforms x and dy of tiles [lo,hi) of the part's chunk, of pairs of them where products are taken of bfloat16.
func (k *winogradGrad) transformTiles(part *gradPart, lo, hi int) {
	if k.conv.fast.winograd.pairs {
		k.transformPairs(part, lo, hi)
		return
	}
	c, w, s := k.conv, k.conv.fast.winograd, &k.conv.shape
	t := freeTransformers.Get().(*transformer)
	t.begin()
	zeros := address(c.fast.zeros, 0)
	steps(&t.to, w.size(), part.chunk*c.cin)
	t.args.n, t.args.ahead = uintptr(c.cin), uintptr(4*w.tile*k.ldx)
	for i := lo; i < hi; i++ {
		n, row, column := w.at(part.first + i)
		square(&t.from, w.points, row-s.PadTop, column-s.PadLeft, s.H, s.W, address(k.x, n*s.H*s.W*k.ldx), k.ldx, zeros)
		t.args.toBase = address(part.inputs, i*c.cin)
		w.input(&t.args)
	}
	steps(&t.to, w.size(), part.chunk*c.cout)
	t.args.n, t.args.ahead = uintptr(c.cout), uintptr(4*w.tile*k.ldy)
	for i := lo; i < hi; i++ {
		n, row, column := w.at(part.first + i)
		square(&t.from, w.tile, row, column, c.ho, c.wo, address(k.dy, n*c.ho*c.wo*k.ldy), k.ldy, zeros)
		t.args.toBase = address(part.grads, i*c.cout)
		w.gradient(&t.args)
	}
	freeTransformers.Put(t)
}

// multiplyRows adds the chunk's products to register tiles [lo,hi) of rows, counted point by point.
func (k *winogradGrad) multiplyRows(part *gradPart, lo, hi int) {
	c, f := k.conv, &k.conv.fast
	t := takeTables()
	a := &t.args
	e := Epilogue{Accumulate: part.first > part.begin}
	for unit := lo; unit < hi; {
		point := unit / k.rows
		end := min(hi, (point+1)*k.rows)
		t.reset(c.cout)
		t.open()
		depth := f.t.depth(part.chunk)
		for i := range f.t.depth(part.count) {
			t.entries = append(t.entries, address(part.inputs, (point*depth+i)*c.cin), address(part.grads, (point*depth+i)*c.cout))
		}
		t.entry(0)
		for u := unit; u < end; u++ {
			row := u % k.rows * f.t.rows
			for i := range f.t.rows {
				if row+i < c.cin {
					t.c = append(t.c, address(part.sum, (point*c.cin+row+i)*c.cout))
				} else {
					t.c = append(t.c, address(t.trash, 0))
				}
			}
		}
		var ahead lookahead
		if next := point + 1; next < c.fast.winograd.size() {
			ahead.plan(part.inputs[next*depth*c.cin:][:depth*c.cin], part.grads[next*depth*c.cout:][:depth*c.cout], (end-unit)*len(f.panels))
		}
		for _, p := range f.panels {
			a.set(f.t, p, &e, true, true)
			a.b = uintptr(4 * p.column)
			for u := unit; u < end; u++ {
				a.k = uintptr(4 * (u % k.rows * f.t.rows))
				a.c = uintptr(unsafe.Pointer(&t.c[(u-unit)*f.t.rows]))
				ahead.next(a, len(t.entries)/2)
				a.outer(f.t, p.vectors)
			}
		}
		unit = end
	}
	giveTables(t)
}

// Run adds the parts' sums up for input channels [lo,hi) and transforms them back to the kernel's taps.
func (r *winogradGradBack) Run(lo, hi, _ int) {
	k := r.k
	c, w := k.conv, k.conv.fast.winograd
	t := freeTransformers.Get().(*transformer)
	t.begin()
	steps(&t.from, w.size(), c.cin*c.cout)
	taps := w.side * w.side
	row := takeScratch(taps * c.cout)
	steps(&t.to, taps, c.cout)
	sum := k.parts[0].sum
	for ci := lo; ci < hi; ci++ {
		for _, part := range k.parts[1:] {
			for point := range w.size() {
				at := (point*c.cin + ci) * c.cout
				Add.Apply(sum[at:at+c.cout], sum[at:], part.sum[at:])
			}
		}
		t.args.fromBase, t.args.toBase, t.args.n = address(sum, ci*c.cout), address(row, 0), uintptr(c.cout)
		w.kernelGradient(&t.args)
		for tap := range taps {
			dst := k.dw[(tap*c.cin+ci)*c.shape.Cout:][:c.cout]
			if k.accumulate {
				Add.Apply(dst, dst, row[tap*c.cout:])
			} else {
				copy(dst, row[tap*c.cout:])
			}
		}
	}
	giveScratch(row)
	freeTransformers.Put(t)
}
