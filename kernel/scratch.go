package kernel

import (
	"math/bits"
	"sync"
)

// scratch keeps working memory between calls, in sizes of powers of two, so that a steady state allocates nothing.
var scratch [40]struct {
	sync.Mutex
	free [][]float32
}

// takeScratch returns n floats of any content, aligned to a cache line. They go back by giveScratch.
func takeScratch(n int) []float32 {
	class := bits.Len(uint(max(n, 1024) - 1))
	s := &scratch[class]
	s.Lock()
	if k := len(s.free) - 1; k >= 0 {
		b := s.free[k]
		s.free[k] = nil
		s.free = s.free[:k]
		s.Unlock()
		return b[:n]
	}
	s.Unlock()
	return make([]float32, 1<<class)[:n] // Go's allocator aligns blocks of this size to a page
}

func giveScratch(b []float32) {
	s := &scratch[bits.Len(uint(cap(b)-1))]
	s.Lock()
	s.free = append(s.free, b[:0])
	s.Unlock()
}
