package cluster

import (
	"cmp"
	"slices"
)

// bySize numbers groups anew: the largest is 0, of equal sizes the one that comes first.
func bySize(of []int) []int {
	size, first := map[int]int{}, map[int]int{}
	for i, g := range of {
		if _, ok := first[g]; !ok {
			first[g] = i
		}
		size[g]++
	}
	order := make([]int, 0, len(size))
	for g := range size {
		order = append(order, g)
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(size[b], size[a]), cmp.Compare(first[a], first[b]))
	})
	number := make(map[int]int, len(order))
	for at, g := range order {
		number[g] = at
	}
	out := make([]int, len(of))
	for i, g := range of {
		out[i] = number[g]
	}
	return out
}
