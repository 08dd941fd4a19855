package kernel

import (
	"sync"
	"sync/atomic"
	"testing"
)

func TestPoolCoversTheRangeOnce(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		pool := NewPool(workers)
		var callers sync.WaitGroup
		for range 4 { // several executions share the pool
			callers.Add(1)
			go func() {
				defer callers.Done()
				for n := range 200 {
					seen := make([]atomic.Int32, n)
					held := make([]atomic.Int32, workers)
					pool.Parallel(n, 3, func(lo, hi, worker int) {
						if held[worker].Add(1) != 1 {
							t.Error("a worker's number is in use twice")
						}
						for i := lo; i < hi; i++ {
							seen[i].Add(1)
						}
						held[worker].Add(-1)
					})
					for i := range seen {
						if seen[i].Load() != 1 {
							t.Errorf("%d workers: element %d of %d was visited %d times", workers, i, n, seen[i].Load())
						}
					}
				}
			}()
		}
		callers.Wait()
		pool.Close()
	}
}

type countTask struct{ pieces atomic.Int64 }

func (c *countTask) Run(lo, hi, _ int) { c.pieces.Add(1) }

func TestPoolAllocatesNothing(t *testing.T) {
	pool := NewPool(2)
	defer pool.Close()
	task := &countTask{}
	if n := testing.AllocsPerRun(200, func() { pool.Do(1000, 10, task) }); n > 0.1 {
		t.Errorf("Do allocates %.2f times", n)
	}
}
