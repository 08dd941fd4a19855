package sampler

import (
	"fmt"
	"sync"
)

// PxK plans batches of P classes with K images each, a class's images side by side (Hermans, Beyer,
// Leibe 2017). The P classes of a batch differ.
//
// An epoch is a random permutation of the C classes cut into C/P batches; the C mod P classes left
// over sit that epoch out. The K images of a class differ, and no image comes again before nearly
// all others of its class have come; a class with fewer than K images repeats them.
type PxK struct {
	p, k    int
	classes []class
	mu      sync.Mutex
	deck    *deck
}

// NewPxK plans over rows, whose classes are labels[row]. It fails where rows have fewer than p classes.
func NewPxK(labels []int32, rows []int, p, k int, seed uint64) (*PxK, error) {
	if p < 1 || k < 1 {
		return nil, fmt.Errorf("sampler: P x K = %d x %d: both must be at least 1", p, k)
	}
	classes, err := group(labels, rows)
	if err != nil {
		return nil, err
	}
	if len(classes) < p {
		return nil, fmt.Errorf("sampler: a batch of %d classes needs as many, the data has %d: lower P", p, len(classes))
	}
	return &PxK{p: p, k: k, classes: classes, deck: newDeck(seed, classes)}, nil
}

// Size is P * K.
func (s *PxK) Size() int { return s.p * s.k }

// Batch returns rows [P*K], class after class.
func (s *PxK) Batch(step int) []int { return batch(s, step) }

// Fill writes the rows of a step: row j is of the batch's class j / K.
func (s *PxK) Fill(rows []int, step int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	perEpoch := len(s.classes) / s.p
	epoch, at := step/perEpoch, step%perEpoch*s.p
	for j, c := range s.deck.order(epoch)[at : at+s.p] {
		s.deck.deal(rows[j*s.k:(j+1)*s.k], s.classes[c], epoch)
	}
}
