package sampler

import "fmt"

// NPair plans the batches of the N-pair loss (Sohn, NIPS 2016): N different classes, two different
// images each. Rows 0..N-1 are the anchors, row N+j is the positive of anchor j. Classes with a
// single image are left out.
type NPair struct{ pairs *PxK }

// NewNPair plans over rows, whose classes are labels[row]. It fails where fewer than n classes have two images.
func NewNPair(labels []int32, rows []int, n int, seed uint64) (*NPair, error) {
	classes, err := group(labels, rows)
	if err != nil {
		return nil, err
	}
	var usable []int
	for _, c := range classes {
		if len(c.rows) >= 2 {
			usable = append(usable, c.rows...)
		}
	}
	if len(usable) == 0 {
		return nil, fmt.Errorf("sampler: N-pair: none of the %d classes has two images", len(classes))
	}
	pairs, err := NewPxK(labels, usable, n, 2, seed)
	if err != nil {
		return nil, fmt.Errorf("sampler: N-pair, classes with at least two images: %w", err)
	}
	return &NPair{pairs}, nil
}

// Size is 2 N.
func (s *NPair) Size() int { return s.pairs.Size() }

// Batch returns rows [2N], anchors before positives.
func (s *NPair) Batch(step int) []int { return batch(s, step) }

// Fill writes the rows of a step, anchors before positives.
func (s *NPair) Fill(rows []int, step int) {
	s.pairs.mu.Lock()
	defer s.pairs.mu.Unlock()
	n := s.pairs.p
	perEpoch := len(s.pairs.classes) / n
	epoch, at := step/perEpoch, step%perEpoch*n
	var pair [2]int
	for j, c := range s.pairs.deck.order(epoch)[at : at+n] {
		s.pairs.deck.deal(pair[:], s.pairs.classes[c], epoch)
		rows[j], rows[n+j] = pair[0], pair[1]
	}
}
