package kernel

// SlidingSum writes dst[i] = sum of src[i-before .. i+after], what lies outside counting as zero, for every row of src [rows,c], adjacent in
// memory: the channel window of local response normalisation. dst may be src.
func SlidingSum(dst, src []float32, c, before, after int) {
	same(len(dst), len(src))
	if c <= 0 || before < 0 || after < 0 {
		panic("kernel: sliding sum over no columns or a negative window")
	}
	padded := takeScratch(before + c + after)
	clear(padded[:before])
	clear(padded[before+c:])
	for r := 0; r+c <= len(dst); r += c {
		copy(padded[before:before+c], src[r:])
		if active == Generic {
			slidingSumGeneric(dst[r:r+c], padded, before+after+1)
		} else {
			slidingSumFast(dst[r:r+c], padded, before+after+1)
		}
	}
	giveScratch(padded)
}

// slidingSumGeneric: dst[i] = padded[i] + ... + padded[i+window-1].
func slidingSumGeneric(dst, padded []float32, window int) {
	for i := range dst {
		s := padded[i]
		for _, v := range padded[i+1 : i+window] {
			s += v
		}
		dst[i] = s
	}
}
