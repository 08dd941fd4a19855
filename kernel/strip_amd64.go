package kernel

// stripPlan serves convolutions of few channels, such as a network's first: a row of the kernel times the channels is one run of neighbouring floats
// of a row of x, if x's rows are copied with their padding. So a k x k kernel has k taps of k*Cin floats.
type stripPlan struct {
	blocks int // of output rows, per image
	rows   int // output rows of a block
	width  int // floats of a padded row
	tall   int // padded rows that a block reads
}

const stripChannels = 8

func planStrips(c *Conv, t tiling) *stripPlan {
	s := &c.shape
	if s.Cin > stripChannels || s.KW == 1 || s.Groups != 1 || s.DilationW != 1 || s.InputDilationH != 1 || s.InputDilationW != 1 {
		return nil
	}
	p := &stripPlan{rows: min(c.ho, max(1, 256/c.wo))}
	p.blocks = (c.ho + p.rows - 1) / p.rows
	p.width = ((c.wo-1)*s.StrideW + s.KW) * s.Cin
	p.tall = (p.rows-1)*s.StrideH + (s.KH-1)*s.DilationH + 1
	return p
}

// copyStrips writes the rows of image n that output rows from oh0 on read, padded, to dst [tall,width].
func (c *Conv) copyStrips(dst, x []float32, ldx, n, oh0 int) {
	s, p := &c.shape, c.fast.strips
	for r := range p.tall {
		row := dst[r*p.width:][:p.width]
		ih := oh0*s.StrideH - s.PadTop + r
		if ih < 0 || ih >= s.H {
			clear(row)
			continue
		}
		// Padded column j holds x's column j-PadLeft.
		columns := p.width / s.Cin
		lo, hi := min(max(0, s.PadLeft), columns), max(min(columns, s.W+s.PadLeft), 0)
		hi = max(hi, lo)
		clear(row[:lo*s.Cin])
		clear(row[hi*s.Cin:])
		if lo == hi {
			continue
		}
		src := x[((n*s.H+ih)*s.W+lo-s.PadLeft)*ldx:]
		if ldx == s.Cin {
			copy(row[lo*s.Cin:hi*s.Cin], src)
			continue
		}
		for j := lo; j < hi; j++ {
			copy(row[j*s.Cin:][:s.Cin], src[(j-lo)*ldx:])
		}
	}
}

// strip is the padded copy of a block's rows.
type strip struct {
	at          uintptr
	row, column uintptr // bytes between its rows, and between what neighbouring outputs read
}

// strip copies the rows that a block reads into t's block, as they are or, for forward, as bfloat16.
func (c *Conv) strip(t *tables, x []float32, ldx, n, oh0 int) strip {
	s, p := &c.shape, c.fast.strips
	step := uintptr(4 * s.StrideW * s.Cin)
	// Behind a row of bfloat16 stands a 0: it is read where a kernel's row is odd.
	ld := p.width/2 + 1
	t.room(p.tall * (p.width + ld))
	c.copyStrips(t.block, x, ldx, n, oh0)
	if !c.fast.t.pairs {
		return strip{address(t.block, 0), uintptr(4 * p.width), step}
	}
	pairs := t.block[p.tall*p.width:][:p.tall*ld]
	for i := ld - 1; i < len(pairs); i += ld {
		pairs[i] = 0
	}
	pairColumns(pairs, ld, t.block, p.width, p.tall, p.width)
	return strip{address(pairs, 0), uintptr(4 * ld), step / 2}
}

// read is where output (r,ow) of a block reads tap kh.
func (p strip) read(s *ConvShape, r, ow, kh int) uintptr {
	return p.at + uintptr(r*s.StrideH+kh*s.DilationH)*p.row + uintptr(ow)*p.column
}

// stripSource is a convTask over blocks of output rows read through padded copies.
type stripSource convTask

func (k *stripSource) fill(block int, t *tables) {
	c, p := k.conv, k.conv.fast.strips
	n, oh0 := block/p.blocks, block%p.blocks*p.rows
	outputs := min(p.rows, c.ho-oh0) * c.wo
	copied := c.strip(t, k.x, k.ldx, n, oh0)
	rows := k.t.rows
	for first := 0; first < outputs; first += rows {
		t.open()
		for kh := range c.shape.KH {
			t.entries = append(t.entries, uintptr(kh))
			for i := range rows {
				at := min(first+i, outputs-1)
				t.entries = append(t.entries, copied.read(&c.shape, at/c.wo, at%c.wo, kh))
			}
		}
		for i := range rows {
			if at := first + i; at < outputs {
				t.c = append(t.c, address(k.y, ((n*c.ho+oh0)*c.wo+at)*k.ldy))
			} else {
				t.c = append(t.c, address(t.trash, 0))
			}
		}
	}
}
