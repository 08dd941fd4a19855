package draw

import (
	"slices"
	"testing"
)

func TestSeekRepeatsAStream(t *testing.T) {
	a, b := NewStream(), NewStream()
	a.Seek(7, 1, 2)
	b.Uint64()
	b.Seek(7, 1, 2)
	for i := range 100 {
		if x, y := a.Uint64(), b.Uint64(); x != y {
			t.Fatalf("draw %d: %d and %d", i, x, y)
		}
	}
}

func TestKeysDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for i := range uint64(100) {
		for j := range uint64(100) {
			seen[Key(i, j)] = true
		}
	}
	if len(seen) != 100*100 {
		t.Errorf("%d different keys of 10000", len(seen))
	}
}

func TestPermuteIsUniform(t *testing.T) {
	s := NewStream()
	s.Seek(1)
	var at [4][4]int
	perm := make([]int, 4)
	for range 24000 {
		s.Permute(perm)
		sorted := slices.Sorted(slices.Values(perm))
		if !slices.Equal(sorted, []int{0, 1, 2, 3}) {
			t.Fatalf("not a permutation: %v", perm)
		}
		for i, v := range perm {
			at[i][v]++
		}
	}
	for i := range at {
		for v, n := range at[i] {
			if n < 5600 || n > 6400 {
				t.Errorf("value %d at place %d: %d times of 24000", v, i, n)
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := NewStream()
	perm := make([]int, 16)
	if n := testing.AllocsPerRun(100, func() { s.Seek(1, 2, 3); s.Permute(perm) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
