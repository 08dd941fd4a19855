package kernel

import "unsafe"

// tileArgs is what a tile kernel works on; the assembly knows the offsets. Addresses are plain numbers: the slices behind them are held by the run.
type tileArgs struct {
	table, tableEnd uintptr  // entries: gather {tap, pointer to each row}, outer {row of A, row of B}
	k               uintptr  // gather: bytes of a row's run; outer: byte offset of the tile's rows in a row of A
	c               uintptr  // pointers to the tile's rows of C
	column          uintptr  // byte offset of the tile's columns in a row of C
	b               uintptr  // gather: the panel's first row; outer: byte offset of the tile's columns in a row of B
	ldb, tapB       uintptr  // gather: bytes between rows and between taps of the panel
	bias            uintptr  // bias of the tile's columns, or 0
	flags           uintptr  // flagAccumulate, flagReLU, flagLimit
	mask            uintptr  // AVX-512: lanes of the last vector; AVX2: 0 if all count
	lanes           [8]int32 // AVX2: mask of the last vector
	scale           uintptr  // factors of the tile's columns, or 0
	ahead, step     uintptr  // outer: memory that later calls read, and how many bytes of it to ask for at each entry
	limit           float32  // with flagLimit: results are at most this
}

const (
	flagAccumulate = 1 << iota
	flagReLU
	flagLimit
)

//go:noescape
func gatherAVX512_8x16(args *tileArgs)

//go:noescape
func gatherAVX512_8x32(args *tileArgs)

//go:noescape
func gatherAVX512_8x48(args *tileArgs)

//go:noescape
func gatherAVX2_6x8(args *tileArgs)

//go:noescape
func gatherAVX2_6x16(args *tileArgs)

//go:noescape
func outerAVX512_8x16(args *tileArgs)

//go:noescape
func outerAVX512_8x32(args *tileArgs)

//go:noescape
func outerAVX512_8x48(args *tileArgs)

//go:noescape
func outerAVX2_6x8(args *tileArgs)

//go:noescape
func outerAVX2_6x16(args *tileArgs)

// tiling is the size of the register tiles of a level.
type tiling struct {
	rows    int  // rows of a tile
	vector  int  // floats in a vector
	vectors int  // vectors in the widest tile
	pairs   bool // matrices hold pairs of bfloat16 where they hold floats otherwise, two rows of the sum together; AVX-512
}

func tilingOf(l Level) tiling {
	if l == AVX512 {
		return tiling{rows: 8, vector: 16, vectors: 3}
	}
	return tiling{rows: 6, vector: 8, vectors: 2}
}

// depth is how many steps a sum of n products takes.
func (t tiling) depth(n int) int {
	if t.pairs {
		return (n + 1) / 2
	}
	return n
}

// panel is a range of columns as wide as one tile.
type panel struct {
	column, vectors int
	cols            int // columns that count; the last vector may be cut
}

// panels cuts n columns into tiles' widths: as wide as may be, but never leaving one vector over where two twos would do, because a narrow tile
// loads more than it multiplies.
func (t tiling) panels(n int) []panel { return t.appendPanels(nil, n) }

func (t tiling) appendPanels(out []panel, n int) []panel {
	for c := 0; c < n; {
		left := (n - c + t.vector - 1) / t.vector
		v := min(left, t.vectors)
		if left == t.vectors+1 && v > 2 {
			v--
		}
		out = append(out, panel{c, v, min(v*t.vector, n-c)})
		c += v * t.vector
	}
	return out
}

// padded is the number of columns of a packed matrix.
func (t tiling) padded(n int) int { return (n + t.vector - 1) / t.vector * t.vector }

// set prepares the arguments for a panel's columns of C.
func (a *tileArgs) set(t tiling, p panel, e *Epilogue, first, last bool) {
	a.column = uintptr(p.column * 4)
	a.scale, a.bias, a.flags = 0, 0, 0
	a.ahead, a.step = uintptr(unsafe.Pointer(a)), 0
	if e.Accumulate || !first {
		a.flags |= flagAccumulate
	}
	if last && e.ReLU {
		a.flags |= flagReLU
	}
	if last && e.Limit > 0 {
		a.flags |= flagLimit
		a.limit = e.Limit
	}
	if last && e.Scale != nil {
		a.scale = uintptr(unsafe.Pointer(&e.Scale[p.column]))
	}
	if last && e.Bias != nil {
		a.bias = uintptr(unsafe.Pointer(&e.Bias[p.column]))
	}
	rest := p.cols - (p.vectors-1)*t.vector // lanes of the last vector
	if t.vector == 16 {
		a.mask = 1<<rest - 1
		return
	}
	a.mask = 0
	for i := range a.lanes {
		a.lanes[i] = -1
		if i >= rest {
			a.lanes[i], a.mask = 0, 1
		}
	}
}

func (a *tileArgs) gather(t tiling, vectors int) {
	if t.pairs {
		switch vectors {
		case 1:
			gatherBF16_8x16(a)
		case 2:
			gatherBF16_8x32(a)
		default:
			gatherBF16_8x48(a)
		}
		return
	}
	if t.vector == 16 {
		switch vectors {
		case 1:
			gatherAVX512_8x16(a)
		case 2:
			gatherAVX512_8x32(a)
		default:
			gatherAVX512_8x48(a)
		}
		return
	}
	if vectors == 1 {
		gatherAVX2_6x8(a)
	} else {
		gatherAVX2_6x16(a)
	}
}

func (a *tileArgs) outer(t tiling, vectors int) {
	if t.pairs {
		switch vectors {
		case 1:
			outerBF16_8x16(a)
		case 2:
			outerBF16_8x32(a)
		default:
			outerBF16_8x48(a)
		}
		return
	}
	if t.vector == 16 {
		switch vectors {
		case 1:
			outerAVX512_8x16(a)
		case 2:
			outerAVX512_8x32(a)
		default:
			outerAVX512_8x48(a)
		}
		return
	}
	if vectors == 1 {
		outerAVX2_6x8(a)
	} else {
		outerAVX2_6x16(a)
	}
}

// address is where s[i] lies; i may be one past the end.
func address(s []float32, i int) uintptr {
	return uintptr(unsafe.Pointer(unsafe.SliceData(s))) + uintptr(i)*4
}
