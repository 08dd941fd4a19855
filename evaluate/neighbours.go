package evaluate

import "fmt"

// Hits are the nearest gallery rows of each query, nearest first.
type Hits struct {
	K          int       // a query; less than asked for where the gallery is smaller
	Index      []int32   // [Q, K] gallery rows
	Similarity []float32 // [Q, K]: the cosine, or minus half the squared Euclidean distance
}

// Of gives the hits of one query.
func (h Hits) Of(query int) ([]int32, []float32) {
	lo, hi := query*h.K, (query+1)*h.K
	return h.Index[lo:hi], h.Similarity[lo:hi]
}

// Search finds the k nearest rows of gallery [G, dim] for each query [Q, dim]. Queries nil: the gallery's rows search one another, each without
// itself. Of rows equally near the lower comes first.
func Search(queries, gallery []float32, dim, k int, o RetrieveOptions) (Hits, error) {
	if k < 1 {
		return Hits{}, fmt.Errorf("evaluate: %d neighbours: want at least 1", k)
	}
	n, err := checkRows("gallery", gallery, dim)
	if err != nil {
		return Hits{}, err
	}
	g, err := ready("gallery", gallery, dim, nil, o.Distance)
	if err != nil {
		return Hits{}, err
	}
	q, self := g, queries == nil
	if self {
		n--
	} else {
		if _, err := checkRows("queries", queries, dim); err != nil {
			return Hits{}, err
		}
		if q, err = ready("queries", queries, dim, nil, o.Distance); err != nil {
			return Hits{}, err
		}
	}
	k = min(k, n)
	h := Hits{K: k, Index: make([]int32, q.n()*k), Similarity: make([]float32, q.n()*k)}
	if k > 0 {
		h.search(q, g, self, o)
	}
	return h, nil
}

func (h *Hits) search(q, g rows, self bool, o RetrieveOptions) {
	step := queryStep(q.n(), o.Workers, 1<<30)
	jobs := (q.n() + step - 1) / step
	workers := workerCount(o.Workers, jobs)
	scratches := make([]scratch, workers)
	var after func(int)
	if o.Progress != nil {
		after = func(done int) { o.Progress(done, jobs) }
	}
	parallel(workers, jobs, func(w, job int) {
		s := &scratches[w]
		q0, q1 := job*step, min((job+1)*step, q.n())
		found := make([]nearest, q1-q0)
		for i := range found {
			at := (q0 + i) * h.K
			found[i] = nearest{index: h.Index[at : at : at+h.K], similarity: h.Similarity[at : at : at+h.K]}
		}
		for g0 := 0; g0 < g.n(); g0 += blockColumns {
			p := pack(&s.packed, g.block(g0, min(g0+blockColumns, g.n())), g.dim)
			for lo := q0; lo < q1; lo += blockRows {
				hi := min(lo+blockRows, q1)
				out := grow(&s.out, (hi-lo)*p.columns)
				similarity(out, q, lo, hi, g, g0, p)
				for i := lo; i < hi; i++ {
					skip := -1
					if self {
						skip = i
					}
					found[i-q0].take(out[(i-lo)*p.columns:(i-lo+1)*p.columns], g0, skip)
				}
			}
		}
		for i := range found {
			found[i].sort()
		}
	}, after)
}

// nearest keeps the best k rows seen so far: a heap with the worst on top.
type nearest struct {
	index      []int32
	similarity []float32
}

// take offers rows first, first+1, ... with their similarities, but for the row skip.
func (h *nearest) take(row []float32, first, skip int) {
	for j, s := range row {
		if len(h.index) == cap(h.index) {
			if s <= h.similarity[0] { // rows come in order: an equal one is not better
				continue
			}
			if first+j != skip {
				h.index[0], h.similarity[0] = int32(first+j), s
				h.down(0, len(h.index))
			}
			continue
		}
		if first+j == skip {
			continue
		}
		h.index, h.similarity = append(h.index, int32(first+j)), append(h.similarity, s)
		for c := len(h.index) - 1; c > 0 && h.worse(c, (c-1)/2); c = (c - 1) / 2 {
			h.swap(c, (c-1)/2)
		}
	}
}

func (h *nearest) worse(a, b int) bool {
	if h.similarity[a] != h.similarity[b] {
		return h.similarity[a] < h.similarity[b]
	}
	return h.index[a] > h.index[b]
}

func (h *nearest) swap(a, b int) {
	h.index[a], h.index[b] = h.index[b], h.index[a]
	h.similarity[a], h.similarity[b] = h.similarity[b], h.similarity[a]
}

// down restores the heap of the first n after its entry p got better.
func (h *nearest) down(p, n int) {
	for {
		c := 2*p + 1
		if c >= n {
			return
		}
		if c+1 < n && h.worse(c+1, c) {
			c++
		}
		if !h.worse(c, p) {
			return
		}
		h.swap(c, p)
		p = c
	}
}

// sort turns the heap into a list, nearest first.
func (h *nearest) sort() {
	for n := len(h.index) - 1; n > 0; n-- {
		h.swap(0, n)
		h.down(0, n)
	}
}
