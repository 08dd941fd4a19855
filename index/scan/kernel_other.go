//go:build !amd64

package scan

func (b *block) mark(groups []byte, n, dim int, bars []float32, masks []uint16) {
	b.markGeneric(groups, n, dim, bars, masks)
}

func dotFast(a, b []float32, sums *[16]float64) int { return 0 }

func dotLongFast(a []float64, b []float32, sums *[16]float64) int { return 0 }
