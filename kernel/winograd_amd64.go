package kernel

import (
	"os"
	"sync"
	"unsafe"
)

// winograd is the plan of a 3x3 or 5x5 convolution of stride 1 by Winograd's algorithm (Lavin and Gray, "Fast algorithms for convolutional neural networks",
// 2016): the output is cut into tiles, each tile's input and the kernel are transformed to a square of points, and at each point the sum over channels
// is a matrix product of tiles and weights.
type winograd struct {
	transforms
	high, across int  // tiles of an image
	perBlock     int  // tiles of a block
	pairs        bool // products are taken of bfloat16
}

// Environment variable DVML_WINOGRAD=off makes Auto mean Direct.
var winogradOff = os.Getenv("DVML_WINOGRAD") == "off"

const winogradBytes = 384 << 10 // of transformed input in a block: with a panel's products it stays in the second cache

// planWinograd returns nil if the convolution is not to be done that way.
func planWinograd(c *Conv, t tiling, opt ConvOptions) *winograd {
	s, a := &c.shape, opt.Algorithm
	if s.KH != s.KW || s.StrideH != 1 || s.StrideW != 1 || s.DilationH != 1 || s.DilationW != 1 || s.InputDilationH != 1 || s.InputDilationW != 1 {
		return nil
	}
	if a == Direct || a == Auto && winogradOff {
		return nil
	}
	wide := 0
	if t.vector == 16 {
		wide = 1
	}
	w := &winograd{}
	switch {
	case s.KH == 3 && a == WinogradF23:
		w.transforms = winogradF23[wide]
	case s.KH == 3:
		w.transforms = winogradF43[wide]
	case s.KH == 5 && a != WinogradF23:
		w.transforms = winogradF25[wide]
	default:
		return nil
	}
	w.high, w.across = (c.ho+w.tile-1)/w.tile, (c.wo+w.tile-1)/w.tile
	w.pairs = opt.Precision == BFloat16 && w.narrow != nil
	t.pairs = w.pairs
	w.perBlock = min(max(winogradBytes/(4*w.size()*t.depth(c.cin))/t.rows, 2), 12) * t.rows
	if a == Auto && !w.pays(c) {
		return nil
	}
	return w
}

// pays compares the work with that of the direct way, both in multiplications: a transform costs as much as some of them per channel, that of the
// kernel, which writes four times what it reads, as thirty products of its size, and small channel counts fill the tile kernels badly.
func (w *winograd) pays(c *Conv) bool {
	if c.cin < 16 || c.cout < 16 {
		return false
	}
	const input, output, kernel, fill = 224, 192, 30, .85
	rate := 1.
	if w.pairs {
		rate = 2
	}
	channels := float64(c.cin * c.cout)
	tiles := float64(w.tiles(c))
	fast := tiles*(float64(w.size())*channels/(fill*rate)+input*float64(c.cin)+output*float64(c.cout)) + kernel*float64(w.size())*channels
	return fast < .9*float64(c.shape.N*c.reads())*channels
}

// gradPays is pays for the gradient by the kernel. A 5x5 kernel's is worth it where the products are less than half of the direct way's, which leaves
// out what falls into padding: measured, on 14 pixels and more, not on 7.
func (w *winograd) gradPays(c *Conv) bool {
	return w.side == 3 || 2*w.high*w.across*w.size() < c.reads()
}

// reads is the number of pixels that an image's outputs read, all taps together, without those in the padding.
func (c *Conv) reads() int {
	taps := 0
	for oh := range c.ho {
		for kh := range c.shape.KH {
			if c.h.at(oh, kh) >= 0 {
				taps++
			}
		}
	}
	across := 0
	for ow := range c.wo {
		for kw := range c.shape.KW {
			if c.w.at(ow, kw) >= 0 {
				across++
			}
		}
	}
	return taps * across
}

// size is the number of points of a tile.
func (w *winograd) size() int { return w.points * w.points }

// tiles is the number of tiles of all images.
func (w *winograd) tiles(c *Conv) int { return c.shape.N * w.high * w.across }

// transformer is one goroutine's memory for transforms.
type transformer struct {
	args transformArgs
	from [36]uintptr
	to   [36]uintptr
	// second is from of a second tile, where two are paired.
	second [36]uintptr
	work   [36 * 16]float32
	// trash is where outputs beyond the image go.
	trash [64]float32
}

var freeTransformers = sync.Pool{New: func() any { return new(transformer) }}

// begin points the arguments at the transformer's own lists.
func (x *transformer) begin() {
	x.args = transformArgs{from: uintptr(unsafe.Pointer(&x.from)), to: uintptr(unsafe.Pointer(&x.to)), work: uintptr(unsafe.Pointer(&x.work))}
}

// steps fills a list with places a fixed distance (in floats) apart.
func steps(list *[36]uintptr, n, step int) {
	for i := range n {
		list[i] = uintptr(4 * i * step)
	}
}

// square lists the pixels of a side x side square with its corner at (row,column) of an image [h,w] whose first pixel is at base; pixels outside are at
// outside. Places are for a base of 0.
func square(list *[36]uintptr, side, row, column, h, w int, base uintptr, ld int, outside uintptr) {
	i := 0
	for r := row; r < row+side; r++ {
		for c := column; c < column+side; c++ {
			if list[i] = outside; r >= 0 && r < h && c >= 0 && c < w {
				list[i] = base + uintptr(4*(r*w+c)*ld)
			}
			i++
		}
	}
}

// at returns a tile's image and the output at its corner.
func (w *winograd) at(tile int) (n, row, column int) {
	return tile / (w.high * w.across), tile / w.across % w.high * w.tile, tile % w.across * w.tile
}

// winogradTask is one convolution at work: pieces are blocks of tiles times groups of panels.
type winogradTask struct {
	conv     *Conv
	t        tiling
	w        *winograd
	x, y     []float32
	ldx, ldy int
	packed   []float32
	e        Epilogue
	groups   int
}

var freeWinograds = sync.Pool{New: func() any { return new(winogradTask) }}

// packedWinograd is the length of one group's transformed kernel.
func (f *fastConv) packedWinograd(c *Conv) int {
	return f.winograd.size() * f.t.padded(c.cout) * f.t.depth(c.cin)
}

// runWinograd convolves with a transformed kernel.
func (c *Conv) runWinograd(p *Pool, y []float32, ldy int, x []float32, ldx int, packed []float32, e Epilogue) {
	f := &c.fast
	k := freeWinograds.Get().(*winogradTask)
	*k = winogradTask{conv: c, t: f.t, w: f.winograd, ldx: ldx, ldy: ldy, groups: 1}
	blocks := (k.w.tiles(c) + k.w.perBlock - 1) / k.w.perBlock
	if p.workers > 1 {
		k.groups = min(len(f.panels), max(1, 2*p.workers/blocks))
	}
	size := f.packedWinograd(c)
	for g := range c.shape.Groups {
		k.x, k.y, k.packed, k.e = x[g*c.cin:], y[g*c.cout:], packed[g*size:], e.part(g*c.cout, c.cout)
		p.DoEach(blocks*k.groups, k)
	}
	*k = winogradTask{}
	freeWinograds.Put(k)
	if e.Limit > 0 { // the transform back does not know it: networks with ReLU6 have few such layers
		p.Parallel(c.shape.N*c.ho*c.wo, 1+16384/c.shape.Cout, func(lo, hi, _ int) {
			for i := lo; i < hi; i++ {
				row := y[i*ldy:][:c.shape.Cout]
				Min.Scalar(row, row, e.Limit)
			}
		})
	}
}

// Run does pieces [lo,hi).
func (k *winogradTask) Run(lo, hi, _ int) {
	c, w, f := k.conv, k.w, &k.conv.fast
	ld := f.t.vectors * f.t.vector // columns of a panel's products
	inputs, products := takeScratch(w.size()*w.perBlock*f.t.depth(c.cin)), takeScratch(w.size()*w.perBlock*ld)
	t, x := takeTables(), freeTransformers.Get().(*transformer)
	x.begin()
	k.tables(t, inputs, products, ld)
	for i := lo; i < hi; i++ {
		first := i / k.groups * w.perBlock
		count := min(w.perBlock, w.tiles(c)-first)
		k.inputs(x, inputs, first, count)
		group := i % k.groups
		for _, p := range f.panels[group*len(f.panels)/k.groups : (group+1)*len(f.panels)/k.groups] {
			k.products(t, p, (count+f.t.rows-1)/f.t.rows)
			k.outputs(x, products, ld, p, first, count)
		}
	}
	giveTables(t)
	freeTransformers.Put(x)
	giveScratch(inputs)
	giveScratch(products)
}

// tables lists, for each point, the rows of the block's transformed inputs [points,tiles,Cin] and of its products [points,tiles,ld], as many tiles at a
// time as a register tile has rows.
func (k *winogradTask) tables(t *tables, inputs, products []float32, ld int) {
	w, depth := k.w, k.t.depth(k.conv.cin)
	t.reset(0)
	for row := 0; row < w.size()*w.perBlock; row += k.t.rows {
		t.open()
		t.entries = append(t.entries, 0)
		for i := range k.t.rows {
			t.entries = append(t.entries, address(inputs, (row+i)*depth))
			t.c = append(t.c, address(products, (row+i)*ld))
		}
	}
}

// inputs transforms count tiles' inputs.
func (k *winogradTask) inputs(x *transformer, dst []float32, first, count int) {
	c, w, s := k.conv, k.w, &k.conv.shape
	zeros := address(c.fast.zeros, 0)
	transform, depth := w.input, k.t.depth(c.cin)
	if w.pairs {
		transform = w.narrow
	}
	steps(&x.to, w.size(), w.perBlock*depth)
	x.args.scale, x.args.bias, x.args.flags, x.args.fromBase = 0, 0, 0, 0
	x.args.ahead = uintptr(4 * w.tile * k.ldx)
	for i := range count {
		n, row, column := w.at(first + i)
		square(&x.from, w.points, row-s.PadTop, column-s.PadLeft, s.H, s.W, address(k.x, n*s.H*s.W*k.ldx), k.ldx, zeros)
		x.args.toBase, x.args.n = address(dst, i*depth), uintptr(c.cin)
		transform(&x.args)
	}
}

// products multiplies the transformed inputs with a panel of the transformed kernel, point by point.
func (k *winogradTask) products(t *tables, p panel, rows int) {
	depth, w, a := k.t.depth(k.conv.cin), k.w, &t.args
	width := p.vectors * k.t.vector
	whole := panel{vectors: p.vectors, cols: width}
	a.set(k.t, whole, &Epilogue{}, true, true)
	a.k, a.ldb = uintptr(4*depth), uintptr(4*width)
	for point := range w.size() {
		a.b = address(k.packed, (p.column*w.size()+point*width)*depth)
		for i := range rows {
			at := point*w.perBlock/k.t.rows + i
			t.entry(at)
			a.c = uintptr(unsafe.Pointer(&t.c[at*k.t.rows]))
			a.gather(k.t, p.vectors)
		}
	}
}

// outputs transforms a panel's products back and writes them to y.
func (k *winogradTask) outputs(x *transformer, products []float32, ld int, p panel, first, count int) {
	c, w := k.conv, k.w
	steps(&x.from, w.size(), w.perBlock*ld)
	x.args.toBase = uintptr(4 * p.column)
	outside := uintptr(unsafe.Pointer(&x.trash)) - x.args.toBase
	if k.e.Accumulate {
		x.args.flags |= flagAccumulate
	}
	if k.e.ReLU {
		x.args.flags |= flagReLU
	}
	if k.e.Scale != nil {
		x.args.scale = address(k.e.Scale, p.column)
	}
	if k.e.Bias != nil {
		x.args.bias = address(k.e.Bias, p.column)
	}
	for i := range count {
		n, row, column := w.at(first + i)
		square(&x.to, w.tile, row, column, c.ho, c.wo, address(k.y, n*c.ho*c.wo*k.ldy), k.ldy, outside)
		x.args.fromBase, x.args.n = address(products, i*ld), uintptr(p.cols)
		w.output(&x.args)
	}
	x.args.flags, x.args.scale, x.args.bias = 0, 0, 0
}

// winogradPack transforms a kernel [side,side,cin,ld] (one group's columns) into panels [points,cin,width]; pieces are ranges of cin, or of its pairs.
type winogradPack struct {
	c   *Conv
	src []float32
	dst []float32
	ld  int
}

// Run transforms the rows of input channels [lo,hi), of pairs of them where products are taken of bfloat16.
func (k *winogradPack) Run(lo, hi, _ int) {
	f, w := &k.c.fast, k.c.fast.winograd
	if w.pairs {
		k.packPairs(lo, hi)
		return
	}
	x := freeTransformers.Get().(*transformer)
	x.begin()
	steps(&x.from, w.side*w.side, k.c.cin*k.ld)
	for _, p := range f.panels {
		width := p.vectors * f.t.vector
		steps(&x.to, w.size(), k.c.cin*width)
		for ci := lo; ci < hi; ci++ {
			x.args.fromBase = address(k.src, ci*k.ld+p.column)
			x.args.toBase = address(k.dst, p.column*w.size()*k.c.cin+ci*width)
			x.args.n = uintptr(p.cols)
			w.kernel(&x.args)
		}
	}
	freeTransformers.Put(x)
}
