package evaluate

import "sort"

// countAtLeast adds to counts[j] the number of values >= t[j]. t descends, so what is added ascends.
func countAtLeast(values, t []float32, counts []int32) {
	if len(t) == 0 {
		return
	}
	counts = counts[:len(t)]
	if len(t) > manyThresholds {
		countBySearch(values, t, counts)
		return
	}
	done := countFast(values, t, counts)
	last := t[len(t)-1]
	for _, v := range values[done:] {
		if v < last {
			continue
		}
		for j := len(t) - 1; j >= 0 && v >= t[j]; j-- {
			counts[j]++
		}
	}
}

// manyThresholds is where a search for each value becomes cheaper than comparing with each threshold.
const manyThresholds = 256

// countBySearch finds each value's place among the thresholds, then sums.
func countBySearch(values, t []float32, counts []int32) {
	last, places := t[len(t)-1], make([]int32, len(t))
	for _, v := range values {
		if v >= last {
			places[sort.Search(len(t), func(j int) bool { return v >= t[j] })]++
		}
	}
	var sum int32
	for j, c := range places {
		sum += c
		counts[j] += sum
	}
}
