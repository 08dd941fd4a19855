package sampler

import (
	"errors"
	"fmt"
	"slices"
)

// A Sampler plans the batches of a run. All samplers of this package are safe for concurrent use.
type Sampler interface {
	// Batch returns the rows of the batch of a step, counted from 0. Rows index the store that the labels came from.
	Batch(step int) []int
	// Fill writes what Batch returns into rows, of length Size, without allocating.
	Fill(rows []int, step int)
	// Size is the number of rows in a batch.
	Size() int
}

// Finite is a Sampler that ends: its steps are 0 to Steps-1.
type Finite interface {
	Sampler
	Steps() int
}

// class is the rows that share a label.
type class struct {
	label int32
	rows  []int
}

// group sorts rows into classes by labels[row]; classes are ordered by label, the rows within one as given.
func group(labels []int32, rows []int) ([]class, error) {
	if len(rows) == 0 {
		return nil, errors.New("sampler: no rows to sample from")
	}
	byLabel := map[int32][]int{}
	for _, r := range rows {
		if r < 0 || r >= len(labels) {
			return nil, fmt.Errorf("sampler: row %d lies outside the %d labels", r, len(labels))
		}
		byLabel[labels[r]] = append(byLabel[labels[r]], r)
	}
	classes := make([]class, 0, len(byLabel))
	for label, rows := range byLabel {
		classes = append(classes, class{label, rows})
	}
	slices.SortFunc(classes, func(a, b class) int { return int(a.label) - int(b.label) })
	return classes, nil
}

// batch is Batch in terms of Fill.
func batch(s Sampler, step int) []int {
	rows := make([]int, s.Size())
	s.Fill(rows, step)
	return rows
}
