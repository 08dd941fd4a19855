package evaluate

import "sort"

// tally adds values to the counts of a query with thresholds t, which descend. While there are few, counts[j] is the number of values >= t[j];
// where there are many, the number of values for which t[j] is the first threshold that they reach. above turns either into the former.
func tally(values, t []float32, counts []int32) {
	switch {
	case len(t) == 0:
	case len(t) <= manyThresholds:
		countAtLeast(values, t, counts)
	default:
		last := t[len(t)-1]
		for _, v := range values {
			if v >= last {
				counts[sort.Search(len(t), func(j int) bool { return v >= t[j] })]++
			}
		}
	}
}

// manyThresholds is where a search for each value becomes cheaper than comparing with each threshold.
const manyThresholds = 256

// above makes of a query's tallies the numbers of values >= each threshold.
func above(counts []int32) []int32 {
	if len(counts) > manyThresholds {
		for j := 1; j < len(counts); j++ {
			counts[j] += counts[j-1]
		}
	}
	return counts
}

// countAtLeast adds to counts[j] the number of values >= t[j].
func countAtLeast(values, t []float32, counts []int32) {
	counts = counts[:len(t)]
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
