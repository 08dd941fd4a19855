package batch

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// echo is a network whose row is its image's first byte. It waits for a word before each batch, and notes them.
type echo struct {
	mu      sync.Mutex
	batches [][]byte
	begun   chan struct{}
	go_     chan struct{}
	fail    error
	panics  bool
}

func newEcho() *echo { return &echo{begun: make(chan struct{}, 1000), go_: make(chan struct{}, 1000)} }

func (e *echo) run(images [][]byte) ([][]float32, error) {
	var some []byte
	var rows [][]float32
	for _, i := range images {
		some = append(some, i[0])
		rows = append(rows, []float32{float32(i[0])})
	}
	e.mu.Lock()
	e.batches = append(e.batches, some)
	fail, panics := e.fail, e.panics
	e.mu.Unlock()
	e.begun <- struct{}{}
	<-e.go_
	if panics {
		panic("a fault")
	}
	return rows, fail
}

func (e *echo) free(n int) {
	for range n {
		e.go_ <- struct{}{}
	}
}

// put embeds images in a goroutine of its own.
func put(t *testing.T, q *Queue, ctx context.Context, bytes ...byte) <-chan error {
	t.Helper()
	p, err := q.Reserve(len(bytes))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	var images [][]byte
	for _, b := range bytes {
		images = append(images, []byte{b})
	}
	go func() {
		defer p.Release()
		rows, _, err := p.Embed(ctx, images)
		for i, b := range bytes {
			if err == nil && (len(rows) != len(bytes) || rows[i][0] != float32(b)) {
				err = fmt.Errorf("row %d is %v", i, rows)
			}
		}
		done <- err
	}()
	return done
}

// What waits is batched, first come first served, up to the largest batch; a request may be spread over several.
func TestBatchesWhatWaits(t *testing.T) {
	e := newEcho()
	q := New(Options{MaxBatch: 4, Capacity: 20}, e.run, nil)
	ctx := t.Context()
	first := put(t, q, ctx, 1)
	<-e.begun // the network is at work; what comes now waits
	var all []<-chan error
	all = append(all, put(t, q, ctx, 2, 3, 4))
	waitFor(t, func() bool { return len(q.in) == 3 })
	all = append(all, put(t, q, ctx, 5, 6))
	waitFor(t, func() bool { return len(q.in) == 5 })
	e.free(3)
	for _, done := range append(all, first) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := fmt.Sprint(e.batches); got != "[[1] [2 3 4 5] [6]]" {
		t.Errorf("batches %v", got)
	}
	if q.Held() != 0 || q.Rate() <= 0 {
		t.Errorf("%d held at the end, rate %v", q.Held(), q.Rate())
	}
	q.Close()
	if _, err := q.Reserve(1); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func waitFor(t *testing.T, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("waited for long")
		}
	}
}

// An image waits for others as long as it is told to, and no longer once the batch is full.
func TestWaitsForOthers(t *testing.T) {
	e := newEcho()
	e.free(10)
	q := New(Options{MaxBatch: 2, MaxWait: time.Hour, Capacity: 20}, e.run, nil)
	a, b := put(t, q, t.Context(), 1), put(t, q, t.Context(), 2)
	for _, done := range []<-chan error{a, b} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if len(e.batches) != 1 {
		t.Errorf("batches %v", e.batches)
	}
	q.Close()
	q = New(Options{MaxBatch: 2, MaxWait: time.Millisecond, Capacity: 20}, e.run, nil)
	if err := <-put(t, q, t.Context(), 3); err != nil {
		t.Error(err)
	}
	q.Close()
}

// A queue counts images, and says when to come again by the rate that it measured.
func TestRefuses(t *testing.T) {
	e := newEcho()
	q := New(Options{MaxBatch: 1, Capacity: 5}, e.run, nil)
	p, err := q.Reserve(3)
	if err != nil {
		t.Fatal(err)
	}
	var full *FullError
	if _, err := q.Reserve(3); !errors.As(err, &full) || full.RetryAfter != time.Second {
		t.Errorf("%v %v", err, full)
	}
	var many *TooManyError
	if _, err := q.Reserve(6); !errors.As(err, &many) {
		t.Error(err)
	}
	if err := p.More(2); err != nil {
		t.Error(err)
	}
	q.rate = 2
	if err := q.Full(); !errors.As(err, &full) || full.RetryAfter != 2500*time.Millisecond {
		t.Errorf("%v", err)
	}
	p.Release()
	p.Release()
	if q.Held() != 0 || q.Full() != nil {
		t.Errorf("%d held", q.Held())
	}
	if _, _, err := p.Embed(t.Context(), [][]byte{{1}}); err == nil {
		t.Error("an image without a permit was taken")
	}
	q.Close()
}

// A client that is gone gets no work done any more.
func TestDropsWhatIsGone(t *testing.T) {
	e := newEcho()
	q := New(Options{MaxBatch: 4, Capacity: 20}, e.run, nil)
	first := put(t, q, t.Context(), 1)
	<-e.begun
	ctx, leave := context.WithCancel(t.Context())
	gone := put(t, q, ctx, 2, 3)
	waitFor(t, func() bool { return len(q.in) == 2 })
	stays := put(t, q, t.Context(), 4)
	waitFor(t, func() bool { return len(q.in) == 3 })
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	e.free(2)
	for _, done := range []<-chan error{first, stays} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := fmt.Sprint(e.batches); got != "[[1] [4]]" {
		t.Errorf("batches %v", got)
	}
	q.Close()
}

// A panic, or an error, of the network ends the requests of one batch.
func TestSurvives(t *testing.T) {
	e := newEcho()
	e.free(10)
	q := New(Options{MaxBatch: 4, Capacity: 20}, e.run, nil)
	e.panics = true
	var fell *PanicError
	if err := <-put(t, q, t.Context(), 1); !errors.As(err, &fell) || len(fell.Stack) == 0 {
		t.Errorf("%v", err)
	}
	e.mu.Lock()
	e.panics, e.fail = false, errors.New("no memory")
	e.mu.Unlock()
	if err := <-put(t, q, t.Context(), 2); err == nil || err.Error() != "no memory" {
		t.Errorf("%v", err)
	}
	e.mu.Lock()
	e.fail = nil
	e.mu.Unlock()
	if err := <-put(t, q, t.Context(), 3); err != nil {
		t.Error(err)
	}
	q.Close()
}

// A limit bounds what several requests hold together, not one that has the queue to itself.
func TestLimit(t *testing.T) {
	e := newEcho()
	q := New(Options{MaxBatch: 2, Capacity: 8}, e.run, nil)
	q.Limit(3)
	reserve := func(n int, full bool) *Permit {
		t.Helper()
		p, err := q.Reserve(n)
		if many := (*FullError)(nil); errors.As(err, &many) != full || !full && err != nil {
			t.Errorf("%d more of %d: %v", n, q.Held(), err)
		}
		return p
	}
	alone := reserve(8, false)
	reserve(1, true)
	if q.Full() == nil {
		t.Error("more than the limit are held, and it is not full")
	}
	alone.Release()
	first := reserve(2, false)
	reserve(2, true)
	last := reserve(1, false)
	reserve(1, true)
	if err := first.More(1); err == nil {
		t.Error("more beside another")
	}
	last.Release()
	if err := first.More(6); err != nil {
		t.Errorf("more where it is alone: %v", err)
	}
	first.Release()
	if _, err := q.Reserve(9); !errors.As(err, new(*TooManyError)) {
		t.Errorf("more than the capacity: %v", err)
	}
	q.Close()
}
