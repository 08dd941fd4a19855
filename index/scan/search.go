package scan

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync/atomic"

	"github.com/dvml/dvml/kernel"
)

// Source is what is searched: rows and their compact form. Its methods are called from several goroutines.
type Source interface {
	Len() int                            // rows
	Dim() int                            // float32 of a row
	Reach() float32                      // what Encode returned, the largest over all groups
	Groups(first, n int) ([]byte, error) // the compact form of groups first..first+n, of Len()/GroupRows
	Row(i int) ([]float32, error)        // row i
}

// Options says what is looked for.
type Options struct {
	K       int          // how many hits for each query; 0: all that reach Least
	Bounded bool         // hits have to reach Least
	Least   float32      // the least score of a hit
	Keep    Bitmap       // the rows that are looked at; nil: all
	Pool    *kernel.Pool // nil: kernel.Default()
}

// chunkBytes is the compact form that a worker holds against all queries before it goes on: it stays in the second cache.
const chunkBytes = 192 << 10

// Search returns the hits of each query [Q, dim], best first.
func Search(src Source, queries []float32, o Options) ([][]Hit, error) {
	dim := src.Dim()
	switch {
	case len(queries)%dim != 0:
		return nil, fmt.Errorf("queries of %d values are not rows of %d", len(queries), dim)
	case o.K < 0 || o.K == 0 && !o.Bounded:
		return nil, errors.New("expected a number of hits of at least 1, or a least score")
	}
	n := len(queries) / dim
	s := &search{src: src, o: o, dim: dim, queries: queries, long: long(nil, queries), n: n, bars: make([]atomic.Uint32, n)}
	floor := float32(math.Inf(-1))
	if o.Bounded {
		floor = o.Least
	}
	for q := range s.bars {
		s.bars[q].Store(math.Float32bits(floor))
	}
	pool := o.Pool
	if pool == nil {
		pool = kernel.Default()
	}
	s.groups = src.Len() / GroupRows
	s.chunk = max(1, chunkBytes/GroupBytes(dim))
	s.chunks = (s.groups + s.chunk - 1) / s.chunk
	s.stride = coprime(s.chunks)
	s.workers = make([]*worker, pool.Workers())
	pool.DoEach(s.chunks+1, s)
	return s.gather()
}

// search is a call of Search.
type search struct {
	src     Source
	o       Options
	dim     int
	queries []float32 // [n, dim]
	long    []float64 // the same
	n       int
	groups  int // whole groups of the source
	chunk   int // groups in a chunk
	chunks  int
	stride  int             // between chunks in the order in which they are taken
	bars    []atomic.Uint32 // the score that a hit of each query has to reach: the k-th best of any worker
	workers []*worker
}

// worker is what one goroutine keeps.
type worker struct {
	tops   []top // of each query
	blocks []*block
	masks  []uint16
	err    error
}

// Run looks through chunks lo..hi of the pool's order; the last is the rows without a compact form. Chunks are not taken as they lie: photographs of one
// kind lie together, and where each chunk is better than all before it the bar rises late.
func (s *search) Run(lo, hi, who int) {
	w := s.workers[who]
	if w == nil {
		w = s.newWorker()
		s.workers[who] = w
	}
	for i := lo; i < hi && w.err == nil; i++ {
		if i == s.chunks {
			w.err = s.rest(w)
			continue
		}
		c := i * s.stride % s.chunks
		w.err = s.look(w, c*s.chunk, min((c+1)*s.chunk, s.groups))
	}
}

func (s *search) newWorker() *worker {
	w := &worker{tops: make([]top, s.n)}
	for q := range w.tops {
		w.tops[q].k = s.o.K
	}
	for q := 0; q < s.n; q += 4 {
		b, err := newBlock(s.queries[q*s.dim:min(q+4, s.n)*s.dim], s.dim, s.src.Reach())
		if err != nil {
			return &worker{err: fmt.Errorf("query: %w", err)}
		}
		w.blocks = append(w.blocks, b)
	}
	w.masks = make([]uint16, 4*s.chunk)
	return w
}

// look goes through groups lo..hi, in runs of groups that hold a row to be kept.
func (s *search) look(w *worker, lo, hi int) error {
	for lo < hi {
		end := hi
		if s.o.Keep != nil {
			for lo < hi && s.o.Keep.group(lo) == 0 {
				lo++
			}
			for end = lo; end < hi && s.o.Keep.group(end) != 0; end++ {
			}
		}
		if lo == end {
			continue
		}
		groups, err := s.src.Groups(lo, end-lo)
		if err != nil {
			return err
		}
		for i, b := range w.blocks {
			if err := s.hold(w, b, 4*i, groups, lo, end); err != nil {
				return err
			}
		}
		lo = end
	}
	return nil
}

// hold holds groups lo..hi against the queries of b, the first of which is number first. As long as there is no k-th best, all rows are candidates: a few
// groups at a time then.
func (s *search) hold(w *worker, b *block, first int, groups []byte, lo, hi int) error {
	size := GroupBytes(s.dim)
	for lo < hi {
		n := hi - lo
		for q := range b.n {
			bar := math.Float32frombits(s.bars[first+q].Load())
			b.bar(q, bar)
			if math.IsInf(float64(bar), -1) {
				n = min(n, max(2, s.o.K/GroupRows+1))
			}
		}
		b.mark(groups, n, s.dim, nil, w.masks)
		if err := s.candidates(w, b, first, lo, n); err != nil {
			return err
		}
		groups = groups[n*size:]
		lo += n
	}
	return nil
}

// candidates scores the marked rows of groups lo..lo+n.
func (s *search) candidates(w *worker, b *block, first, lo, n int) error {
	for i, mask := range w.masks[:n*b.width] {
		if mask == 0 {
			continue
		}
		g, q := lo+i/b.width, first+i%b.width
		if s.o.Keep != nil {
			mask &= s.o.Keep.group(g)
		}
		for ; mask != 0; mask &= mask - 1 {
			if err := s.offer(w, q, g*GroupRows+bits.TrailingZeros16(mask)); err != nil {
				return err
			}
		}
	}
	return nil
}

// offer scores a row for query q, keeps it if it is among the best, and raises the bar.
func (s *search) offer(w *worker, q, row int) error {
	v, err := s.src.Row(row)
	if err != nil {
		return err
	}
	score := scoreLong(s.long[q*s.dim:][:s.dim], v)
	if score < math.Float32frombits(s.bars[q].Load()) {
		return nil
	}
	t := &w.tops[q]
	if !t.add(Hit{int32(row), score}) || !t.full() {
		return nil
	}
	for worst := t.hits[0].Score; ; {
		old := s.bars[q].Load()
		if worst <= math.Float32frombits(old) || s.bars[q].CompareAndSwap(old, math.Float32bits(worst)) {
			return nil
		}
	}
}

// rest scores the rows that fill no group.
func (s *search) rest(w *worker) error {
	for row := s.groups * GroupRows; row < s.src.Len(); row++ {
		if s.o.Keep != nil && !s.o.Keep.Has(row) {
			continue
		}
		for q := range s.n {
			if err := s.offer(w, q, row); err != nil {
				return err
			}
		}
	}
	return nil
}

// gather joins what the workers found.
func (s *search) gather() ([][]Hit, error) {
	out := make([][]Hit, s.n)
	for _, w := range s.workers {
		if w == nil {
			continue
		}
		if w.err != nil {
			return nil, w.err
		}
		for q := range out {
			out[q] = append(out[q], w.tops[q].hits...)
		}
	}
	for q := range out {
		slices.SortFunc(out[q], func(a, b Hit) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		if s.o.K > 0 && len(out[q]) > s.o.K {
			out[q] = out[q][:s.o.K]
		}
	}
	return out, nil
}

// coprime returns a step that visits all of n places in an order spread over them: near n over the golden ratio, without a factor in common with n.
func coprime(n int) int {
	for step := max(1, int(float64(n)*0.618)); ; step++ {
		a, b := step, n
		for b != 0 {
			a, b = b, a%b
		}
		if a <= 1 || n < 2 {
			return step
		}
	}
}
