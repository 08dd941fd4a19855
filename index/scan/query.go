package scan

import "math"

// block is up to 4 queries made ready for the kernels, which hold each group of rows against all of them at once.
type block struct {
	n      int       // queries
	width  int       // 1 or 4: lanes of the arrays below
	words  []uint32  // [words][width]: four codes of each query
	start  []int32   // [width]: what the sum of products of codes starts with, since the rows' codes have 128 added
	params []float32 // [4][width]: scale, length, slack, threshold
}

// newBlock rounds the queries [n, dim], n <= 4, for rows within reach.
func newBlock(queries []float32, dim int, reach float32) (*block, error) {
	n := len(queries) / dim
	width := 4
	if n == 1 {
		width = 1
	}
	b := &block{n: n, width: width, words: make([]uint32, words(dim)*width), start: make([]int32, width), params: make([]float32, 4*width)}
	for q := range width {
		b.bar(q, float32(math.Inf(1))) // lanes without a query find nothing
	}
	for q := range n {
		if err := b.set(q, queries[q*dim:][:dim], reach); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// set rounds a query into lane q.
func (b *block) set(q int, query []float32, reach float32) error {
	length, largest, err := measure(query)
	if err != nil {
		return err
	}
	scale := largest / 64
	var lost float64
	var sum int32
	for w := range words(len(query)) {
		var four uint32
		for j := range 4 {
			if d := 4*w + j; d < len(query) {
				code := quantise(query[d], scale, 64)
				diff := float64(query[d]) - float64(scale)*code
				lost += diff * diff
				sum += int32(code)
				four |= uint32(uint8(int8(code))) << (8 * j)
			}
		}
		b.words[w*b.width+q] = four
	}
	f := math.Sqrt(lost)
	rounding := 0x1p-20*2*(length+f)*float64(reach) + 0x1p-120
	b.start[q] = -128 * sum
	b.params[q] = scale
	b.params[b.width+q] = up(length)
	b.params[2*b.width+q] = up(f*float64(reach) + rounding)
	return nil
}

// bar sets the threshold of lane q.
func (b *block) bar(q int, v float32) { b.params[3*b.width+q] = v }
