package evaluate

import "github.com/dvml/dvml/kernel"

//go:generate go run -C asm . -to ../scan_amd64.s

//go:noescape
func countAVX512(values *float32, vectors int, t *float32, r int, counts *int32)

//go:noescape
func countAVX2(values *float32, vectors int, t *float32, r int, counts *int32)

//go:noescape
func twoAVX512(products, half *float32, vectors int, lanes *lanes)

//go:noescape
func twoAVX2(products, half *float32, vectors int, lanes *lanes)

// countFast does countAtLeast for whole vectors at the front and gives the number of values done.
func countFast(values, t []float32, counts []int32) int {
	switch level := kernel.Active(); {
	case level >= kernel.AVX512 && len(values) >= 16:
		countAVX512(&values[0], len(values)/16, &t[0], len(t), &counts[0])
		return len(values) &^ 15
	case level >= kernel.AVX2 && len(values) >= 8:
		countAVX2(&values[0], len(values)/8, &t[0], len(t), &counts[0])
		return len(values) &^ 7
	}
	return 0
}

// scanFast does scan for whole vectors at the front and gives the number of products done.
func (t *two) scanFast(products, half []float32, id []int32) int {
	var l lanes
	switch level := kernel.Active(); {
	case level >= kernel.AVX512 && len(products) >= 16:
		twoAVX512(&products[0], &half[0], len(products)/16, &l)
		t.take(&l, 16, id)
		return len(products) &^ 15
	case level >= kernel.AVX2 && len(products) >= 8:
		twoAVX2(&products[0], &half[0], len(products)/8, &l)
		t.take(&l, 8, id)
		return len(products) &^ 7
	}
	return 0
}
