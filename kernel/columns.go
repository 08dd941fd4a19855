package kernel

import "sync"

// ColumnSums adds up the rows of a [rows,cols], ld floats apart, into dst [cols]; accumulate adds to what dst holds. Single-threaded; see
// SumColumns for all workers.
func ColumnSums(dst, a []float32, rows, cols, ld int, accumulate bool) {
	k := columnTask{a: a, rows: rows, cols: cols, lda: ld}
	k.need()
	k.share(dst, 0, rows, accumulate)
}

// ColumnDots adds up the rows of a*b (both [rows,cols], lda and ldb floats apart) into dst [cols].
func ColumnDots(dst, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	k := columnTask{a: a, b: b, rows: rows, cols: cols, lda: lda, ldb: ldb, dots: true}
	k.need()
	k.share(dst, 0, rows, accumulate)
}

// SumColumns is ColumnSums on all workers: each sums a share of the rows, the shares are added in order.
func SumColumns(p *Pool, dst, a []float32, rows, cols, ld int, accumulate bool) {
	with := columnTask{a: a, rows: rows, cols: cols, lda: ld}
	with.need()
	if !accumulate {
		clear(dst[:cols])
	}
	if rows == 0 || cols == 0 {
		return
	}
	k := freeColumnTasks.Get().(*columnTask)
	*k = with
	k.pieces = p.Pieces(rows, 1+32768/cols)
	k.parts = takeScratch(k.pieces * cols)
	p.DoEach(k.pieces, k)
	for i := range k.pieces {
		Add.Apply(dst[:cols], dst, k.part(i))
	}
	giveScratch(k.parts)
	*k = columnTask{}
	freeColumnTasks.Put(k)
}

// columnTask is a sum down columns, of a or of a*b, at work: each piece is a share of the rows with a result of its own.
type columnTask struct {
	a, b, parts          []float32 // parts: [pieces,cols]
	rows, cols, lda, ldb int
	pieces               int
	dots                 bool // of a*b
}

var freeColumnTasks = sync.Pool{New: func() any { return new(columnTask) }}

// need panics if a matrix is too short.
func (k *columnTask) need() {
	need("matrix", k.a, extent(k.rows, k.cols, k.lda))
	if k.dots {
		need("matrix", k.b, extent(k.rows, k.cols, k.ldb))
	}
}

// part returns where piece i sums.
func (k *columnTask) part(i int) []float32 { return k.parts[i*k.cols:][:k.cols] }

// Run sums shares [lo,hi).
func (k *columnTask) Run(lo, hi, _ int) {
	for i := lo; i < hi; i++ {
		k.share(k.part(i), i*k.rows/k.pieces, (i+1)*k.rows/k.pieces, false)
	}
}

// share sums rows [lo,hi).
func (k *columnTask) share(dst []float32, lo, hi int, accumulate bool) {
	if dst = dst[:k.cols]; !accumulate {
		clear(dst)
	}
	if hi-lo <= columnRun {
		k.add(dst, lo, hi)
		return
	}
	// Sums of many rows as sums of sums: the rounding error grows with the length of a chain.
	part := takeScratch(k.cols)
	for ; lo < hi; lo += columnRun {
		clear(part)
		k.add(part, lo, min(lo+columnRun, hi))
		Add.Apply(dst, dst, part)
	}
	giveScratch(part)
}

const columnRun = 256 // rows

// add adds rows [lo,hi) to dst.
func (k *columnTask) add(dst []float32, lo, hi int) {
	if hi == lo || k.cols == 0 {
		return
	}
	fast := active != Generic
	a := k.a[lo*k.lda:]
	switch {
	case k.dots && fast:
		columnDotsFast(dst, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case k.dots:
		columnDotsGeneric(dst, a, k.b[lo*k.ldb:], hi-lo, k.lda, k.ldb)
	case fast:
		columnSumsFast(dst, a, hi-lo, k.lda)
	default:
		columnSumsGeneric(dst, a, hi-lo, k.lda)
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
