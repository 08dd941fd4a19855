package kernel

import (
	"math"
	"sync"
)

// Sum returns the sum of a, in a fixed order of partial sums.
func Sum(a []float32) float32 {
	if active == Generic || len(a) == 0 {
		return sumGeneric(a)
	}
	return sumFast(a)
}

// Dot returns the sum of a*b.
func Dot(a, b []float32) float32 {
	same(len(a), len(b))
	if active == Generic || len(a) == 0 {
		return dotGeneric(a, b)
	}
	return dotFast(a, b)
}

// Largest returns the maximum of a, -Inf of nothing. NaNs are passed over.
func Largest(a []float32) float32 {
	if active == Generic || len(a) == 0 {
		return largestGeneric(a)
	}
	return largestFast(a)
}

// ColumnSums adds up the rows of a [rows,cols], ld floats apart, into dst [cols]; accumulate adds to what dst holds. Single-threaded; see
// SumColumns for all workers.
func ColumnSums(dst, a []float32, rows, cols, ld int, accumulate bool) {
	need("matrix", a, extent(rows, cols, ld))
	dst = dst[:cols]
	if !accumulate {
		clear(dst)
	}
	if rows == 0 || cols == 0 {
		return
	}
	if active == Generic {
		columnSumsGeneric(dst, a, rows, ld)
		return
	}
	columnSumsFast(dst, a, rows, ld)
}

// ColumnDots adds up the rows of a*b (both [rows,cols], lda and ldb floats apart) into dst [cols].
func ColumnDots(dst, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	need("matrix", a, extent(rows, cols, lda))
	need("matrix", b, extent(rows, cols, ldb))
	dst = dst[:cols]
	if !accumulate {
		clear(dst)
	}
	if rows == 0 || cols == 0 {
		return
	}
	if active == Generic {
		columnDotsGeneric(dst, a, b, rows, lda, ldb)
		return
	}
	columnDotsFast(dst, a, b, rows, lda, ldb)
}

// SumColumns is ColumnSums on all workers: each sums a share of the rows, the shares are added in order.
func SumColumns(p *Pool, dst, a []float32, rows, cols, ld int, accumulate bool) {
	need("matrix", a, extent(rows, cols, ld))
	columns(p, dst, accumulate, columnTask{a: a, rows: rows, cols: cols, lda: ld})
}

// DotColumns is ColumnDots on all workers.
func DotColumns(p *Pool, dst, a, b []float32, rows, cols, lda, ldb int, accumulate bool) {
	need("matrix", a, extent(rows, cols, lda))
	need("matrix", b, extent(rows, cols, ldb))
	columns(p, dst, accumulate, columnTask{a: a, b: b, rows: rows, cols: cols, lda: lda, ldb: ldb, dots: true})
}

// columnTask is a sum down columns at work: each piece is a share of the rows with a result of its own.
type columnTask struct {
	a, b, parts          []float32
	rows, cols, lda, ldb int
	pieces               int
	dots                 bool
}

var freeColumnTasks = sync.Pool{New: func() any { return new(columnTask) }}

func columns(p *Pool, dst []float32, accumulate bool, with columnTask) {
	dst = dst[:with.cols]
	if !accumulate {
		clear(dst)
	}
	if with.rows == 0 || with.cols == 0 {
		return
	}
	k := freeColumnTasks.Get().(*columnTask)
	*k = with
	k.pieces = p.Pieces(k.rows, 1+32768/k.cols)
	k.parts = takeScratch(k.pieces * k.cols)
	p.DoEach(k.pieces, k)
	for i := range k.pieces {
		Add.Apply(dst, dst, k.parts[i*k.cols:][:k.cols])
	}
	giveScratch(k.parts)
	*k = columnTask{}
	freeColumnTasks.Put(k)
}

// Run sums shares [lo,hi).
func (k *columnTask) Run(lo, hi, _ int) {
	for i := lo; i < hi; i++ {
		from, to := i*k.rows/k.pieces, (i+1)*k.rows/k.pieces
		part := k.parts[i*k.cols:][:k.cols]
		if k.dots {
			ColumnDots(part, k.a[from*k.lda:], k.b[from*k.ldb:], to-from, k.cols, k.lda, k.ldb, false)
		} else {
			ColumnSums(part, k.a[from*k.lda:], to-from, k.cols, k.lda, false)
		}
	}
}

func sumGeneric(a []float32) float32 {
	var s [8]float32 // eight chains: shorter than one, and a smaller rounding error
	for len(a) >= 8 {
		for i := range s {
			s[i] += a[i]
		}
		a = a[8:]
	}
	for i, v := range a {
		s[i] += v
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func dotGeneric(a, b []float32) float32 {
	var s [8]float32
	b = b[:len(a)]
	for len(a) >= 8 && len(b) >= 8 {
		for i := range s {
			s[i] += a[i] * b[i]
		}
		a, b = a[8:], b[8:]
	}
	for i, v := range a {
		s[i] += v * b[i]
	}
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

func largestGeneric(a []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range a {
		if v > m {
			m = v
		}
	}
	return m
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
