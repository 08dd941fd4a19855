package evaluate

import (
	"fmt"
	"slices"
)

// RetrieveOptions are the choices of [Retrieve] and [RetrieveGallery]; the zero value is what the field reports.
type RetrieveOptions struct {
	Distance Distance
	Depth    int                   // ranks beyond it add nothing to AP; 0: the whole ranking counts
	Workers  int                   // 0: one a core
	Progress func(done, total int) // blocks of products; may be nil
}

// Retrieve ranks, for each row of emb [N, dim], all other rows.
func Retrieve(emb []float32, dim int, labels []int32, o RetrieveOptions) (Retrieval, error) {
	n, err := checkLabelled("embeddings", emb, dim, labels)
	if err != nil {
		return Retrieval{}, err
	}
	if n < 2 {
		return Retrieval{}, fmt.Errorf("evaluate: a single embedding has no neighbours")
	}
	side, err := byClass("embeddings", emb, dim, labels, o.Distance)
	if err != nil {
		return Retrieval{}, err
	}
	return newRanking(side, side, true, o).run(), nil
}

// RetrieveGallery ranks, for each query [Q, dim], all rows of gallery [G, dim]. Nothing is excluded: the two sets must not share images.
func RetrieveGallery(queries []float32, queryLabels []int32, gallery []float32, galleryLabels []int32, dim int, o RetrieveOptions) (Retrieval, error) {
	if _, err := checkLabelled("queries", queries, dim, queryLabels); err != nil {
		return Retrieval{}, err
	}
	if _, err := checkLabelled("gallery", gallery, dim, galleryLabels); err != nil {
		return Retrieval{}, err
	}
	q, err := byClass("queries", queries, dim, queryLabels, o.Distance)
	if err != nil {
		return Retrieval{}, err
	}
	g, err := byClass("gallery", gallery, dim, galleryLabels, o.Distance)
	if err != nil {
		return Retrieval{}, err
	}
	return newRanking(q, g, false, o).run(), nil
}

// sorted is a matrix whose rows stand class by class.
type sorted struct {
	rows
	order  []int         // order[i]: where row i stood
	labels []int32       // of the rows as they stand now, ascending
	ranges map[int32]run // class -> its rows
}

// run is the rows lo..hi.
type run struct{ lo, hi int }

func byClass(what string, x []float32, dim int, labels []int32, d Distance) (sorted, error) {
	s := sorted{order: make([]int, len(labels)), labels: make([]int32, len(labels)), ranges: map[int32]run{}}
	for i := range s.order {
		s.order[i] = i
	}
	slices.SortStableFunc(s.order, func(a, b int) int { return int(labels[a]) - int(labels[b]) })
	for i, from := range s.order {
		s.labels[i] = labels[from]
	}
	for lo := 0; lo < len(labels); {
		hi := lo
		for hi < len(labels) && s.labels[hi] == s.labels[lo] {
			hi++
		}
		s.ranges[s.labels[lo]] = run{lo, hi}
		lo = hi
	}
	var err error
	s.rows, err = ready(what, x, dim, s.order, d)
	return s, err
}

// ranking counts, for each positive of each query, the negatives that are at least as near.
type ranking struct {
	queries, gallery sorted
	self             bool // queries and gallery are the same rows
	options          RetrieveOptions
	positives        []run // of each query, in gallery; holds the query itself when self
	offset           []int // where each query's thresholds begin, if all lay in one slice
}

func newRanking(queries, gallery sorted, self bool, o RetrieveOptions) *ranking {
	n := queries.n()
	r := &ranking{queries: queries, gallery: gallery, self: self, options: o, positives: make([]run, n), offset: make([]int, n+1)}
	for i := range n {
		r.positives[i] = gallery.ranges[queries.labels[i]]
		r.offset[i+1] = r.offset[i] + r.count(i)
	}
	return r
}

// count is R of query i.
func (r *ranking) count(i int) int {
	c := r.positives[i].hi - r.positives[i].lo
	if r.self {
		c--
	}
	return c
}

// heldPairs are the pairs of one class whose similarities may be held at once (128 MiB), and each worker's counts as well.
const heldPairs = 1 << 25

// run chooses the walk: over half of the blocks where the rows search themselves and all thresholds fit in memory, else query by query.
func (r *ranking) run() Retrieval {
	pairs := r.offset[len(r.positives)]
	blocks := (r.queries.n() + blockRows - 1) / blockRows
	workers := workerCount(r.options.Workers, blocks*(blocks+1)/2)
	if r.self && pairs*workers <= heldPairs {
		return r.halfWalk(workers)
	}
	return r.queryWalk(r.options.Workers)
}

// tie is how far apart two similarities of unit rows may be and count as equal: sums of equal products in another order differ by less.
const tie = 1. / (1 << 22)

// thresholds fills t with what a row has to reach to count as at least as near as each of query i's positives, nearest first. row is the query's
// products with its class, from positives[i].lo.
func (r *ranking) thresholds(i int, row, t []float32) {
	p := r.positives[i]
	at := 0
	for j, s := range row[:p.hi-p.lo] {
		if r.self && p.lo+j == i {
			continue
		}
		scale := float32(1)
		if r.queries.half != nil {
			scale = r.queries.half[i] + r.gallery.half[p.lo+j]
		}
		t[at] = s - tie*scale
		at++
	}
	slices.Sort(t)
	slices.Reverse(t)
}

// countSegments tallies the negatives of query i among gallery rows g0..g0+len(row): all but the rows of its class.
func (r *ranking) countSegments(i, g0 int, row, t []float32, counts []int32) {
	p := r.positives[i]
	lo, hi := clamp(p.lo-g0, len(row)), clamp(p.hi-g0, len(row))
	tally(row[:lo], t, counts)
	tally(row[hi:], t, counts)
}

func clamp(x, n int) int { return max(0, min(x, n)) }

func (r *ranking) collect(i int, counts []int32, out *Retrieval) {
	out.Queries[r.queries.order[i]] = score(above(counts), r.options.Depth)
}

func (r *ranking) finish(out Retrieval) Retrieval {
	out.Labels = make([]int32, len(out.Queries))
	for i, from := range r.queries.order {
		out.Labels[from] = r.queries.labels[i]
	}
	for i := range out.Queries {
		if out.Queries[i].Positives == 0 {
			out.Lone++
		}
	}
	return out
}
