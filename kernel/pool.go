package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Task is work over a range, done in pieces. Run handles [lo,hi); worker, in [0,Workers), is held by one goroutine at a time within a call of
// Pool.Do, so it may index scratch memory, but results must not depend on it.
type Task interface {
	Run(lo, hi, worker int)
}

// Pool spreads work over a fixed number of workers. The caller of Do is one of them; the others are goroutines shared by all callers, so several
// executions at once never run more than Workers-1 goroutines beyond their own. The zero value is not usable; see NewPool and Default.
type Pool struct {
	workers int
	jobs    chan *job
	free    sync.Pool
}

// job is one call of Do. Pieces are claimed by an atomic counter; refs counts who may still look at it.
type job struct {
	task    Task
	n       int
	pieces  int
	next    atomic.Int64
	joined  atomic.Int64
	pending atomic.Int64
	refs    atomic.Int64
	done    chan struct{}
}

// NewPool returns a pool of the given number of workers (below 1: GOMAXPROCS at the time of the call).
func NewPool(workers int) *Pool {
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	p := &Pool{workers: workers, jobs: make(chan *job, 4*workers)}
	p.free.New = func() any { return &job{done: make(chan struct{}, 1)} }
	for range workers - 1 {
		go func() {
			for {
				j, ok := await(p.jobs)
				if !ok {
					return
				}
				j.work(int(j.joined.Add(1)))
				p.release(j)
			}
		}()
	}
	return p
}

var defaultPool = sync.OnceValue(func() *Pool { return NewPool(0) })

// Default returns the pool shared by the whole program, with GOMAXPROCS workers.
func Default() *Pool { return defaultPool() }

// Workers returns how many goroutines may run a task's pieces at the same time, the caller included.
func (p *Pool) Workers() int { return p.workers }

// Close ends the pool's goroutines once they are idle. No Do may follow.
func (p *Pool) Close() { close(p.jobs) }

// Pieces returns into how many pieces Do cuts a range of n with the given least piece size: one if the work is too small to share, else a few
// per worker, so that a worker that is held up does not hold up the others.
func (p *Pool) Pieces(n, grain int) int {
	if p.workers == 1 || n <= grain {
		return min(1, n)
	}
	return min(4*p.workers, (n+grain-1)/max(grain, 1))
}

// Do runs t over [0,n), cut into Pieces(n, grain) nearly equal pieces whose bounds depend on n, grain and Workers alone. It returns when all are done.
func (p *Pool) Do(n, grain int, t Task) { p.do(n, p.Pieces(n, grain), t) }

// DoEach runs t for every i in [0,n) as a piece [i,i+1) of its own.
func (p *Pool) DoEach(n int, t Task) { p.do(n, n, t) }

// Parallel is Do for a function. The function literal itself may be an allocation; use Do with a reused Task where that matters.
func (p *Pool) Parallel(n, grain int, f func(lo, hi, worker int)) { p.Do(n, grain, taskFunc(f)) }

type taskFunc func(lo, hi, worker int)

func (f taskFunc) Run(lo, hi, worker int) { f(lo, hi, worker) }

func (p *Pool) do(n, pieces int, t Task) {
	if n <= 0 {
		return
	}
	if pieces <= 1 || p.workers == 1 {
		for i := range pieces {
			t.Run(i*n/pieces, (i+1)*n/pieces, 0)
		}
		return
	}
	j := p.free.Get().(*job)
	j.task, j.n, j.pieces = t, n, pieces
	j.next.Store(0)
	j.joined.Store(0)
	j.pending.Store(int64(pieces))
	helpers := min(p.workers, pieces) - 1
	j.refs.Store(int64(helpers) + 1)
	for range helpers {
		select {
		case p.jobs <- j:
		default: // all are busy with other callers: this one does its own work
			j.refs.Add(-1)
		}
	}
	j.work(0)
	await(j.done)
	p.release(j)
}

// patience is how long a goroutine looks for what it waits for before it sleeps: to wake a thread takes the system as long as a small layer's work, and
// the next step follows at once.
const patience = 50 * time.Microsecond

// await receives from c. Between looks it lets other goroutines run.
func await[T any](c <-chan T) (v T, ok bool) {
	for began := time.Now(); time.Since(began) < patience; runtime.Gosched() {
		for range 16 {
			select {
			case v, ok = <-c:
				return v, ok
			default:
			}
		}
	}
	v, ok = <-c
	return v, ok
}

// work claims pieces until none is left; who finishes the last one tells the caller.
func (j *job) work(worker int) {
	for {
		i := int(j.next.Add(1)) - 1
		if i >= j.pieces {
			return
		}
		j.task.Run(i*j.n/j.pieces, (i+1)*j.n/j.pieces, worker)
		if j.pending.Add(-1) == 0 {
			j.done <- struct{}{}
		}
	}
}

// release gives the job back when nobody looks at it any more: a helper may take it from the queue long after its work was done by others.
func (p *Pool) release(j *job) {
	if j.refs.Add(-1) == 0 {
		j.task = nil
		p.free.Put(j)
	}
}
