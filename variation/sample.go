package variation

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Sample is vectors with their classes.
type Sample struct {
	Rows   []float32 // [N,Dim]
	Dim    int
	Labels []int32 // [N], any numbers
}

func (s Sample) row(i int) []float32 { return s.Rows[i*s.Dim : (i+1)*s.Dim] }

// check reports what makes s no sample.
func (s Sample) check() error {
	switch {
	case s.Dim < 1:
		return fmt.Errorf("variation: %d dimensions: want at least 1", s.Dim)
	case len(s.Labels) == 0:
		return errors.New("variation: no vectors")
	case len(s.Rows) != len(s.Labels)*s.Dim:
		return fmt.Errorf("variation: %d values for %d vectors of %d dimensions", len(s.Rows), len(s.Labels), s.Dim)
	}
	for i, v := range s.Rows {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("variation: vector %d is not finite: value %d is %v", i/s.Dim, i%s.Dim, v)
		}
	}
	return nil
}

// classes returns the row numbers of each class, classes in ascending order.
func (s Sample) classes() (labels []int32, members [][]int) {
	labels = slices.Compact(slices.Sorted(slices.Values(s.Labels)))
	at := make(map[int32]int, len(labels))
	for i, l := range labels {
		at[l] = i
	}
	members = make([][]int, len(labels))
	for i, l := range s.Labels {
		members[at[l]] = append(members[at[l]], i)
	}
	return labels, members
}

// mean is the mean of the rows of the given numbers.
func (s Sample) mean(members []int) []float64 {
	sum := make([]float64, s.Dim)
	for _, i := range members {
		for j, v := range s.row(i) {
			sum[j] += float64(v)
		}
	}
	for j := range sum {
		sum[j] /= float64(len(members))
	}
	return sum
}

// Centred returns s with its class's mean taken off each vector: z - c of the paper.
func (s Sample) Centred() Sample {
	out := Sample{make([]float32, len(s.Rows)), s.Dim, s.Labels}
	_, members := s.classes()
	for _, m := range members {
		centre := s.mean(m)
		for _, i := range m {
			from, to := s.row(i), out.row(i)
			for j := range to {
				to[j] = float32(float64(from[j]) - centre[j])
			}
		}
	}
	return out
}

// Centres returns the mean of each class, one vector a class.
func (s Sample) Centres() Sample {
	labels, members := s.classes()
	out := Sample{make([]float32, 0, len(labels)*s.Dim), s.Dim, labels}
	for _, m := range members {
		for _, v := range s.mean(m) {
			out.Rows = append(out.Rows, float32(v))
		}
	}
	return out
}

// Shuffled returns s with its labels shuffled under seed: classes as large as before that mean nothing.
func (s Sample) Shuffled(seed uint64) Sample {
	labels := slices.Clone(s.Labels)
	rng := rand.New(rand.NewPCG(seed, 0x5eed))
	rng.Shuffle(len(labels), func(i, j int) { labels[i], labels[j] = labels[j], labels[i] })
	return Sample{s.Rows, s.Dim, labels}
}

// Variances returns the variance of each dimension over all vectors, about their mean.
func (s Sample) Variances() []float64 {
	all := make([]int, len(s.Labels))
	for i := range all {
		all[i] = i
	}
	return s.variances(all)
}

// variances returns the unbiased variance of each dimension over the rows of the given numbers, 0 for a single one.
func (s Sample) variances(members []int) []float64 {
	centre, sum := s.mean(members), make([]float64, s.Dim)
	for _, i := range members {
		for j, v := range s.row(i) {
			d := float64(v) - centre[j]
			sum[j] += d * d
		}
	}
	for j := range sum {
		sum[j] /= float64(max(len(members)-1, 1))
	}
	return sum
}
