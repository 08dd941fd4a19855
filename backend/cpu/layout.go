package cpu

import (
	"slices"
	"unsafe"

	"github.com/gomlx/compute"

	"github.com/dvml/dvml/kernel"
)

// Operations that move values without computing, of any type: they work on bytes.

// planConcatenate joins tensors along an axis.
func planConcatenate(p *planner, n *node) (bool, error) {
	axis := n.args.(*concatenateArgs).axis
	outer, row := 1, n.shape.DType.Size()
	for a, d := range n.dims() {
		if a < axis {
			outer *= d
		} else {
			row *= d
		}
	}
	type part struct{ slot, at, n int }
	var parts []part
	var reads []*node
	at := 0
	for _, in := range n.in {
		k := in.bytes() / outer
		if !p.joined[in] {
			parts = append(parts, part{p.slot(in), at, k})
			reads = append(reads, in)
		}
		at += k
	}
	if len(parts) == 0 {
		return true, nil
	}
	out := p.slot(n)
	p.add("Concatenate", []*node{n}, reads, func(w *workspace) func() error {
		piece := func(lo, hi, _ int) {
			dst := w.bytes[out]
			for _, c := range parts {
				src := w.bytes[c.slot]
				for i := lo; i < hi; i++ {
					copy(dst[i*row+c.at:i*row+c.at+c.n], src[i*c.n:(i+1)*c.n])
				}
			}
		}
		return func() error {
			w.pool.Parallel(outer, max(1, 4*block/row), piece)
			return nil
		}
	})
	p.steps[len(p.steps)-1].moves = true
	return true, nil
}

// concatenated returns the concatenation of channels that alone reads x [N,H,W,C], and which of its channels is x's first.
func concatenated(x *node) (whole *node, first int, ok bool) {
	if x.result || len(x.users) != 1 {
		return nil, 0, false
	}
	whole = x.users[0]
	if whole.kind != compute.OpTypeConcatenate || whole.args.(*concatenateArgs).axis != 3 || len(x.dims()) != 4 {
		return nil, 0, false
	}
	times := 0
	for _, in := range whole.in {
		if in == x {
			times++
		}
		if times == 0 {
			first += in.dims()[3]
		}
	}
	return whole, first, times == 1
}

// planSlice cuts a box out of a tensor.
func planSlice(p *planner, n *node) (bool, error) {
	x := n.in[0]
	args := n.args.(*sliceArgs)
	starts, steps := args.starts, args.strides
	strides := rowMajor(x.dims(), 1)
	first := 0
	for a := range starts {
		first += starts[a] * strides[a]
		if len(steps) > 0 {
			strides[a] *= steps[a]
		}
	}
	p.move(n, x, n.dims(), strides, first, rowMajor(n.dims(), 1), 0, nil)
	return true, nil
}

// planTranspose permutes axes.
func planTranspose(p *planner, n *node) (bool, error) {
	x := n.in[0]
	permutation := n.args.(*transposeArgs).permutation
	from := rowMajor(x.dims(), 1)
	strides := make([]int, len(from))
	for i, a := range permutation {
		strides[i] = from[a]
	}
	p.move(n, x, n.dims(), strides, 0, rowMajor(n.dims(), 1), 0, nil)
	return true, nil
}

// planReverse turns axes round.
func planReverse(p *planner, n *node) (bool, error) {
	x := n.in[0]
	strides := rowMajor(x.dims(), 1)
	first := 0
	for _, a := range n.args.(*reverseArgs).axes {
		first += (x.dims()[a] - 1) * strides[a]
		strides[a] = -strides[a]
	}
	p.move(n, x, n.dims(), strides, first, rowMajor(n.dims(), 1), 0, nil)
	return true, nil
}

// planPad puts a frame around a tensor and zeros between its elements. A negative frame crops.
func planPad(p *planner, n *node) (bool, error) {
	x, fill := n.in[0], n.in[1]
	from, to := rowMajor(x.dims(), 1), rowMajor(n.dims(), 1)
	dims, src, dst := make([]int, len(from)), make([]int, len(from)), make([]int, len(from))
	first, at := 0, 0
	for a, f := range padAxes(n) {
		step := f.Interior + 1
		lo := (max(-f.Start, 0) + step - 1) / step // the first and the last element that stay
		hi := min(x.dims()[a]-1, (n.dims()[a]-1-f.Start)/step)
		if hi < lo || f.Start >= n.dims()[a] { // nothing of x is left
			return false, nil
		}
		dims[a], src[a], dst[a] = hi-lo+1, from[a], to[a]*step
		first += lo * from[a]
		at += (f.Start + lo*step) * to[a]
	}
	p.move(n, x, dims, src, first, dst, at, fill)
	return true, nil
}

// rowMajor returns the strides of a tensor in units.
func rowMajor(dims []int, unit int) []int {
	strides := make([]int, len(dims))
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = unit
		unit *= dims[i]
	}
	return strides
}

// move adds a step that copies a box of dims from x, where element i lies at from + sum i*src, to y at to + sum i*dst; where fill is given, y is
// filled with it first.
func (p *planner) move(y, x *node, dims, src []int, from int, dst []int, to int, fill *node) {
	unit := x.shape.DType.Size()
	b := newBox(dims, src, dst, unit)
	b.from, b.to = from*unit, to*unit
	xs, ys, fs := p.slot(x), p.slot(y), -1
	reads := []*node{x}
	if fill != nil {
		fs = p.slot(fill)
		reads = append(reads, fill)
	}
	p.add(kindName(y.kind), []*node{y}, reads, func(w *workspace) func() error {
		piece := func(lo, hi, _ int) { b.copy(w.bytes[ys], w.bytes[xs], lo, hi) }
		strip := func(lo, hi, _ int) {
			b.transpose(w.bytes[ys][b.to+lo*b.inDst:], w.bytes[xs][b.from+lo*b.inSrc:], hi-lo)
		}
		return func() error {
			if fs >= 0 {
				spread(w.bytes[ys], w.bytes[fs])
			}
			if b.rows > 0 && b.outer == 1 {
				w.pool.Parallel(b.n, max(1, block/b.rows/4), strip)
				return nil
			}
			w.pool.Parallel(b.outer, max(1, block/max(b.row, 1)), piece)
			return nil
		}
	})
	p.steps[len(p.steps)-1].moves = true
}

// spread fills dst with repeats of value.
func spread(dst, value []byte) {
	n := copy(dst, value)
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}

// box is a walk over two tensors at once: outer rows, each of which is copied as a whole or element by element.
type box struct {
	dims, src, dst  []int // of the outer axes, in bytes
	outer           int
	n, inSrc, inDst int // innermost axis: elements and their distances in bytes
	unit, row       int
	from, to        int
	// of a transposition of rows x n elements of 4 bytes: rows lie in the order of the source, columns in that of the destination; else rows is 0
	rows, rowSrc, rowDst int
}

func newBox(dims, src, dst []int, unit int) box {
	var d, s, t []int
	for i := range dims {
		if dims[i] == 1 {
			continue
		}
		if k := len(d) - 1; k >= 0 && s[k] == src[i]*dims[i] && t[k] == dst[i]*dims[i] {
			d[k], s[k], t[k] = d[k]*dims[i], src[i], dst[i]
			continue
		}
		d, s, t = append(d, dims[i]), append(s, src[i]), append(t, dst[i])
	}
	if len(d) == 0 {
		d, s, t = []int{1}, []int{1}, []int{1}
	}
	for i := range d {
		s[i] *= unit
		t[i] *= unit
	}
	k := len(d) - 1
	b := box{dims: d[:k], src: s[:k], dst: t[:k], outer: 1, n: d[k], inSrc: s[k], inDst: t[k], unit: unit, row: d[k] * unit}
	b.transposes()
	for _, n := range b.dims {
		b.outer *= n
	}
	return b
}

// transposes looks for an outer axis whose elements lie together in the source, where the innermost axis's do so in the destination: both are then walked
// together by the kernel that transposes matrices.
func (b *box) transposes() {
	if b.unit != 4 || b.inDst != b.unit || b.inSrc%4 != 0 || b.inSrc <= 0 || b.n < 2 {
		return
	}
	for k, s := range b.src {
		if s == b.unit && b.dst[k] > 0 && b.dims[k] > 1 && b.inSrc >= b.unit*b.dims[k] {
			b.rows, b.rowSrc, b.rowDst = b.dims[k], b.src[k], b.dst[k]
			b.row *= b.rows
			b.dims, b.src, b.dst = slices.Delete(b.dims, k, k+1), slices.Delete(b.src, k, k+1), slices.Delete(b.dst, k, k+1)
			return
		}
	}
}

// copy moves rows lo to hi-1.
func (b *box) copy(dst, src []byte, lo, hi int) {
	for r := lo; r < hi; r++ {
		from, to, rest := b.from, b.to, r
		for k := len(b.dims) - 1; k >= 0; k-- {
			i := rest % b.dims[k]
			rest /= b.dims[k]
			from += i * b.src[k]
			to += i * b.dst[k]
		}
		switch {
		case b.rows > 0:
			b.transpose(dst[to:], src[from:], b.n)
		case b.inSrc == b.unit && b.inDst == b.unit:
			copy(dst[to:to+b.row], src[from:from+b.row])
		case b.unit == 4:
			for range b.n {
				*(*[4]byte)(dst[to:]) = *(*[4]byte)(src[from:])
				from += b.inSrc
				to += b.inDst
			}
		default:
			for range b.n {
				copy(dst[to:to+b.unit], src[from:from+b.unit])
				from += b.inSrc
				to += b.inDst
			}
		}
	}
}

// transpose moves n rows of the source, of rows elements each, to columns of the destination.
func (b *box) transpose(dst, src []byte, n int) {
	floats := func(bytes []byte) []float32 {
		return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(bytes))), len(bytes)/4)
	}
	kernel.Transpose(floats(dst), b.rowDst/4, floats(src), b.inSrc/4, n, b.rows)
}

// padAxes returns Pad's frames, one an axis.
func padAxes(n *node) []compute.PadAxis {
	frames := make([]compute.PadAxis, n.shape.Rank())
	copy(frames, n.args.(*padArgs).axesConfig)
	return frames
}
