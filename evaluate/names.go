package evaluate

import (
	"fmt"
	"slices"
)

// MetricNames lists the names that tables, curves and settings give to the metrics of a [Result], for the K of Recall@K.
func MetricNames(k []int) []string {
	names := []string{"NMI", "F1", "MAP@R", "RP"}
	for _, n := range slices.Sorted(slices.Values(k)) {
		names = append(names, fmt.Sprintf("R@%d", n))
	}
	return names
}

// Named gives the metrics of r by their names, those of MetricNames.
func (r Result) Named() map[string]float64 {
	m := map[string]float64{"NMI": r.NMI, "F1": r.F1, "MAP@R": r.MAPR, "RP": r.RPrecision}
	for i, k := range r.K {
		m[fmt.Sprintf("R@%d", k)] = r.Recall[i]
	}
	return m
}
