package scan

import "github.com/dvml/dvml/kernel"

//go:noescape
func scanOneAVX2(group *byte, groups, words int, query *uint32, start *int32, params *float32, masks *uint16)

//go:noescape
func scanOneAVX512(group *byte, groups, words int, query *uint32, start *int32, params *float32, masks *uint16)

//go:noescape
func scanFourAVX2(group *byte, groups, words int, query *uint32, start *int32, params *float32, masks *uint16)

//go:noescape
func scanFourAVX512(group *byte, groups, words int, query *uint32, start *int32, params *float32, masks *uint16)

//go:noescape
func pairFourAVX2(group *byte, groups, words int, query *uint32, start *int32, params, bars *float32, masks *uint16)

//go:noescape
func pairFourAVX512(group *byte, groups, words int, query *uint32, start *int32, params, bars *float32, masks *uint16)

//go:noescape
func dotAVX2(a, b *float32, blocks int, sums *float64)

//go:noescape
func dotAVX512(a, b *float32, blocks int, sums *float64)

//go:noescape
func dotLongAVX2(a *float64, b *float32, blocks int, sums *float64)

//go:noescape
func dotLongAVX512(a *float64, b *float32, blocks int, sums *float64)

// mark fills masks [n][width] with the rows of each of n groups whose bounds reach the thresholds of b's queries or, where bars [16*n] are given, their
// own.
func (b *block) mark(groups []byte, n, dim int, bars []float32, masks []uint16) {
	if n == 0 {
		return
	}
	w := words(dim)
	_, _ = groups[n*GroupBytes(dim)-1], masks[n*b.width-1]
	group, query, start, params, mask := &groups[0], &b.words[0], &b.start[0], &b.params[0], &masks[0]
	switch level := kernel.Active(); {
	case level == kernel.Generic:
		b.markGeneric(groups, n, dim, bars, masks)
	case bars != nil:
		_ = bars[GroupRows*n-1]
		if level >= kernel.AVX512 {
			pairFourAVX512(group, n, w, query, start, params, &bars[0], mask)
		} else {
			pairFourAVX2(group, n, w, query, start, params, &bars[0], mask)
		}
	case b.width == 1 && level >= kernel.AVX512:
		scanOneAVX512(group, n, w, query, start, params, mask)
	case b.width == 1:
		scanOneAVX2(group, n, w, query, start, params, mask)
	case level >= kernel.AVX512:
		scanFourAVX512(group, n, w, query, start, params, mask)
	default:
		scanFourAVX2(group, n, w, query, start, params, mask)
	}
}

// dotFast adds the products of whole blocks of 16 values to sums and returns how many values it took.
func dotFast(a, b []float32, sums *[16]float64) int {
	blocks := len(a) / 16
	switch level := kernel.Active(); {
	case blocks == 0 || level == kernel.Generic:
		return 0
	case level >= kernel.AVX512:
		dotAVX512(&a[0], &b[0], blocks, &sums[0])
	default:
		dotAVX2(&a[0], &b[0], blocks, &sums[0])
	}
	return 16 * blocks
}

// dotLongFast is dotFast for a of float64.
func dotLongFast(a []float64, b []float32, sums *[16]float64) int {
	blocks := len(a) / 16
	switch level := kernel.Active(); {
	case blocks == 0 || level == kernel.Generic:
		return 0
	case level >= kernel.AVX512:
		dotLongAVX512(&a[0], &b[0], blocks, &sums[0])
	default:
		dotLongAVX2(&a[0], &b[0], blocks, &sums[0])
	}
	return 16 * blocks
}
