// Package draw derives the seeds of random streams, so that everything random is a pure function of
// a seed and of what it is for: a step, a row, a class, an epoch. Resuming at a step then needs no
// saved generator state.
package draw

import "math/rand/v2"

// Key mixes parts into 64 well spread bits with the finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). The order of parts matters.
func Key(parts ...uint64) uint64 {
	var h uint64 = 0x9e3779b97f4a7c15
	for _, p := range parts {
		h += p + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// Stream is a generator that can be set to the start of any stream without allocating. It is not safe for concurrent use.
type Stream struct {
	pcg rand.PCG
	*rand.Rand
}

// NewStream returns a generator; call Seek before drawing from it.
func NewStream() *Stream {
	s := &Stream{}
	s.Rand = rand.New(&s.pcg)
	return s
}

// Seek sets the generator to the start of the stream that belongs to seed and parts.
func (s *Stream) Seek(seed uint64, parts ...uint64) {
	s.pcg.Seed(seed, Key(parts...))
}

// Permute fills perm with a random permutation of 0..len(perm)-1 (Fisher and Yates), drawing len(perm)-1 numbers.
func (s *Stream) Permute(perm []int) {
	for i := range perm {
		perm[i] = i
	}
	for i := len(perm) - 1; i > 0; i-- {
		j := s.IntN(i + 1)
		perm[i], perm[j] = perm[j], perm[i]
	}
}
