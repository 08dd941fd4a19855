package scan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/dvml/dvml/kernel"
)

// MaxNeighbours bounds the neighbours of a row in a graph.
const MaxNeighbours = 256

// graphBlock is how many rows are held against how many others at a time, so that both sides stay in the second cache.
const graphBlock = 512

// None is the row of a neighbour that is not there, in a source of few rows.
const None = -1

// Graph returns the k nearest other rows of every row, [N, k] nearest first, of rows equally near the lower first: what Search would find for each, but all
// at once. A pair of rows is computed once for both. It takes memory for the result and some MiB a worker. progress, where not nil, is told how many of
// the blocks of rows are done, by one goroutine at a time.
func Graph(ctx context.Context, src Source, k int, pool *kernel.Pool, progress func(done, total int)) ([]Hit, error) {
	if k < 1 || k > MaxNeighbours {
		return nil, fmt.Errorf("%d neighbours; expected 1 to %d", k, MaxNeighbours)
	}
	n := src.Len()
	if n > math.MaxInt32 {
		return nil, fmt.Errorf("%d rows; expected at most %d", n, math.MaxInt32)
	}
	g := &graph{ctx: ctx, src: src, n: n, k: k, whole: n / GroupRows * GroupRows, progress: progress}
	g.blocks = (g.whole + graphBlock - 1) / graphBlock
	g.hits, g.tops, g.bars, g.locks = make([]Hit, n*k), make([]top, n), make([]atomic.Uint32, n), make([]sync.Mutex, n/graphBlock+1)
	for i := range g.tops {
		g.tops[i] = top{hits: g.hits[i*k : i*k : (i+1)*k], k: k}
		g.bars[i].Store(math.Float32bits(float32(math.Inf(-1))))
	}
	for g.window = 128; g.window < k+1; g.window *= 2 {
	}
	// A row's first neighbours are those beside it, which in a folder of photographs are often near indeed: with a bar for each row, few others are scored.
	pool.DoEach((g.whole+g.window-1)/g.window, step{g, g.seed})
	pool.DoEach(g.blocks, step{g, g.against})
	pool.DoEach(1, step{g, g.rest})
	if err := errors.Join(g.err, ctx.Err()); err != nil {
		return nil, err
	}
	for i := range g.tops {
		h := g.tops[i].hits
		slices.SortFunc(h, func(a, b Hit) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		for j := len(h); j < k; j++ {
			g.hits[i*k+j] = Hit{Row: None}
		}
	}
	return g.hits, nil
}

type graph struct {
	ctx      context.Context
	src      Source
	n, k     int
	whole    int // rows in groups
	blocks   int
	window   int // rows that are seeded with one another
	hits     []Hit
	tops     []top           // of each row, in hits
	bars     []atomic.Uint32 // the score that a neighbour of each row has to reach
	locks    []sync.Mutex    // of each block's tops
	progress func(done, total int)

	mu   sync.Mutex
	done int
	err  error
}

// step is a part of the work, done for each of a number of pieces.
type step struct {
	g *graph
	f func(i int) error
}

// Run does piece lo, unless the work has failed or is not wanted any more.
func (s step) Run(lo, hi, _ int) {
	g := s.g
	for i := lo; i < hi; i++ {
		g.mu.Lock()
		stop := g.err != nil || g.ctx.Err() != nil
		g.mu.Unlock()
		if stop {
			return
		}
		if err := s.f(i); err != nil {
			g.mu.Lock()
			g.err = err
			g.mu.Unlock()
		}
	}
}

// seed scores the rows of a window with one another.
func (g *graph) seed(i int) error {
	lo, hi := i*g.window, min((i+1)*g.window, g.whole)
	for a := lo; a < hi; a++ {
		for b := lo; b < a; b++ {
			if err := g.pair(a, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// pair scores two rows of a window or of the rest, whose tops no other worker touches, and offers each to the other.
func (g *graph) pair(a, b int) error {
	s, err := g.score(a, b)
	if err == nil {
		g.offer(a, b, s)
		g.offer(b, a, s)
	}
	return err
}

func (g *graph) score(a, b int) (float32, error) {
	x, err := g.src.Row(a)
	if err != nil {
		return 0, err
	}
	y, err := g.src.Row(b)
	if err != nil {
		return 0, err
	}
	return Score(x, y), nil
}

// offer tells row a of its neighbour b. The caller holds the lock of a's block, or nobody else is at work on it.
func (g *graph) offer(a, b int, score float32) {
	t := &g.tops[a]
	if t.add(Hit{int32(b), score}) && t.full() {
		g.bars[a].Store(math.Float32bits(t.hits[0].Score))
	}
}

// rest scores a row that fills no group with all before it. Such rows are few, and are not worth more than one worker.
func (g *graph) rest(int) error {
	for a := g.whole; a < g.n; a++ {
		for b := range a {
			if err := g.pair(a, b); err != nil {
				return err
			}
		}
	}
	return nil
}

// found is a pair that is to be offered.
type found struct {
	a, b  int32
	score float32
}

// against holds block i against itself and all behind it.
func (g *graph) against(i int) error {
	lo, hi := i*graphBlock, min((i+1)*graphBlock, g.whole)
	dim := g.src.Dim()
	queries, longs := make([]*block, 0, graphBlock/4), make([]float64, 0, graphBlock*dim)
	four := make([]float32, 0, 4*dim)
	for a := lo; a < hi; a += 4 {
		four = four[:0]
		for r := a; r < a+4; r++ {
			v, err := g.src.Row(r)
			if err != nil {
				return err
			}
			four, longs = append(four, v...), long(longs, v)
		}
		b, err := newBlock(four, dim, g.src.Reach())
		if err != nil {
			return err
		}
		queries = append(queries, b)
	}
	masks, bars := make([]uint16, 4*graphBlock/GroupRows), make([]float32, graphBlock)
	var pairs []found
	for j := i; j < g.blocks; j++ {
		if err := g.ctx.Err(); err != nil {
			return err
		}
		first, last := j*graphBlock, min((j+1)*graphBlock, g.whole)
		groups, err := g.src.Groups(first/GroupRows, (last-first)/GroupRows)
		if err != nil {
			return err
		}
		for r := first; r < last; r++ {
			bars[r-first] = math.Float32frombits(g.bars[r].Load())
		}
		pairs = pairs[:0]
		for q, b := range queries {
			for lane := range 4 {
				b.bar(lane, math.Float32frombits(g.bars[lo+4*q+lane].Load()))
			}
			n := (last - first) / GroupRows
			b.mark(groups, n, dim, bars[:last-first], masks)
			if pairs, err = g.marked(pairs, masks[:4*n], longs[4*q*dim:][:4*dim], lo+4*q, first); err != nil {
				return err
			}
		}
		g.take(pairs, i, j)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done++; g.progress != nil {
		g.progress(g.done, g.blocks)
	}
	return nil
}

// marked scores the pairs of rows a..a+4, which longs holds, with the marked rows from first on, and appends those that either side may keep.
func (g *graph) marked(pairs []found, masks []uint16, longs []float64, a, first int) ([]found, error) {
	for i, mask := range masks {
		for ; mask != 0; mask &= mask - 1 {
			x, y := a+i%4, first+i/4*GroupRows+bits.TrailingZeros16(mask)
			if y <= x || x/g.window == y/g.window { // a pair within a block comes twice; one of a window was seeded
				continue
			}
			v, err := g.src.Row(y)
			if err != nil {
				return nil, err
			}
			s := scoreLong(longs[i%4*len(v):][:len(v)], v)
			if s >= math.Float32frombits(g.bars[x].Load()) || s >= math.Float32frombits(g.bars[y].Load()) {
				pairs = append(pairs, found{int32(x), int32(y), s})
			}
		}
	}
	return pairs, nil
}

// take offers pairs of blocks i and j to both sides.
func (g *graph) take(pairs []found, i, j int) {
	g.locks[i].Lock()
	for _, p := range pairs {
		g.offer(int(p.a), int(p.b), p.score)
	}
	g.locks[i].Unlock()
	g.locks[j].Lock()
	for _, p := range pairs {
		g.offer(int(p.b), int(p.a), p.score)
	}
	g.locks[j].Unlock()
}
