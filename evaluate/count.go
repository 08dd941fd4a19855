package evaluate

// countAtLeast adds to counts[j] the number of values >= t[j]. t descends, so counts ascend.
func countAtLeast(values, t []float32, counts []int32) {
	if len(t) == 0 {
		return
	}
	counts = counts[:len(t)]
	last := t[len(t)-1]
	for _, v := range values {
		if v < last {
			continue
		}
		for j := len(t) - 1; j >= 0 && v >= t[j]; j-- {
			counts[j]++
		}
	}
}
