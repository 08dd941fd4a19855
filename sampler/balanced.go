package sampler

import (
	"fmt"
	"sync"
)

// ClassBalanced plans batches in which each class comes equally often, however many images it has:
// rows are dealt from random permutations of the classes, one image a turn, and a class's images
// are used up before one comes again. A batch may hold a class more than once where it reaches over
// the end of a permutation or is larger than the number of classes.
type ClassBalanced struct {
	size    int
	classes []class
	mu      sync.Mutex
	deck    *deck
}

// NewClassBalanced plans batches of size over rows, whose classes are labels[row].
func NewClassBalanced(labels []int32, rows []int, size int, seed uint64) (*ClassBalanced, error) {
	if size < 1 {
		return nil, fmt.Errorf("sampler: a batch of %d rows: at least 1", size)
	}
	classes, err := group(labels, rows)
	if err != nil {
		return nil, err
	}
	return &ClassBalanced{size: size, classes: classes, deck: newDeck(seed, classes)}, nil
}

// Size is the number of rows in a batch.
func (s *ClassBalanced) Size() int { return s.size }

// Batch returns the rows of a step.
func (s *ClassBalanced) Batch(step int) []int { return batch(s, step) }

// Fill writes the rows of a step.
func (s *ClassBalanced) Fill(rows []int, step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.classes)
	for j := range rows {
		at := step*s.size + j
		epoch := at / n
		s.deck.deal(rows[j:j+1], s.classes[s.deck.order(epoch)[at%n]], epoch)
	}
}
