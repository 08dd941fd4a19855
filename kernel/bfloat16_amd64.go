package kernel

// pairArgs is a copy of floats to pairs of bfloat16; the assembly knows the offsets. A pair takes a float's place and holds two values that are
// multiplied with another pair's and added to one sum. So a matrix of pairs is a matrix of floats to all that only moves it.
type pairArgs struct {
	to, toStep  uintptr // first row to write, bytes between rows
	from, other uintptr // first rows to read; other: of the second values
	step        uintptr // bytes between rows to read
	count       uintptr // rows to write
	n           uintptr // floats of a row
}

// pairRowsAVX512 writes rows of (from[j], other[j]).
//
//go:noescape
func pairRowsAVX512(args *pairArgs)

// pairColumnsAVX512 writes rows of (from[2j], from[2j+1]), the second of a last one that is alone being 0.
//
//go:noescape
func pairColumnsAVX512(args *pairArgs)

//go:noescape
func gatherBF16_8x16(args *tileArgs)

//go:noescape
func gatherBF16_8x32(args *tileArgs)

//go:noescape
func gatherBF16_8x48(args *tileArgs)

//go:noescape
func outerBF16_8x16(args *tileArgs)

//go:noescape
func outerBF16_8x32(args *tileArgs)

//go:noescape
func outerBF16_8x48(args *tileArgs)

// pairColumns pairs neighbours of each row: src [rows,n] -> dst [rows,(n+1)/2].
func pairColumns(dst []float32, ldDst int, src []float32, ldSrc, rows, n int) {
	if rows == 0 {
		return
	}
	pairColumnsAVX512(&pairArgs{to: address(dst, 0), toStep: uintptr(4 * ldDst), from: address(src, 0), step: uintptr(4 * ldSrc), count: uintptr(rows), n: uintptr(n)})
}

// pairRows pairs rows two by two: src [rows,n] -> dst [(rows+1)/2,n]. A last row that is alone is paired with zeros.
func pairRows(dst []float32, ldDst int, src []float32, ldSrc, rows, n int) {
	a := pairArgs{to: address(dst, 0), toStep: uintptr(4 * ldDst), from: address(src, 0), other: address(src, ldSrc), step: uintptr(8 * ldSrc),
		count: uintptr(rows / 2), n: uintptr(n)}
	if rows > 1 {
		pairRowsAVX512(&a)
	}
	if rows%2 == 1 {
		zeros := takeScratch(n)
		clear(zeros)
		a.to, a.from, a.other, a.count = address(dst, rows/2*ldDst), address(src, (rows-1)*ldSrc), address(zeros, 0), 1
		pairRowsAVX512(&a)
		giveScratch(zeros)
	}
}

// leastPaired channels on both sides make it worth while to round what is multiplied.
const leastPaired = 16

// pairsPointwise tells whether the products of a 1x1 convolution and its gradients are taken of bfloat16: not where few outputs read the kernel as it lies.
func (c *Conv) pairsPointwise(opt ConvOptions) bool {
	return opt.Precision == BFloat16 && min(c.cin, c.cout) >= leastPaired && c.shape.N*c.ho*c.wo > fewOutputs
}

// pairsStrips is pairsPointwise for what reads padded copies of rows: there a row's outputs are paired.
func (c *Conv) pairsStrips(opt ConvOptions) bool {
	return opt.Precision == BFloat16 && c.fast.run >= c.fast.t.rows && c.cout >= leastPaired && c.wo%2 == 0 && c.shape.N*c.ho*c.wo > fewOutputs
}

// packPairs packs panel p of pairs of rows, those of a tap together.
func (x *packTask) packPairs(p panel) {
	width, depth := p.vectors*x.t.vector, x.t.depth(x.run)
	dst := x.dst[p.column*x.taps*depth:][:width*x.taps*depth]
	if p.cols < width {
		clear(dst)
	}
	if !x.turned {
		for tap := range x.taps {
			pairRows(dst[tap*depth*width:], width, x.src[tap*x.run*x.ld+p.column:], x.ld, x.run, p.cols)
		}
		return
	}
	rows := takeScratch(p.cols * depth)
	pairColumns(rows, depth, x.src[p.column*x.ld:], x.ld, p.cols, x.run)
	Transpose(dst, width, rows, depth, p.cols, depth)
	giveScratch(rows)
}

// fillPairs is fill where two outputs' rows of x and of dy are multiplied as one row of pairs: it copies what dw's tiles [unit,unitEnd) are made of.
func (k *gradTask) fillPairs(t *tables, block, unit, unitEnd int) {
	c := k.conv
	t.entries, t.starts = t.entries[:0], t.starts[:0]
	if c.fast.strips != nil {
		k.fillStripPairs(t, block, unit/k.tiles, (unitEnd+k.tiles-1)/k.tiles)
		return
	}
	lo, hi := k.outputs(block)
	count := (hi - lo + 1) / 2
	// Rows begin at a cache line, and not a multiple of a page apart.
	ldx, ldy := k.t.padded(c.cin)+k.t.vector, k.t.padded(c.cout)+k.t.vector
	t.room(count * (ldx + ldy))
	x, dy := t.block[:count*ldx], t.block[count*ldx:]
	first, last := k.firstRow(unit), k.firstRow(unitEnd-1)+k.t.rows
	pairRows(x[first:], ldx, k.x[lo*k.ldx+k.group*c.cin+first:], k.ldx, hi-lo, last-first)
	pairRows(dy, ldy, k.dy[lo*k.ldy+k.group*c.cout:], k.ldy, hi-lo, c.cout)
	t.open()
	for i := range count {
		t.entries = append(t.entries, address(x, i*ldx), address(dy, i*ldy))
	}
}

// fillStripPairs is fillPairs for taps [tap,tapEnd) of kernels that read padded copies of rows.
func (k *gradTask) fillStripPairs(t *tables, block, tap, tapEnd int) {
	c, p, s := k.conv, k.conv.fast.strips, &k.conv.shape
	n, oh0 := block/p.blocks, block%p.blocks*p.rows
	outputs, size, apart := min(p.rows, c.ho-oh0)*c.wo, p.tall*p.width, s.StrideW*s.Cin
	ldy := k.t.padded(c.cout) + k.t.vector
	t.room(2*size + outputs/2*ldy)
	x, dy := t.block[size:2*size], t.block[2*size:]
	c.copyStrips(t.block, k.x, k.ldx, n, oh0)
	// What an output reads is paired with what its neighbour reads.
	pairRowsAVX512(&pairArgs{to: address(x, 0), toStep: uintptr(4 * p.width), from: address(t.block, 0), other: address(t.block, apart),
		step: uintptr(4 * p.width), count: uintptr(p.tall), n: uintptr(p.width - apart)})
	pairRows(dy, ldy, k.dy[(n*c.ho+oh0)*c.wo*k.ldy:], k.ldy, outputs, c.cout)
	copied := strip{address(x, 0), uintptr(4 * p.width), uintptr(4 * apart)}
	for ; tap < tapEnd; tap++ {
		t.open()
		for i := range outputs / 2 {
			t.entries = append(t.entries, copied.read(s, 2*i/c.wo, 2*i%c.wo, tap), address(dy, i*ldy))
		}
	}
}
