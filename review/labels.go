package review

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/dvml/dvml/classify"
	"github.com/dvml/dvml/index"
)

// votes of the neighbours on each photograph.
func (v *reviewing) votes() [][]classify.Candidate {
	votes := make([][]classify.Candidate, len(v.items))
	class := func(id int64) string { return v.class[v.number[id]] }
	for i, hits := range v.graph {
		votes[i] = classify.Vote(v.independent(int32(i), hits, Neighbours, true), class)
	}
	return votes
}

// independent are the first k neighbours of a photograph without copies of it, of those with a class, or only of those without copies that
// have the photograph's own class: they would only repeat what it says of itself.
func (v *reviewing) independent(i int32, hits []index.Hit, k int, classed bool) []index.Hit {
	out := make([]index.Hit, 0, k)
	for _, h := range hits {
		j := v.number[h.ID]
		_, copied := v.copies[pairOf(i, j)]
		switch {
		case len(out) == k:
			return out
		case copied && (!classed || v.class[i] == v.class[j]), classed && v.class[j] == "":
			continue
		}
		out = append(out, h)
	}
	return out
}

func share(votes []classify.Candidate, class string) float64 {
	for _, c := range votes {
		if c.Class == class {
			return c.Share
		}
	}
	return 0
}

// sizes counts the photographs of each class.
func (v *reviewing) sizes() map[string]int {
	size := map[string]int{}
	for _, class := range v.class {
		size[class]++
	}
	return size
}

// lead is by how much of the votes another class leads that a photograph has, for the label to be likely wrong; below it
// the classes are confused.
const lead = 0.5

// labels finds likely wrong labels by confident learning, and returns which photographs have one.
func (v *reviewing) labels(votes [][]classify.Candidate) (wrong []bool) {
	wrong = make([]bool, len(v.items))
	size := v.sizes()
	confident := map[string]float64{} // the mean probability of a class among its photographs
	for i, class := range v.class {
		confident[class] += share(votes[i], class) / float64(size[class])
	}
	var out []Entry
	margin := map[int64]float64{}
	for i, class := range v.class {
		if class == "" || size[class] < 2 {
			continue
		}
		own := share(votes[i], class)
		for _, c := range votes[i] { // the largest share first
			if c.Class == class || c.Share < own+lead {
				break
			}
			if size[c.Class] < 2 || c.Share < confident[c.Class] {
				continue
			}
			wrong[i] = true
			id := v.items[i].ID
			margin[id] = c.Share - own
			out = append(out, Entry{A: id, Given: class, Suggested: c.Class, Score: c.Share})
			break
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(cmp.Compare(margin[b.A], margin[a.A]), cmp.Compare(a.A, b.A)) })
	v.r.queues[Labels] = out
	return wrong
}

// Bounds of what is odd.
const (
	oddDeviations = 3
	oddNearest    = 10 // neighbours that one without a class is measured by
	fewest        = 5  // photographs, below which a class has no median worth the name
)

// odd finds what lies far from the others of its class.
func (v *reviewing) odd(ctx context.Context, wrong []bool) error {
	typical, err := v.typical(ctx)
	if err != nil {
		return err
	}
	of := map[string][]float64{}
	for i, class := range v.class {
		if !math.IsNaN(typical[i]) {
			of[class] = append(of[class], typical[i])
		}
	}
	middle, spread := map[string]float64{}, map[string]float64{}
	var all []float64
	for class, values := range of {
		middle[class] = median(values)
		var off []float64
		for _, value := range values {
			off = append(off, math.Abs(value-middle[class]))
		}
		spread[class] = median(off)
		all = append(all, off...)
	}
	common := median(all)
	var out []Entry
	for i, class := range v.class {
		if wrong[i] || math.IsNaN(typical[i]) || len(of[class]) < fewest {
			continue
		}
		// A class that lies close together is measured by the spread of all: within it nothing is odd.
		deviation := 1.4826 * max(spread[class], common)
		if z := (middle[class] - typical[i]) / deviation; z > oddDeviations {
			out = append(out, Entry{A: v.items[i].ID, Given: class, Score: typical[i], Deviations: z})
		}
	}
	slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(cmp.Compare(b.Deviations, a.Deviations), cmp.Compare(a.A, b.A)) })
	v.r.queues[Odd] = out
	return nil
}

// typical is the cosine of each photograph with the mean of the others of its class, or, of one without a class, the mean cosine of its nearest; NaN
// where there are no others.
func (v *reviewing) typical(ctx context.Context) ([]float64, error) {
	sums := map[string][]float64{}
	add := func(i int, row []float32) {
		class := v.class[i]
		if class == "" {
			return
		}
		if sums[class] == nil {
			sums[class] = make([]float64, len(row))
		}
		for d, value := range row {
			sums[class][d] += float64(value)
		}
	}
	if err := v.vectors(ctx, add); err != nil {
		return nil, err
	}
	out := make([]float64, len(v.items))
	return out, v.vectors(ctx, func(i int, row []float32) {
		out[i] = math.NaN()
		if v.class[i] == "" {
			if hits := v.independent(int32(i), v.graph[i], oddNearest, false); len(hits) > 0 {
				out[i] = 0
				for _, h := range hits {
					out[i] += float64(h.Score) / float64(len(hits))
				}
			}
			return
		}
		var product, squares float64
		for d, value := range row {
			rest := sums[v.class[i]][d] - float64(value)
			product += rest * float64(value)
			squares += rest * rest
		}
		if squares > 1e-9 {
			out[i] = product / math.Sqrt(squares)
		}
	})
}

// vectors calls use for the vectors of all photographs, by number.
func (v *reviewing) vectors(ctx context.Context, use func(i int, row []float32)) error {
	n := 0
	err := v.x.Vectors(ctx, func(id int64, row []float32) error {
		if n >= len(v.items) || v.items[n].ID != id {
			return errChanged
		}
		use(n, row)
		n++
		return ctx.Err()
	})
	if err == nil && n != len(v.items) {
		err = errChanged
	}
	return err
}

// median of values, which are put in order; NaN of none.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// confusions finds the classes that the votes confuse, and the photographs whose neighbours name the other class.
func (v *reviewing) confusions(votes [][]classify.Candidate, wrong []bool) {
	size := v.sizes()
	type classes struct{ a, b string }
	sum, mistaken := map[classes]float64{}, map[classes]int{}
	both := func(a, b string) classes { return classes{min(a, b), max(a, b)} }
	for i, class := range v.class {
		if class == "" {
			continue
		}
		for at, c := range votes[i] {
			if c.Class == class {
				continue
			}
			sum[both(class, c.Class)] += c.Share
			if at == 0 {
				mistaken[both(class, c.Class)]++
			}
		}
	}
	for c, n := range mistaken {
		v.r.Confused = append(v.r.Confused, Confused{c.a, c.b, sum[c] / float64(size[c.a]+size[c.b]), n})
	}
	slices.SortFunc(v.r.Confused, func(a, b Confused) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.A, b.A), cmp.Compare(a.B, b.B))
	})
	rank := map[classes]int{}
	for i, c := range v.r.Confused {
		rank[classes{c.A, c.B}] = i
	}
	var out []Entry
	for i, class := range v.class {
		if class == "" || wrong[i] || len(votes[i]) == 0 || votes[i][0].Class == class {
			continue
		}
		e := Entry{A: v.items[i].ID, Given: class, Suggested: votes[i][0].Class, Score: votes[i][0].Share}
		for _, h := range v.graph[i] {
			if v.class[v.number[h.ID]] == e.Suggested {
				e.B = h.ID
				break
			}
		}
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(rank[both(a.Given, a.Suggested)], rank[both(b.Given, b.Suggested)]), cmp.Compare(b.Score, a.Score), cmp.Compare(a.A, b.A))
	})
	v.r.queues[Confusions] = out
}
