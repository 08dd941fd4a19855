package cluster

import (
	"container/heap"
	"context"
)

// Edge says that two points, by their numbers from 0, are neighbours.
type Edge struct{ A, B int32 }

// Average groups n points with vectors [n, dim], row after row of length 1, by average linkage
// along edges: pairs of groups join, the most alike first, while the average cosine between their
// points is at least similarity. It returns the group of each point: groups are numbered from 0 by
// size, the largest first, of equal sizes the one with the lowest point.
func Average(ctx context.Context, vectors []float32, dim int, edges []Edge, similarity float64) ([]int, error) {
	n := len(vectors) / max(dim, 1)
	f := newForest(vectors, n, dim)
	for _, e := range edges {
		f.join(e.A, e.B)
	}
	f.queue = make(pairs, 0, len(edges))
	for a := range f.near {
		for b := range f.near[a] {
			if int32(a) < b {
				f.queue = append(f.queue, f.pair(int32(a), b))
			}
		}
	}
	heap.Init(&f.queue)
	for merged := 0; f.queue.Len() > 0; {
		p := heap.Pop(&f.queue).(pair)
		if p.similarity < similarity {
			break
		}
		if f.version[p.a] != p.versionA || f.version[p.b] != p.versionB {
			continue // one of them has grown since
		}
		f.merge(p.a, p.b)
		if merged++; merged%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
	}
	return f.groups(), nil
}

// forest is the groups as they grow. A group has the number of its point with the lowest one.
type forest struct {
	dim     int
	parent  []int32
	size    []int32
	sums    [][]float32 // of the vectors in a group; nil: it is one point
	vectors []float32
	near    []map[int32]struct{} // groups with an edge between them
	version []int32              // how often a group has grown; -1: it is part of another
	queue   pairs
}

func newForest(vectors []float32, n, dim int) *forest {
	f := &forest{dim: dim, vectors: vectors, parent: make([]int32, n), size: make([]int32, n), sums: make([][]float32, n),
		near: make([]map[int32]struct{}, n), version: make([]int32, n)}
	for i := range n {
		f.parent[i], f.size[i], f.near[i] = int32(i), 1, map[int32]struct{}{}
	}
	return f
}

func (f *forest) join(a, b int32) {
	if a != b {
		f.near[a][b], f.near[b][a] = struct{}{}, struct{}{}
	}
}

// sum is the sum of the vectors in a group.
func (f *forest) sum(g int32) []float32 {
	if f.sums[g] != nil {
		return f.sums[g]
	}
	return f.vectors[int(g)*f.dim : (int(g)+1)*f.dim]
}

func (f *forest) pair(a, b int32) pair {
	a, b = min(a, b), max(a, b)
	x, y := f.sum(a), f.sum(b)
	var dot float64
	for d := range x {
		dot += float64(x[d]) * float64(y[d])
	}
	return pair{dot / float64(f.size[a]) / float64(f.size[b]), a, b, f.version[a], f.version[b]}
}

// merge makes b part of a, a < b.
func (f *forest) merge(a, b int32) {
	sum := make([]float32, f.dim)
	x, y := f.sum(a), f.sum(b)
	for d := range sum {
		sum[d] = x[d] + y[d]
	}
	f.sums[a], f.sums[b] = sum, nil
	f.size[a] += f.size[b]
	f.parent[b] = a
	f.version[a]++
	f.version[b] = -1
	for g := range f.near[b] {
		delete(f.near[g], b)
		f.join(a, g)
	}
	f.near[b] = nil
	for g := range f.near[a] {
		heap.Push(&f.queue, f.pair(a, g))
	}
}

func (f *forest) root(i int32) int32 {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *forest) groups() []int {
	of := make([]int, len(f.parent))
	for i := range of {
		of[i] = int(f.root(int32(i)))
	}
	return bySize(of)
}

// pair is two groups, a < b, and how alike they were when each had grown so often.
type pair struct {
	similarity         float64
	a, b               int32
	versionA, versionB int32
}

// pairs is a heap of pairs, the most alike first.
type pairs []pair

func (p pairs) Len() int { return len(p) }
func (p pairs) Less(i, j int) bool {
	a, b := p[i], p[j]
	switch {
	case a.similarity != b.similarity:
		return a.similarity > b.similarity
	case a.a != b.a:
		return a.a < b.a
	}
	return a.b < b.b
}
func (p pairs) Swap(i, j int) { p[i], p[j] = p[j], p[i] }
func (p *pairs) Push(x any)   { *p = append(*p, x.(pair)) }
func (p *pairs) Pop() any {
	old := *p
	x := old[len(old)-1]
	*p = old[:len(old)-1]
	return x
}
