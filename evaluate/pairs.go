package evaluate

import (
	"math/rand/v2"
	"slices"
	"sync"
)

// Pairs counts pairs of rows by their similarity: those of one class, and those of two. Similarities are taken to the nearest of equal steps, so that sums
// of equal products in another order fall together.
type Pairs struct {
	Low, Step       float64  // similarity of bin b: Low + b*Step
	Same, Different []uint64 // pairs in each bin
	Queries         int      // whose pairs were counted, of All
	All             int
}

// PairOptions are the choices of [CountPairs].
type PairOptions struct {
	Distance Distance
	Steps    int    // bins between the least and the greatest similarity that can be; 0: 2^18
	Most     int64  // pairs: where there are more, queries are drawn that have about so many; 0: 2^31
	Seed     uint64 // of that draw
	Workers  int    // 0: one a core. The counts do not depend on it
	Progress func(done, total int)
}

const (
	pairSteps = 1 << 18 // of 2^-17 for the cosine
	mostPairs = 1 << 31
)

// CountPairs counts the pairs of each row of emb [N, dim] with all others, each pair once.
func CountPairs(emb []float32, dim int, labels []int32, o PairOptions) (Pairs, error) {
	p, err := newPairing(emb, labels, nil, nil, dim, o)
	if err != nil {
		return Pairs{}, err
	}
	return p.count(p.drawn, nil), nil
}

// pairing visits pairs of queries and gallery rows, block by block.
type pairing struct {
	q, g      sorted
	self      bool  // queries and gallery are the same rows
	ordered   bool  // each pair of rows comes twice, once from either side
	drawn     []int // queries whose pairs count, in an order of chance where not all do
	low, step float64
	bins      int
	o         PairOptions
}

// newPairing readies queries and gallery; gallery nil: the queries search one another.
func newPairing(queries []float32, queryLabels []int32, gallery []float32, galleryLabels []int32, dim int, o PairOptions) (*pairing, error) {
	if o.Steps == 0 {
		o.Steps = pairSteps
	}
	if o.Most == 0 {
		o.Most = mostPairs
	}
	p := &pairing{self: gallery == nil, bins: o.Steps + 1, o: o}
	var err error
	if p.q, err = labelled("queries", queries, dim, queryLabels, o.Distance); err != nil {
		return nil, err
	}
	p.g = p.q
	if !p.self {
		if p.g, err = labelled("gallery", gallery, dim, galleryLabels, o.Distance); err != nil {
			return nil, err
		}
	}
	p.low, p.step = -1, 2/float64(o.Steps)
	if o.Distance == Euclidean {
		longest := float64(max(slices.Max(p.q.half), slices.Max(p.g.half)))
		p.low = -4 * longest // half the square of twice the longest
		p.step = max(-p.low/float64(o.Steps), 1e-300)
	}
	p.draw()
	return p, nil
}

// labelled is byClass of rows that are checked.
func labelled(what string, x []float32, dim int, labels []int32, d Distance) (sorted, error) {
	if _, err := checkLabelled(what, x, dim, labels); err != nil {
		return sorted{}, err
	}
	return byClass(what, x, dim, labels, d)
}

// draw chooses the queries: all, or so many by chance that they have o.Most pairs.
func (p *pairing) draw() {
	n, g := p.q.n(), p.g.n()
	p.drawn = make([]int, n)
	for i := range p.drawn {
		p.drawn[i] = i
	}
	pairs := float64(n) * float64(g)
	if p.self {
		pairs = float64(n) * float64(n-1) / 2
	}
	if pairs <= float64(p.o.Most) {
		return
	}
	rng := rand.New(rand.NewPCG(p.o.Seed, 11))
	rng.Shuffle(n, func(a, b int) { p.drawn[a], p.drawn[b] = p.drawn[b], p.drawn[a] })
	p.drawn = p.drawn[:max(1, int(p.o.Most/int64(g)))]
}

// sampled reports whether only some queries are drawn.
func (p *pairing) sampled() bool { return len(p.drawn) < p.q.n() }

// bin returns the bin of a similarity.
func (p *pairing) bin(s float32) int {
	return max(0, min(int((float64(s)-p.low)/p.step+0.5), p.bins-1))
}

// each hands take the similarities row of query i with gallery rows first, first+1, ...; take runs on several workers, of which it is told the number.
// Where the rows search one another and all are drawn, each pair comes once; the pair of a row with itself never comes.
func (p *pairing) each(drawn []int, workers int, scratches []scratch, take func(worker, i, first int, row []float32), after func(done, total int)) {
	const step = blockRows / 4
	jobs := (len(drawn) + step - 1) / step
	once := p.self && !p.ordered && !p.sampled()
	var progress func(int)
	if after != nil {
		progress = func(done int) { after(done, jobs) }
	}
	parallel(workers, jobs, func(w, job int) {
		s := &scratches[w]
		some := drawn[job*step : min((job+1)*step, len(drawn))]
		picked := grow(&s.rows, len(some)*p.q.dim)
		half := make([]float32, len(some))
		for at, i := range some {
			copy(picked[at*p.q.dim:(at+1)*p.q.dim], p.q.block(i, i+1))
			if p.q.half != nil {
				half[at] = p.q.half[i]
			}
		}
		q := rows{x: picked, dim: p.q.dim}
		if p.q.half != nil {
			q.half = half
		}
		g0 := 0
		if once {
			g0 = some[0]
		}
		for ; g0 < p.g.n(); g0 += blockColumns {
			packed := pack(&s.packed, p.g.block(g0, min(g0+blockColumns, p.g.n())), p.g.dim)
			out := grow(&s.out, len(some)*packed.columns)
			similarity(out, q, 0, len(some), p.g.rows, g0, packed)
			for at, i := range some {
				row := out[at*packed.columns : (at+1)*packed.columns]
				switch self := i - g0; {
				case once:
					if from := clamp(self+1, len(row)); from < len(row) {
						take(w, i, g0+from, row[from:])
					}
				case p.self && self >= 0 && self < len(row):
					take(w, i, g0, row[:self])
					take(w, i, g0+self+1, row[self+1:])
				default:
					take(w, i, g0, row)
				}
			}
		}
	}, progress)
}

// count counts the pairs of the drawn queries.
func (p *pairing) count(drawn []int, after func(done, total int)) Pairs {
	if after == nil {
		after = p.o.Progress
	}
	total := Pairs{Low: p.low, Step: p.step, Same: make([]uint64, p.bins), Different: make([]uint64, p.bins), Queries: len(drawn), All: p.q.n()}
	workers := workerCount(p.o.Workers, (len(drawn)+blockRows/4-1)/(blockRows/4))
	held := make([]binned, workers)
	for w := range held {
		held[w] = binned{same: make([]uint32, p.bins), different: make([]uint32, p.bins)}
	}
	var mu sync.Mutex
	spill := func(b *binned) {
		mu.Lock()
		defer mu.Unlock()
		for i, n := range b.same {
			total.Same[i] += uint64(n)
		}
		for i, n := range b.different {
			total.Different[i] += uint64(n)
		}
		clear(b.same)
		clear(b.different)
		b.pairs = 0
	}
	p.each(drawn, workers, make([]scratch, workers), func(w, i, first int, row []float32) {
		b := &held[w]
		if b.pairs+uint64(len(row)) >= 1<<32 {
			spill(b)
		}
		b.pairs += uint64(len(row))
		own := p.g.ranges[p.q.labels[i]]
		lo, hi := clamp(own.lo-first, len(row)), clamp(own.hi-first, len(row))
		for _, s := range row[:lo] {
			b.different[p.bin(s)]++
		}
		for _, s := range row[lo:hi] {
			b.same[p.bin(s)]++
		}
		for _, s := range row[hi:] {
			b.different[p.bin(s)]++
		}
	}, after)
	for w := range held {
		spill(&held[w])
	}
	return total
}

// binned are one worker's counts.
type binned struct {
	same, different []uint32
	pairs           uint64 // counted since they were emptied, fewer than a uint32 holds
}

// Similarity is the similarity that a bin stands for.
func (p Pairs) Similarity(bin int) float64 { return p.Low + float64(bin)*p.Step }

// totals are the numbers of pairs.
func (p Pairs) totals() (same, different uint64) {
	for _, n := range p.Same {
		same += n
	}
	for _, n := range p.Different {
		different += n
	}
	return same, different
}

func (p *Pairs) add(o Pairs) {
	for i := range p.Same {
		p.Same[i] += o.Same[i]
		p.Different[i] += o.Different[i]
	}
	p.Queries += o.Queries
}
