package sampler

import (
	"fmt"
	"slices"
	"sync"
)

// Parts cuts the batches of another sampler into parts of a few rows each, for batches that are too
// large to be held at once. Its steps are parts: those of the first batch in their order, all of
// them as often as times says, then those of the second.
type Parts struct {
	of           Sampler
	chunk, times int

	mu   sync.Mutex
	at   int   // the batch in rows
	rows []int // a whole batch
}

// NewParts cuts the batches of s into parts of chunk rows, the last of a batch being what is left, and goes through each batch times times.
func NewParts(s Sampler, chunk, times int) (*Parts, error) {
	if chunk < 1 || times < 1 {
		return nil, fmt.Errorf("sampler: parts of %d rows, %d times: both must be at least 1", chunk, times)
	}
	return &Parts{of: s, chunk: chunk, times: times, at: -1}, nil
}

// Size is the number of rows in a part, the most that one holds.
func (p *Parts) Size() int { return min(p.chunk, p.of.Size()) }

// Count is the number of parts in a batch.
func (p *Parts) Count() int { return (p.of.Size() + p.chunk - 1) / p.chunk }

// Each is the number of steps that go through one batch: its parts, as often as they come.
func (p *Parts) Each() int { return p.Count() * p.times }

// Rows is the number of rows in the part of a step.
func (p *Parts) Rows(step int) int {
	_, from := p.Place(step)
	return min(p.chunk, p.of.Size()-from)
}

// Place is where the part of a step lies: the number of its batch, and its first row there.
func (p *Parts) Place(step int) (batch, from int) {
	return step / p.Each(), step % p.Count() * p.chunk
}

// Whole returns the rows of the batch that the part of a step belongs to.
func (p *Parts) Whole(step int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.whole(step))
}

// Batch returns the rows of the part of a step.
func (p *Parts) Batch(step int) []int {
	rows := make([]int, p.Rows(step))
	p.Fill(rows, step)
	return rows
}

// Fill writes the rows of the part of a step, Rows of them.
func (p *Parts) Fill(rows []int, step int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, from := p.Place(step)
	copy(rows, p.whole(step)[from:])
}

// whole is the batch that the part of a step belongs to, drawn once for all of its parts.
func (p *Parts) whole(step int) []int {
	if batch, _ := p.Place(step); batch != p.at {
		if p.rows == nil {
			p.rows = make([]int, p.of.Size())
		}
		p.of.Fill(p.rows, batch)
		p.at = batch
	}
	return p.rows
}
