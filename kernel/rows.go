package kernel

// repeatRow is how long a row is made by repetition before it meets a matrix: short rows would spend more on calls than on arithmetic.
const repeatRow = 1024

// repeated returns row as often as fits repeatRow, but no more than n floats of whole rows, in scratch memory; or row itself if it is long.
func repeated(row []float32, n int) (long []float32, scratch bool) {
	times := min(repeatRow, n) / len(row)
	if times < 2 {
		return row, false
	}
	long = takeScratch(times * len(row))
	copy(long, row)
	for filled := len(row); filled < len(long); filled *= 2 {
		copy(long[filled:], long[:filled])
	}
	return long, true
}

// Rows writes a op row to dst for every row of a [rows,len(row)], adjacent in memory: the broadcast along the last axis. dst may be a.
func (op Binary) Rows(dst, a, row []float32) {
	same(len(dst), len(a))
	if len(row) == 0 {
		return
	}
	long, scratch := repeated(row, len(dst))
	for i := 0; i < len(dst); i += len(long) {
		n := min(len(long), len(dst)-i)
		op.Apply(dst[i:i+n], a[i:], long)
	}
	if scratch {
		giveScratch(long)
	}
}
