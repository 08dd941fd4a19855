package kernel

import (
	"sync"
	"unsafe"
)

// winogradGrad is one gradient by the kernel at work. With x's tiles transformed as forward, and dy's tiles by the transform of a kernel of a tile's size, the
// transformed gradient at each point is the product of the two over all tiles. Chunks of tiles are transformed (pieces: tiles), then multiplied and
// added (pieces: points times rows); in the end the sum is transformed back (pieces: input channels).
type winogradGrad struct {
	conv          *Conv
	t             tiling
	w             *winograd
	x, dy         []float32
	ldx, ldy      int
	inputs, grads []float32 // [points,chunk,cin], [points,chunk,cout]
	sum           []float32 // [points,cin,cout]
	chunk         int       // tiles of a chunk
	first, count  int       // the tiles at work
	tiles         int       // register tiles of cin
	dw            []float32 // of this group, Cout apart
	accumulate    bool
	transform     winogradGradTransform
	back          winogradGradBack
}

// The two other steps, as tasks of their own.
type (
	winogradGradTransform struct{ k *winogradGrad }
	winogradGradBack      struct{ k *winogradGrad }
)

const winogradGradBytes = 6 << 20 // of a chunk's transformed tiles: they stay in the last cache

var freeWinogradGrads = sync.Pool{New: func() any { return new(winogradGrad) }}

func (c *Conv) backwardKernelWinograd(p *Pool, dw []float32, x []float32, ldx int, dy []float32, ldy int, accumulate bool) {
	f, s, w := &c.fast, &c.shape, c.fast.winograd
	k := freeWinogradGrads.Get().(*winogradGrad)
	*k = winogradGrad{conv: c, t: f.t, w: w, ldx: ldx, ldy: ldy, accumulate: accumulate, tiles: (c.cin + f.t.rows - 1) / f.t.rows}
	tiles := w.tiles(c)
	k.chunk = min(tiles, max(64, winogradGradBytes/(4*w.size()*(c.cin+c.cout))))
	k.chunk = (tiles + (tiles+k.chunk-1)/k.chunk - 1) / ((tiles + k.chunk - 1) / k.chunk) // equal chunks
	k.inputs, k.grads = takeScratch(w.size()*k.chunk*c.cin+f.t.rows), takeScratch(w.size()*k.chunk*c.cout)
	k.sum = takeScratch(w.size() * c.cin * c.cout)
	k.transform.k, k.back.k = k, k
	for g := range s.Groups {
		k.x, k.dy, k.dw = x[g*c.cin:], dy[g*c.cout:], dw[g*c.cout:]
		for k.first = 0; k.first < tiles; k.first += k.chunk {
			k.count = min(k.chunk, tiles-k.first)
			p.Do(k.count, 4, &k.transform)
			p.Do(w.size()*k.tiles, 1, k)
		}
		p.Do(c.cin, 4, &k.back)
	}
	giveScratch(k.inputs)
	giveScratch(k.grads)
	giveScratch(k.sum)
	*k = winogradGrad{}
	freeWinogradGrads.Put(k)
}

// Run transforms tiles [lo,hi) of the chunk.
func (r *winogradGradTransform) Run(lo, hi, _ int) {
	k := r.k
	c, w, s := k.conv, k.w, &k.conv.shape
	x := freeTransformers.Get().(*transformer)
	x.begin()
	zeros := address(c.fast.zeros, 0)
	for i := lo; i < hi; i++ {
		n, row, column := w.at(k.first + i)
		steps(&x.to, w.size(), k.chunk*c.cin)
		square(&x.from, w.points, row-s.PadTop, column-s.PadLeft, s.H, s.W, address(k.x, n*s.H*s.W*k.ldx), k.ldx, zeros)
		x.args.toBase, x.args.n = address(k.inputs, i*c.cin), uintptr(c.cin)
		w.input(&x.args)
		steps(&x.to, w.size(), k.chunk*c.cout)
		square(&x.from, w.tile, row, column, c.ho, c.wo, address(k.dy, n*c.ho*c.wo*k.ldy), k.ldy, zeros)
		x.args.toBase, x.args.n = address(k.grads, i*c.cout), uintptr(c.cout)
		w.gradient(&x.args)
	}
	freeTransformers.Put(x)
}

// Run multiplies register tiles [lo,hi), counted point by point, over the chunk.
func (k *winogradGrad) Run(lo, hi, _ int) {
	c, f := k.conv, &k.conv.fast
	t := takeTables()
	a := &t.args
	e := Epilogue{Accumulate: k.first > 0}
	for unit := lo; unit < hi; {
		point := unit / k.tiles
		end := min(hi, (point+1)*k.tiles)
		t.reset(c.cout)
		t.open()
		for i := range k.count {
			t.entries = append(t.entries, address(k.inputs, (point*k.chunk+i)*c.cin), address(k.grads, (point*k.chunk+i)*c.cout))
		}
		t.entry(0)
		for u := unit; u < end; u++ {
			row := u % k.tiles * f.t.rows
			for i := range f.t.rows {
				if row+i < c.cin {
					t.c = append(t.c, address(k.sum, (point*c.cin+row+i)*c.cout))
				} else {
					t.c = append(t.c, address(t.trash, 0))
				}
			}
		}
		for _, p := range f.panels {
			a.set(f.t, p, &e, true, true)
			a.b = uintptr(4 * p.column)
			for u := unit; u < end; u++ {
				a.k = uintptr(4 * (u % k.tiles * f.t.rows))
				a.c = uintptr(unsafe.Pointer(&t.c[(u-unit)*f.t.rows]))
				a.outer(f.t, p.vectors)
			}
		}
		unit = end
	}
	giveTables(t)
}

// Run transforms input channels [lo,hi) of the sum back to the kernel's taps.
func (r *winogradGradBack) Run(lo, hi, _ int) {
	k := r.k
	c, w := k.conv, k.w
	x := freeTransformers.Get().(*transformer)
	x.begin()
	steps(&x.from, w.size(), c.cin*c.cout)
	taps := w.side * w.side
	row := takeScratch(taps * c.cout)
	steps(&x.to, taps, c.cout)
	for ci := lo; ci < hi; ci++ {
		x.args.fromBase, x.args.toBase, x.args.n = address(k.sum, ci*c.cout), address(row, 0), uintptr(c.cout)
		w.kernelGradient(&x.args)
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
	freeTransformers.Put(x)
}
