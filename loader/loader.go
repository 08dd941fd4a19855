package loader

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/dvml/dvml/augment"
	"github.com/dvml/dvml/internal/draw"
	"github.com/dvml/dvml/sampler"
)

// Source is what a loader reads: a store.Reader.
type Source interface {
	N() int
	Size() int                         // S
	Labels() []int32                   // [N]
	ReadImage(i int, dst []byte) error // dst [3,S,S]; from several goroutines
}

// Batch is the input of one step.
type Batch struct {
	Step   int
	batch  int // that its rows belong to, and the first of them there: of a part, see sampler.Parts
	from   int
	Images []float32 // [B,Crop,Crop,3]
	Labels []int32   // [B]
	Index  []int     // [B] rows of the source

	mu      sync.Mutex
	pending int           // rows that are not ready
	ready   chan struct{} // gets a value when none is
	failed  int           // lowest row that failed, or B
	err     error         // its error
}

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("loader: closed")

// Loader prepares batches. Next is for one goroutine; Release and Close may be called from any.
type Loader struct {
	source  Source
	plan    augment.Plan
	sampler sampler.Sampler
	seed    uint64
	labels  []int32

	rows    chan task     // to the workers
	ordered chan *Batch   // to Next, in the order of steps
	ahead   chan struct{} // a value for each batch that is begun and not yet handed out
	quit    chan struct{}
	close   sync.Once
	running sync.WaitGroup
	err     error // what Next returned last, if an error

	mu   sync.Mutex
	free []*Batch
}

// task asks for rows from to to-1 of a batch.
type task struct {
	batch    *Batch
	from, to int
}

// New starts workers (at least 1) that keep up to depth (at least 1) batches ready, beginning at
// startStep. The loader holds depth batches and those that are with the caller; a Finite sampler
// ends it with io.EOF after its last step.
func New(source Source, s sampler.Sampler, plan augment.Plan, seed uint64, startStep, workers, depth int) (*Loader, error) {
	if err := plan.Check(source.Size()); err != nil {
		return nil, err
	}
	if workers < 1 || depth < 1 || startStep < 0 {
		return nil, fmt.Errorf("loader: %d workers, %d batches ahead, from step %d: at least 1, 1 and 0", workers, depth, startStep)
	}
	l := &Loader{
		source: source, plan: plan, sampler: s, seed: seed, labels: source.Labels(),
		rows:    make(chan task),
		ordered: make(chan *Batch, depth),
		ahead:   make(chan struct{}, depth),
		quit:    make(chan struct{}),
	}
	l.running.Add(1 + workers)
	go l.dispatch(startStep, taskRows(s.Size(), workers))
	for range workers {
		go l.work()
	}
	return l, nil
}

// taskRows is the number of rows in a task: small enough that workers end together, large enough that handing out costs nothing.
func taskRows(batch, workers int) int { return max(1, min(8, batch/(2*workers))) }

// Next returns the batch of the next step, waiting until it is ready. An image that cannot be read
// ends the run: the error names the step and the image, and comes again on every later call. After
// the last step of a Finite sampler the error is io.EOF, after Close ErrClosed.
func (l *Loader) Next() (*Batch, error) {
	if l.err != nil {
		return nil, l.err
	}
	b, err := l.next()
	if err != nil {
		l.err = err
		return nil, err
	}
	return b, nil
}

func (l *Loader) next() (*Batch, error) {
	select {
	case <-l.quit:
		return nil, ErrClosed
	default:
	}
	var b *Batch
	select {
	case <-l.quit:
		return nil, ErrClosed
	case next, ok := <-l.ordered:
		if !ok {
			return nil, io.EOF
		}
		b = next
	}
	select {
	case <-l.quit:
		return nil, ErrClosed
	case <-b.ready:
	}
	<-l.ahead
	if b.err != nil {
		return nil, fmt.Errorf("loader: step %d: image %d: %w", b.Step, b.Index[b.failed], b.err)
	}
	return b, nil
}

// Release gives a batch back to be filled again; its slices must not be used after. A batch that is never released is merely not reused.
func (l *Loader) Release(b *Batch) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = append(l.free, b)
}

// Close stops the workers and waits for them; Next then fails with ErrClosed. Batches that were handed out stay valid.
func (l *Loader) Close() {
	l.close.Do(func() { close(l.quit) })
	l.running.Wait()
}

// batch returns a released batch or a new one.
func (l *Loader) batch() *Batch {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.free); n > 0 {
		b := l.free[n-1]
		l.free = l.free[:n-1]
		return b
	}
	n := l.sampler.Size()
	return &Batch{
		Images: make([]float32, n*3*l.plan.Crop*l.plan.Crop),
		Labels: make([]int32, n),
		Index:  make([]int, n),
		ready:  make(chan struct{}, 1),
	}
}

// resize makes the batch hold rows rows of each values, which it has memory for.
func (b *Batch) resize(rows, each int) {
	b.Images, b.Labels, b.Index = b.Images[:rows*each], b.Labels[:rows], b.Index[:rows]
}

// dispatch begins batches in order and cuts them into tasks.
func (l *Loader) dispatch(step, perTask int) {
	defer l.running.Done()
	finite, ends := l.sampler.(sampler.Finite)
	for ; !ends || step < finite.Steps(); step++ {
		select {
		case <-l.quit:
			return
		case l.ahead <- struct{}{}:
		}
		b := l.batch()
		b.batch, b.from = step, 0
		if parts, ok := l.sampler.(*sampler.Parts); ok {
			b.batch, b.from = parts.Place(step)
			b.resize(parts.Rows(step), 3*l.plan.Crop*l.plan.Crop)
		}
		n := len(b.Index)
		l.sampler.Fill(b.Index, step)
		for j, i := range b.Index {
			b.Labels[j] = -1 // of a row that does not exist, which reading will report
			if i >= 0 && i < len(l.labels) {
				b.Labels[j] = l.labels[i]
			}
		}
		b.Step, b.pending, b.failed, b.err = step, n, n, nil
		l.ordered <- b // ahead keeps it from being full
		for from := 0; from < n; from += perTask {
			select {
			case <-l.quit:
				return
			case l.rows <- task{b, from, min(n, from+perTask)}:
			}
		}
	}
	close(l.ordered)
}

// work fills rows of batches.
func (l *Loader) work() {
	defer l.running.Done()
	pixels := make([]byte, 3*l.source.Size()*l.source.Size())
	stream := draw.NewStream()
	for {
		select {
		case <-l.quit:
			return
		case t := <-l.rows:
			for j := t.from; j < t.to; j++ {
				t.batch.done(j, l.fill(t.batch, j, pixels, stream))
			}
		}
	}
}

// fill reads and augments row j of a batch.
func (l *Loader) fill(b *Batch, j int, pixels []byte, stream *draw.Stream) error {
	if err := l.source.ReadImage(b.Index[j], pixels); err != nil {
		return err
	}
	stream.Seek(l.seed, uint64(b.batch), uint64(b.from+j))
	n := len(b.Images) / len(b.Index)
	l.plan.Apply(b.Images[j*n:(j+1)*n], pixels, l.source.Size(), stream.Rand)
	return nil
}

// done counts row j; of several errors that of the lowest row is kept, so that the report does not depend on who was faster.
func (b *Batch) done(j int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && j < b.failed {
		b.failed, b.err = j, err
	}
	b.pending--
	if b.pending == 0 {
		b.ready <- struct{}{}
	}
}
