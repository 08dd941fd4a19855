// Package batch gathers the images of many requests into batches for one network, first come, first
// served, and never keeps more of them than was agreed.
//
// A request first asks for a permit, one for each of its images; without one it is refused at once,
// with the time after which it may come again. With it the images are decoded, wait, and go through
// the network with whatever else waits. Images whose client has gone are left out.
package batch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"
)

// Options are a queue's bounds.
type Options struct {
	MaxBatch int           // the most images that go through the network at once; a full batch does not wait
	MaxWait  time.Duration // the longest that an image waits for others while the network is idle; 0: it never does
	Capacity int           // the most images that are decoded, wait or are embedded at a time
}

// Run embeds images and returns a row for each.
type Run func(images [][]byte) ([][]float32, error)

// Observe is told of each batch: its images, how long they waited on average, and how long the network took.
type Observe func(images int, waited, took time.Duration)

// FullError is returned where a queue has no permits left.
type FullError struct {
	RetryAfter time.Duration // by when those that hold permits now will be done, at the rate that was measured
}

// Error tells when to come again.
func (e *FullError) Error() string {
	return fmt.Sprintf("the queue is full; try again in %.0f s", math.Ceil(e.RetryAfter.Seconds()))
}

// TooManyError is returned for more images than a queue ever holds.
type TooManyError struct{ Images, Capacity int }

// Error tells the bound.
func (e *TooManyError) Error() string {
	return fmt.Sprintf("%d images at once; expected at most %d", e.Images, e.Capacity)
}

// PanicError is a panic of the network's code: it costs the requests of one batch, not the program.
type PanicError struct {
	Value any
	Stack []byte
}

// Error says what the panic did.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// ErrClosed is returned after Close.
var ErrClosed = errors.New("the queue is closed")

// Queue gathers images. Its methods may be called from several goroutines.
type Queue struct {
	o       Options
	run     Run
	observe Observe
	in      chan *image // as long as there are permits: it is full only while images of clients that are gone lie in it
	stopped chan struct{}

	mu     sync.Mutex
	held   int     // permits given out
	limit  int     // of held, beyond what one request may have; see Limit
	rate   float64 // images a second while the network is at work, a moving mean; 0: not known yet
	closed bool
}

// image is one image of a request.
type image struct {
	ctx    context.Context
	pixels []byte
	at     time.Time
	row    int
	done   chan<- answer
}

type answer struct {
	row    int
	vector []float32
	waited time.Duration
	took   time.Duration
	err    error
}

// New starts a queue in front of run. observe may be nil.
func New(o Options, run Run, observe Observe) *Queue {
	if observe == nil {
		observe = func(int, time.Duration, time.Duration) {}
	}
	q := &Queue{o: o, run: run, observe: observe, in: make(chan *image, o.Capacity), stopped: make(chan struct{}), limit: o.Capacity}
	go q.work()
	return q
}

// Close ends the queue when what waits is done. No permit may be held any more.
func (q *Queue) Close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.in)
	}
	q.mu.Unlock()
	<-q.stopped
}

// Held is the number of images with a permit.
func (q *Queue) Held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.held
}

// Rate is how many images a second the network takes while it is at work; 0: not known yet.
func (q *Queue) Rate() float64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.rate
}

// Limit bounds the images of several requests to fewer than Capacity, for answers that do not wait for
// long. A request that has the queue to itself may still have up to Capacity images.
func (q *Queue) Limit(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = min(max(n, 1), q.o.Capacity)
}

// Permit is the right to put n images in.
type Permit struct {
	q *Queue
	n int
}

// Reserve asks for permits of n images: FullError where there are too few now, TooManyError where
// there never will be enough.
func (q *Queue) Reserve(n int) (*Permit, error) {
	p := &Permit{q: q}
	return p, p.More(n)
}

// More asks for n permits more.
func (p *Permit) More(n int) error {
	q := p.q
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case p.n+n > q.o.Capacity:
		return &TooManyError{p.n + n, q.o.Capacity}
	case q.held+n > q.o.Capacity, q.held+n > q.limit && q.held > p.n:
		return &FullError{q.retryAfter()}
	}
	q.held += n
	p.n += n
	return nil
}

// retryAfter is how long what is held will take; called with mu held.
func (q *Queue) retryAfter() time.Duration {
	if q.rate == 0 {
		return time.Second
	}
	return time.Duration(float64(q.held) / q.rate * float64(time.Second))
}

// Full is the error that Reserve would return for one image now, or nil.
func (q *Queue) Full() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.held >= q.limit {
		return &FullError{q.retryAfter()}
	}
	return nil
}

// Release gives the permits back. It may be called again.
func (p *Permit) Release() {
	p.q.mu.Lock()
	defer p.q.mu.Unlock()
	p.q.held -= p.n
	p.n = 0
}

// Timing says where a request's time went: that of its slowest image.
type Timing struct{ Waited, Took time.Duration }

// Embed puts images in, as many as there are permits for at most, and returns a row for each. When
// ctx ends it returns at once, and images that were not embedded yet are dropped.
func (p *Permit) Embed(ctx context.Context, images [][]byte) ([][]float32, Timing, error) {
	var t Timing
	if len(images) > p.n {
		return nil, t, fmt.Errorf("%d images with permits for %d", len(images), p.n)
	}
	done := make(chan answer, len(images))
	now := time.Now()
	for i, pixels := range images {
		select {
		case p.q.in <- &image{ctx: ctx, pixels: pixels, at: now, row: i, done: done}:
		case <-ctx.Done():
			return nil, t, ctx.Err()
		}
	}
	rows := make([][]float32, len(images))
	for range images {
		select {
		case a := <-done:
			if a.err != nil {
				return nil, t, a.err
			}
			rows[a.row] = a.vector
			t.Waited, t.Took = max(t.Waited, a.waited), t.Took+a.took/time.Duration(len(images))
		case <-ctx.Done():
			return nil, t, ctx.Err()
		}
	}
	return rows, t, nil
}

func (q *Queue) work() {
	defer close(q.stopped)
	for {
		some, open := q.gather()
		if len(some) > 0 {
			q.embed(some)
		}
		if !open {
			return
		}
	}
}

// gather returns the next batch: what waits, up to MaxBatch images, once it is full or its first
// image has waited for MaxWait.
func (q *Queue) gather() (some []*image, open bool) {
	first, open := <-q.in
	if !open {
		return nil, false
	}
	add := func(i *image) {
		if i.ctx.Err() == nil {
			some = append(some, i)
		}
	}
	add(first)
	late := time.NewTimer(q.o.MaxWait - time.Since(first.at))
	defer late.Stop()
	for len(some) < q.o.MaxBatch {
		select { // what is there already is taken, however late it is
		case next, open := <-q.in:
			if !open {
				return some, false
			}
			add(next)
			continue
		default:
		}
		select {
		case next, open := <-q.in:
			if !open {
				return some, false
			}
			add(next)
		case <-late.C:
			return some, true
		}
	}
	return some, true
}

func (q *Queue) embed(some []*image) {
	began := time.Now()
	pixels := make([][]byte, len(some))
	var waited time.Duration
	for i, im := range some {
		pixels[i] = im.pixels
		waited += began.Sub(im.at) / time.Duration(len(some))
	}
	rows, err := q.guarded(pixels)
	took := time.Since(began)
	if err == nil {
		q.measured(len(some), took)
	}
	q.observe(len(some), waited, took)
	for i, im := range some {
		a := answer{row: im.row, waited: began.Sub(im.at), took: took, err: err}
		if err == nil {
			a.vector = rows[i]
		}
		im.done <- a
	}
}

// guarded is run, whose panic is an error.
func (q *Queue) guarded(pixels [][]byte) (rows [][]float32, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{v, debug.Stack()}
		}
	}()
	rows, err = q.run(pixels)
	if err == nil && len(rows) != len(pixels) {
		err = fmt.Errorf("%d rows for %d images", len(rows), len(pixels))
	}
	return rows, err
}

// measured takes a batch into the rate: the mean forgets half of what was in seven batches.
func (q *Queue) measured(n int, took time.Duration) {
	const weight = .1
	now := float64(n) / max(took.Seconds(), 1e-9)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.rate == 0 {
		q.rate = now
		return
	}
	q.rate += weight * (now - q.rate)
}
