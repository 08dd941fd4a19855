package sampler

import (
	"errors"
	"fmt"
	"slices"
)

// Sequential takes every row once, in the order given: for evaluation. All batches have the same
// size, so that a compiled graph serves them all; the last is filled up with its last row, and
// Valid says how many of a batch's rows count.
type Sequential struct {
	rows []int
	size int
}

// NewSequential plans batches of size over rows.
func NewSequential(rows []int, size int) (*Sequential, error) {
	if size < 1 {
		return nil, fmt.Errorf("sampler: a batch of %d rows: at least 1", size)
	}
	if len(rows) == 0 {
		return nil, errors.New("sampler: no rows to go through")
	}
	return &Sequential{rows: slices.Clone(rows), size: size}, nil
}

// Size is the number of rows in a batch.
func (s *Sequential) Size() int { return s.size }

// Steps is the number of batches that hold all rows.
func (s *Sequential) Steps() int { return (len(s.rows) + s.size - 1) / s.size }

// Valid is the number of rows of a step's batch that are not filling.
func (s *Sequential) Valid(step int) int { return max(0, min(s.size, len(s.rows)-step*s.size)) }

// Batch returns the rows of a step.
func (s *Sequential) Batch(step int) []int { return batch(s, step) }

// Fill writes the rows of a step.
func (s *Sequential) Fill(rows []int, step int) {
	for j := range rows {
		rows[j] = s.rows[min(step*s.size+j, len(s.rows)-1)]
	}
}
