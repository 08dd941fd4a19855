package imageset

import "sync"

// budget bounds the memory of what is decoded at a time.
type budget struct {
	mu   sync.Mutex
	more sync.Cond
	left int64
}

func newBudget(bytes int64) *budget {
	b := &budget{left: bytes}
	b.more.L = &b.mu
	return b
}

// take waits until n bytes are free; n is at most the whole budget.
func (b *budget) take(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.left < n {
		b.more.Wait()
	}
	b.left -= n
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	b.left += n
	b.mu.Unlock()
	b.more.Broadcast()
}
