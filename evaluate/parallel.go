package evaluate

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workerCount is n, or one worker a core where n < 1, never more than there are jobs.
func workerCount(n, jobs int) int {
	if n < 1 {
		n = runtime.GOMAXPROCS(0)
	}
	return max(1, min(n, jobs))
}

// parallel runs do(worker, job) for each job in 0..jobs-1, handed out in order. after, when not nil, is told how many jobs are done; its calls do
// not overlap.
func parallel(workers, jobs int, do func(worker, job int), after func(done int)) {
	var next, done atomic.Int64
	var mu sync.Mutex
	run := func(worker int) {
		for {
			job := int(next.Add(1)) - 1
			if job >= jobs {
				return
			}
			do(worker, job)
			if after == nil {
				continue
			}
			mu.Lock()
			after(int(done.Add(1)))
			mu.Unlock()
		}
	}
	var group sync.WaitGroup
	for w := 1; w < workers; w++ {
		group.Go(func() { run(w) })
	}
	run(0)
	group.Wait()
}
