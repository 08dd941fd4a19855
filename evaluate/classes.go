package evaluate

import (
	"fmt"
	"slices"
)

// CMC is the cumulative match characteristic: entry k-1 is the share of queries with a row of their class among the k nearest, Recall@k, for k from 1
// to depth. It is nil where no query has anything to find.
func (r Retrieval) CMC(depth int) []float64 {
	if r.Ranked() == 0 || depth < 1 {
		return nil
	}
	curve := make([]float64, depth)
	for i := range r.Queries {
		if q := &r.Queries[i]; q.Positives > 0 && q.First <= depth {
			curve[q.First-1]++
		}
	}
	sum := 0.0
	for k, n := range curve {
		sum += n
		curve[k] = sum / float64(r.Ranked())
	}
	return curve
}

// ClassResult is how well one class is found.
type ClassResult struct {
	Class    int32
	Queries  int         // of the class that have something to find
	Lone     int         // of the class that have nothing to find
	Recall1  float64     // share of the queries whose nearest row is of their class
	MAPR     float64     // mean of Query.APAtR
	AP       float64     // mean of Query.AP
	Confused []Confusion // the other classes that stand nearest, most often first
}

// Confusion is another class among the nearest rows.
type Confusion struct {
	Class int32
	Share float64 // of the rows looked at
}

// ByClass divides r by class, the class that is found worst first (by Recall1, MAPR, then number). r must be the retrieval of emb [N, dim], with
// gallery as [EvaluateMarked] has it. Confusions are counted among the depth nearest rows of each query of the class; at most three are listed.
func ByClass(r Retrieval, emb []float32, dim int, labels []int32, gallery []bool, depth int, o RetrieveOptions) ([]ClassResult, error) {
	queryRows, h, err := SearchMarked(emb, dim, depth, gallery, o)
	if err != nil {
		return nil, err
	}
	if len(queryRows) != len(r.Queries) {
		return nil, fmt.Errorf("a retrieval of %d queries, but %d queries among the rows", len(r.Queries), len(queryRows))
	}
	of := map[int32]*ClassResult{}
	confused := map[int32]map[int32]int{}
	for at, row := range queryRows {
		class := labels[row]
		c := of[class]
		if c == nil {
			c = &ClassResult{Class: class}
			of[class], confused[class] = c, map[int32]int{}
		}
		q := &r.Queries[at]
		if q.Positives == 0 {
			c.Lone++
		} else {
			c.Queries++
			c.Recall1 += hit(q, 1)
			c.MAPR += q.APAtR
			c.AP += q.AP
		}
		found, _ := h.Of(at)
		for _, i := range found {
			if labels[i] != class {
				confused[class][labels[i]]++
			}
		}
	}
	out := make([]ClassResult, 0, len(of))
	for class, c := range of {
		if n := float64(c.Queries); n > 0 {
			c.Recall1, c.MAPR, c.AP = c.Recall1/n, c.MAPR/n, c.AP/n
		}
		c.Confused = mostConfused(confused[class], (c.Queries+c.Lone)*h.K)
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b ClassResult) int {
		for _, d := range []float64{a.Recall1 - b.Recall1, a.MAPR - b.MAPR, float64(a.Class) - float64(b.Class)} {
			if d < 0 {
				return -1
			}
			if d > 0 {
				return 1
			}
		}
		return 0
	})
	return out, nil
}

func mostConfused(counts map[int32]int, of int) []Confusion {
	const most = 3
	var all []Confusion
	for class, n := range counts {
		all = append(all, Confusion{class, float64(n) / float64(of)})
	}
	slices.SortFunc(all, func(a, b Confusion) int {
		if a.Share != b.Share {
			if a.Share > b.Share {
				return -1
			}
			return 1
		}
		return int(a.Class) - int(b.Class)
	})
	return all[:min(most, len(all))]
}
