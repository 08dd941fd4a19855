package kernel

func sumFast(a []float32) float32 {
	if active == AVX512 {
		return sumAVX512(data(a), len(a))
	}
	return sumAVX2(data(a), len(a))
}

func largestFast(a []float32) float32 {
	if active == AVX512 {
		return largestAVX512(data(a), len(a))
	}
	return largestAVX2(data(a), len(a))
}

func columnSumsFast(dst, a []float32, rows, ld int) {
	n := wholeVectors(len(dst))
	if active == AVX512 {
		columnSumsAVX512(data(dst), data(a), rows, ld, n)
	} else {
		columnSumsAVX2(data(dst), data(a), rows, ld, n)
	}
	if n < len(dst) {
		columnSumsGeneric(dst[n:], a[n:], rows, ld)
	}
}

func columnDotsFast(dst, a, b []float32, rows, lda, ldb int) {
	n := wholeVectors(len(dst))
	if active == AVX512 {
		columnDotsAVX512(data(dst), data(a), data(b), rows, lda, ldb, n)
	} else {
		columnDotsAVX2(data(dst), data(a), data(b), rows, lda, ldb, n)
	}
	if n < len(dst) {
		columnDotsGeneric(dst[n:], a[n:], b[n:], rows, lda, ldb)
	}
}

func slidingSumFast(dst, padded []float32, window int) {
	if active == AVX512 {
		slidingSumAVX512(data(dst), data(padded), window, len(dst))
	} else {
		slidingSumAVX2(data(dst), data(padded), window, len(dst))
	}
}

func maxRowsFast(best []float32, at []uint8, rows []tapRow) int {
	n := wholeVectors(len(best))
	switch {
	case active == AVX512 && at != nil:
		maxRowsAtAVX512(data(best), data(at), data(rows), len(rows), n)
	case active == AVX512:
		maxRowsAVX512(data(best), nil, data(rows), len(rows), n)
	case at != nil:
		maxRowsAtAVX2(data(best), data(at), data(rows), len(rows), n)
	default:
		maxRowsAVX2(data(best), nil, data(rows), len(rows), n)
	}
	return n
}

func addWhereRowsFast(dst, first []float32, rows []whereRow) int {
	n := wholeVectors(len(dst))
	if active == AVX512 {
		addWhereRowsAVX512(data(dst), data(first), data(rows), len(rows), n)
	} else {
		addWhereRowsAVX2(data(dst), data(first), data(rows), len(rows), n)
	}
	return n
}
