package kernel

import "sync"

// ColumnSums adds up the rows of a [rows,cols], ld floats apart, into dst [cols]; accumulate adds to what dst holds. Single-threaded; see
// SumColumns for all workers.
func ColumnSums(dst, a []float32, rows, cols, ld int, accumulate bool) {
	k := columnTask{a: a, rows: rows, cols: cols, lda: ld, sums: true}
	k.need()
	k.share(dst, nil, 0, rows, accumulate)
}

// ColumnDots adds up the rows of a*b (both [rows,cols], lda and ldb floats apart) into dst [cols].
func ColumnDots(dst, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	k := columnTask{a: a, b: b, rows: rows, cols: cols, lda: lda, ldb: ldb, dots: true}
	k.need()
	k.share(nil, dst, 0, rows, accumulate)
}

// SumColumns is ColumnSums on all workers: each sums a share of the rows, the shares are added in order.
func SumColumns(p *Pool, dst, a []float32, rows, cols, ld int, accumulate bool) {
	columns(p, dst, nil, accumulate, columnTask{a: a, rows: rows, cols: cols, lda: ld, sums: true})
}

// DotColumns is ColumnDots on all workers.
func DotColumns(p *Pool, dst, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	columns(p, nil, dst, accumulate, columnTask{a: a, b: b, rows: rows, cols: cols, lda: lda, ldb: ldb, dots: true})
}

// SumAndDotColumns is both in one pass over a: batch norm's sums of x and x*x (b = a), and of dy and dy*x.
func SumAndDotColumns(p *Pool, sums, dots, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	columns(p, sums, dots, accumulate, columnTask{a: a, b: b, rows: rows, cols: cols, lda: lda, ldb: ldb, sums: true, dots: true})
}

// columnTask is a sum down columns at work: each piece is a share of the rows with results of its own.
type columnTask struct {
	a, b, parts          []float32 // parts: for each piece sums [cols] and dots [cols]
	rows, cols, lda, ldb int
	pieces               int
	sums, dots           bool
}

var freeColumnTasks = sync.Pool{New: func() any { return new(columnTask) }}

// need panics if a matrix is too short.
func (k *columnTask) need() {
	need("matrix", k.a, extent(k.rows, k.cols, k.lda))
	if k.dots {
		need("matrix", k.b, extent(k.rows, k.cols, k.ldb))
	}
}

func columns(p *Pool, sums, dots []float32, accumulate bool, with columnTask) {
	with.need()
	for _, dst := range [][]float32{sums, dots} {
		if dst != nil && !accumulate {
			clear(dst[:with.cols])
		}
	}
	if with.rows == 0 || with.cols == 0 {
		return
	}
	k := freeColumnTasks.Get().(*columnTask)
	*k = with
	k.pieces = p.Pieces(k.rows, 1+32768/k.cols)
	k.parts = takeScratch(2 * k.pieces * k.cols)
	p.DoEach(k.pieces, k)
	for i := range k.pieces {
		partSums, partDots := k.part(i)
		if k.sums {
			Add.Apply(sums[:k.cols], sums, partSums)
		}
		if k.dots {
			Add.Apply(dots[:k.cols], dots, partDots)
		}
	}
	giveScratch(k.parts)
	*k = columnTask{}
	freeColumnTasks.Put(k)
}

// part returns where piece i sums.
func (k *columnTask) part(i int) (sums, dots []float32) {
	part := k.parts[2*i*k.cols:]
	return part[:k.cols], part[k.cols : 2*k.cols]
}

// Run sums shares [lo,hi).
func (k *columnTask) Run(lo, hi, _ int) {
	for i := lo; i < hi; i++ {
		sums, dots := k.part(i)
		k.share(sums, dots, i*k.rows/k.pieces, (i+1)*k.rows/k.pieces, false)
	}
}

// share sums rows [lo,hi).
func (k *columnTask) share(sums, dots []float32, lo, hi int, accumulate bool) {
	if k.sums {
		if sums = sums[:k.cols]; !accumulate {
			clear(sums)
		}
	}
	if k.dots {
		if dots = dots[:k.cols]; !accumulate {
			clear(dots)
		}
	}
	if hi-lo <= columnRun {
		k.add(sums, dots, lo, hi)
		return
	}
	// Sums of many rows as sums of sums: the rounding error grows with the length of a chain.
	part := takeScratch(2 * k.cols)
	for ; lo < hi; lo += columnRun {
		clear(part)
		k.add(part[:k.cols], part[k.cols:], lo, min(lo+columnRun, hi))
		if k.sums {
			Add.Apply(sums, sums, part)
		}
		if k.dots {
			Add.Apply(dots, dots, part[k.cols:])
		}
	}
	giveScratch(part)
}

const columnRun = 256 // rows

// add adds rows [lo,hi) to sums and dots.
func (k *columnTask) add(sums, dots []float32, lo, hi int) {
	if hi == lo || k.cols == 0 {
		return
	}
	fast := active != Generic
	a := k.a[lo*k.lda:]
	switch {
	case k.sums && k.dots && fast:
		columnSumsDotsFast(sums, dots, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case k.sums && k.dots:
		columnSumsGeneric(sums, a, hi-lo, k.lda)
		columnDotsGeneric(dots, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case k.dots && fast:
		columnDotsFast(dots, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case k.dots:
		columnDotsGeneric(dots, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case fast:
		columnSumsFast(sums, a, hi-lo, k.lda)
	default:
		columnSumsGeneric(sums, a, hi-lo, k.lda)
	}
}

func columnSumsGeneric(dst, a []float32, rows, ld int) {
	for r := range rows {
		row := a[r*ld:][:len(dst)]
		for i, v := range row {
			dst[i] += v
		}
	}
}

func columnDotsGeneric(dst, a, b []float32, rows, lda, ldb int) {
	for r := range rows {
		x, y := a[r*lda:][:len(dst)], b[r*ldb:][:len(dst)]
		for i, v := range x {
			dst[i] += v * y[i]
		}
	}
}
