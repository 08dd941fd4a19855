package kernel

import "sync"

// fastConv is the plan of a convolution for the tile kernels, made once.
type fastConv struct {
	t            tiling
	panels       []panel // of one group's outputs
	taps         int
	run          int     // floats that one tap reads of a pixel's row
	reads        []int32 // [taps,Ho*Wo]: the pixel that a tap of an output reads, within an image, or -1
	order        []int32 // the outputs of an image, those that meet the same taps together
	zeros        []float32
	strips       *stripPlan // for few channels: taps are rows of the kernel, read from padded copies of x's rows
	whole        int        // images whose outputs are tiled position by position (a multiple of the tile's rows)
	winograd     *winograd  // or nil
	winogradGrad bool       // the gradient by the kernel too
	bytes        int        // of x that belong to an output, roughly: for the size of blocks
}

// Outputs of a block: as many as keep its part of x in the second cache.
const (
	blockBytes    = 256 << 10
	leastOutputs  = 48
	mostOutputs   = 512
	positionLimit = 32 * 32 // larger images lose little to padding
)

func (f *fastConv) plan(c *Conv, opt ConvOptions) {
	s := &c.shape
	f.t = tilingOf(active)
	f.panels = f.t.panels(c.cout)
	f.taps, f.run = s.KH*s.KW, c.cin
	outputs := c.ho * c.wo
	f.bytes = 4 * c.cin * max(1, s.H*s.W/outputs)
	if s.pointwise() {
		f.t.pairs = c.pairsPointwise(opt)
		return
	}
	if f.strips = planStrips(c, f.t); f.strips != nil {
		f.taps, f.run = s.KH, s.KW*s.Cin
		f.t.pairs = c.pairsStrips(opt)
		return
	}
	f.zeros = make([]float32, max(c.cin, c.cout))
	f.winograd = planWinograd(c, f.t, opt)
	f.winogradGrad = f.winograd != nil && (opt.Algorithm != Auto || f.winograd.gradPays(c))
	f.t.pairs = f.winograd != nil && f.winograd.pairs
	f.reads = make([]int32, f.taps*outputs)
	for kh := range s.KH {
		for kw := range s.KW {
			reads := f.reads[(kh*s.KW+kw)*outputs:][:outputs]
			for oh := range c.ho {
				for ow := range c.wo {
					ih, iw := c.h.at(oh, kh), c.w.at(ow, kw)
					if reads[oh*c.wo+ow] = -1; ih >= 0 && iw >= 0 {
						reads[oh*c.wo+ow] = int32(ih*s.W + iw)
					}
				}
			}
		}
	}
	if outputs <= positionLimit {
		f.whole = s.N / f.t.rows * f.t.rows
	}
	for ph := range min(s.InputDilationH, c.ho) {
		for pw := range min(s.InputDilationW, c.wo) {
			for oh := ph; oh < c.ho; oh += s.InputDilationH {
				for ow := pw; ow < c.wo; ow += s.InputDilationW {
					f.order = append(f.order, int32(oh*c.wo+ow))
				}
			}
		}
	}
}

// packedSize is the length of one group's packed kernel.
func (f *fastConv) packedSize(c *Conv) int {
	if f.winograd != nil {
		return f.packedWinograd(c)
	}
	return f.t.padded(c.cout) * f.taps * f.t.depth(f.run)
}

// convTask is one forward convolution at work; reused. It is its own tileSource.
type convTask struct {
	gatherRun
	conv     *Conv
	x, y     []float32
	ldx, ldy int
	block    int // outputs of a block
	images   int // blocks of the images tiled position by position
	rows     copiedRows
}

var freeConvs = sync.Pool{New: func() any { return new(convTask) }}

func (c *Conv) forwardFast(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, e Epilogue) {
	if c.fast.t.vector == 16 && c.fast.winograd == nil && c.shape.N*c.ho*c.wo <= fewOutputs {
		c.runDirect(p, y, ldy, x, ldx, w, c.shape.Cout, e)
		return
	}
	packed := takeScratch(c.packedFast())
	c.packFast(p, packed, w)
	c.runPacked(p, y, ldy, x, ldx, packed, e)
	giveScratch(packed)
}

// fewOutputs do not repay the packing of the kernel; AVX-512 can read it as it lies.
const fewOutputs = 256

func (c *Conv) backwardInputFast(p *Pool, dx []float32, ldx int, dy []float32, ldy int, w []float32, e Epilogue) {
	t := c.transpose
	packed := takeScratch(t.packedFast())
	t.packTurned(p, packed, w)
	t.runPacked(p, dx, ldx, dy, ldy, packed, e)
	giveScratch(packed)
}

// packedFast is the length of the packed kernel of all groups.
func (c *Conv) packedFast() int { return c.shape.Groups * c.fast.packedSize(c) }

// packFast packs (or transforms) w [KH,KW,Cin/Groups,Cout].
func (c *Conv) packFast(p *Pool, packed, w []float32) {
	f, s := &c.fast, &c.shape
	k := freePacks.Get().(*packs)
	for g := range s.Groups {
		dst, src := packed[g*f.packedSize(c):], w[g*c.cout:]
		if f.winograd != nil {
			k.winograd = winogradPack{c, src, dst, s.Cout}
			p.Do(f.t.depth(c.cin), 8, &k.winograd)
		} else {
			k.panels = packTask{t: f.t, panels: f.panels, dst: dst, src: src, ld: s.Cout, k: f.taps * f.run, run: f.run, taps: f.taps}
			p.DoEach(len(f.panels), &k.panels)
		}
	}
	*k = packs{}
	freePacks.Put(k)
}

// packTurned packs the kernel w [KH,KW,c.cout,Groups*c.cin] of the convolution that c, a gradient by the input, is the transpose of.
func (c *Conv) packTurned(p *Pool, packed, w []float32) {
	f, s := &c.fast, &c.shape
	if f.winograd != nil || f.strips != nil && f.t.pairs {
		turned := takeScratch(c.weights())
		c.transposeOf.flip(p, turned, w)
		c.packFast(p, packed, turned)
		giveScratch(turned)
		return
	}
	k := freePacks.Get().(*packs)
	for g := range s.Groups {
		k.panels = packTask{t: f.t, panels: f.panels, dst: packed[g*f.packedSize(c):], src: w[g*c.cin:], ld: s.Cin, k: f.taps * f.run,
			trans: true, turned: true, run: c.cin, taps: s.KH * s.KW}
		p.DoEach(len(f.panels), &k.panels)
	}
	*k = packs{}
	freePacks.Put(k)
}

// packs are the tasks of packing; reused.
type packs struct {
	panels   packTask
	winograd winogradPack
}

var freePacks = sync.Pool{New: func() any { return new(packs) }}

// runPacked convolves with a packed kernel.
func (c *Conv) runPacked(p *Pool, y []float32, ldy int, x []float32, ldx int, packed []float32, e Epilogue) {
	if c.fast.winograd != nil {
		c.runWinograd(p, y, ldy, x, ldx, packed, e)
		return
	}
	c.runDirect(p, y, ldy, x, ldx, packed, 0, e)
}

// runDirect convolves as the sum is written. w is packed if ldw is 0, else the kernel as it lies, its rows ldw floats apart.
func (c *Conv) runDirect(p *Pool, y []float32, ldy int, x []float32, ldx int, w []float32, ldw int, e Epilogue) {
	f, s := &c.fast, &c.shape
	task := freeConvs.Get().(*convTask)
	task.conv, task.ldx, task.ldy = c, ldx, ldy
	task.t, task.panels, task.run, task.taps, task.first, task.last, task.direct = f.t, f.panels, f.t.depth(f.run), f.taps, true, true, ldw
	for g := range s.Groups {
		if ldw > 0 {
			task.b = w[g*c.cout:]
		} else {
			task.b = w[g*f.packedSize(c):]
		}
		task.x, task.y, task.e = x[g*c.cin:], y[g*c.cout:], e.part(g*c.cout, c.cout)
		task.launch(p)
	}
	*task = convTask{}
	freeConvs.Put(task)
}

// launch cuts the outputs into blocks and runs them.
func (k *convTask) launch(p *Pool) {
	c, f := k.conv, &k.conv.fast
	s := &c.shape
	total := s.N * c.ho * c.wo
	k.block = min(max(blockBytes/f.bytes, leastOutputs), mostOutputs)
	for p.workers > 1 && k.block > 4*f.t.rows && total/k.block < 4*p.workers {
		k.block /= 2
	}
	k.block = (k.block + f.t.rows - 1) / f.t.rows * f.t.rows
	blocks := 0
	switch {
	case s.pointwise():
		k.rows = copiedRows{copy: f.t.pairs, run: c.cin,
			rowsSource: rowsSource{t: f.t, a: k.x, c: k.y, lda: k.ldx, ldc: k.ldy, rows: total, rowsPerBlock: k.block}}
		k.source = &k.rows
		blocks = (total + k.block - 1) / k.block
	case f.strips != nil:
		k.source = (*stripSource)(k)
		blocks = s.N * f.strips.blocks
	default:
		k.source = k
		per := (c.ho*c.wo*f.t.rows + k.block - 1) / k.block // blocks of each group of images
		k.images = f.whole / f.t.rows * per
		rest := (s.N - f.whole) * c.ho * c.wo
		blocks = k.images + (rest+k.block-1)/k.block
	}
	k.groups = 1
	if p.workers > 1 {
		k.groups = min(len(k.panels), max(1, 4*p.workers/blocks))
	}
	p.DoEach(blocks*k.groups, k)
}

// fill tiles a block: of the first images, one position of several images a tile, so that a tap that falls into padding does so for all of them
// and is left out; of the others, neighbouring positions.
func (k *convTask) fill(block int, t *tables) {
	c, f := k.conv, &k.conv.fast
	outputs, rows := c.ho*c.wo, f.t.rows
	if block < k.images {
		per := k.images / (f.whole / rows)
		group, part := block/per, block%per
		for pos := part * outputs / per; pos < (part+1)*outputs/per; pos++ {
			k.position(t, group*rows, pos)
		}
		return
	}
	first := f.whole*outputs + (block-k.images)*k.block
	end := min(first+k.block, c.shape.N*outputs)
	for i := first; i < end; i += rows {
		k.neighbours(t, i, min(rows, end-i))
	}
}

// position adds the tile of output pos of images n, n+1, ...
func (k *convTask) position(t *tables, n, pos int) {
	c, f := k.conv, &k.conv.fast
	outputs, rows := c.ho*c.wo, f.t.rows
	stepX := uintptr(c.shape.H * c.shape.W * k.ldx * 4)
	t.open()
	for tap := range f.taps {
		read := f.reads[tap*outputs+pos]
		if read < 0 {
			continue
		}
		x := address(k.x, (n*c.shape.H*c.shape.W+int(read))*k.ldx)
		t.entries = append(t.entries, uintptr(tap))
		for range rows {
			t.entries = append(t.entries, x)
			x += stepX
		}
	}
	k.something(t)
	for i := range rows {
		t.c = append(t.c, address(k.y, ((n+i)*outputs+pos)*k.ldy))
	}
}

// neighbours adds the tile of outputs [first,first+count) of all images, counted in plan order.
func (k *convTask) neighbours(t *tables, first, count int) {
	c, f := k.conv, &k.conv.fast
	outputs, rows, pixels := c.ho*c.wo, f.t.rows, c.shape.H*c.shape.W
	var image, pos [8]int
	for i := range rows {
		at := first + min(i, count-1)
		image[i], pos[i] = at/outputs, int(f.order[at%outputs])
	}
	t.open()
	zeros := address(f.zeros, 0)
	for tap := range f.taps {
		reads := f.reads[tap*outputs:][:outputs]
		start, any := len(t.entries), false
		t.entries = append(t.entries, uintptr(tap))
		for i := range rows {
			if read := reads[pos[i]]; read >= 0 {
				any = true
				t.entries = append(t.entries, address(k.x, (image[i]*pixels+int(read))*k.ldx))
			} else {
				t.entries = append(t.entries, zeros)
			}
		}
		if !any {
			t.entries = t.entries[:start]
		}
	}
	k.something(t)
	for i := range rows {
		if i < count {
			t.c = append(t.c, address(k.y, (image[i]*outputs+pos[i])*k.ldy))
		} else {
			t.c = append(t.c, address(t.trash, 0))
		}
	}
}

// something gives a tile without any tap one that reads zeros.
func (k *convTask) something(t *tables) {
	if t.starts[len(t.starts)-1] < len(t.entries) {
		return
	}
	t.entries = append(t.entries, 0)
	for range k.t.rows {
		t.entries = append(t.entries, address(k.conv.fast.zeros, 0))
	}
}
