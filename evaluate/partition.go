package evaluate

import (
	"math"
	"slices"
)

// NMI is the normalised mutual information 2 I(Y;C) / (H(Y) + H(C)) of two labellings of the same samples, in [0, 1], symmetric. Two labellings
// that put all samples into one class each agree wholly: 1 (as in scikit-learn).
func NMI(labels, clusters []int32) (float64, error) {
	if err := checkPartitions(labels, clusters); err != nil {
		return 0, err
	}
	t := contingency(labels, clusters)
	hy, hc, hj := t.entropy(t.rows), t.entropy(t.cols), t.entropy(t.cells)
	if hy+hc == 0 {
		return 1, nil
	}
	return min(1, max(0, 2*(hy+hc-hj)/(hy+hc))), nil
}

// PairScore compares two labellings by the decisions they make on all pairs of samples: together or apart.
type PairScore struct {
	Precision float64 // of the pairs in one cluster, the share that is of one class
	Recall    float64 // of the pairs of one class, the share that is in one cluster
	F1        float64 // their harmonic mean
}

// PairF1 scores clusters against labels over all pairs of samples. Where there is no pair to be right or wrong about (every cluster and every
// class a single sample) the score is 1; where only the clusters are single samples precision counts as 1 and recall as 0, and the other way round.
func PairF1(labels, clusters []int32) (PairScore, error) {
	if err := checkPartitions(labels, clusters); err != nil {
		return PairScore{}, err
	}
	t := contingency(labels, clusters)
	both, class, cluster := pairs(t.cells), pairs(t.rows), pairs(t.cols)
	share := func(a, b float64) float64 {
		if b == 0 {
			return 1
		}
		return a / b
	}
	return PairScore{Precision: share(both, cluster), Recall: share(both, class), F1: share(2*both, class+cluster)}, nil
}

// counts is the contingency table of two labellings without its zeros.
type counts struct {
	n                 float64
	cells, rows, cols []int
}

func contingency(a, b []int32) counts {
	keys := make([]uint64, len(a))
	for i := range a {
		keys[i] = uint64(uint32(a[i]))<<32 | uint64(uint32(b[i]))
	}
	return counts{n: float64(len(a)), cells: runs(keys), rows: runs(slices.Clone(a)), cols: runs(slices.Clone(b))}
}

// runs sorts keys and gives the length of each run of equal ones: a fixed order of summation, which a map would not give.
func runs[T int32 | uint64](keys []T) []int {
	slices.Sort(keys)
	var out []int
	for i := 0; i < len(keys); {
		j := i
		for j < len(keys) && keys[j] == keys[i] {
			j++
		}
		out = append(out, j-i)
		i = j
	}
	return out
}

// entropy of the shares counts / n, in nats.
func (t counts) entropy(counts []int) float64 {
	if len(counts) == 1 {
		return 0
	}
	var h float64
	for _, c := range counts {
		p := float64(c) / t.n
		h -= p * math.Log(p)
	}
	return h
}

// pairs counts the pairs within groups of the given sizes.
func pairs(sizes []int) float64 {
	var p float64
	for _, c := range sizes {
		p += float64(c) * float64(c-1) / 2
	}
	return p
}
