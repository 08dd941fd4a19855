package evaluate

import "fmt"

// Query is what one query's ranking gives. All its values are 0 for a query without a positive, whose Positives is 0.
type Query struct {
	Positives  int     // R: gallery rows of its class, itself excluded
	First      int     // rank of the nearest positive, 1 is the nearest row of all
	RPrecision float64 // share of positives among the R nearest
	APAtR      float64 // average precision, positives beyond rank R ignored
	AP         float64 // average precision over the whole ranking, or over its first RetrieveOptions.Depth
}

// Retrieval is a set of ranked queries: any Recall@K and the other means follow from it.
type Retrieval struct {
	Queries []Query // in the order of the rows that were given
	Labels  []int32 // of the queries
	Lone    int     // queries without a positive, left out of every mean
}

// Recall is Recall@K for each k, aligned with ks: the share of queries with a positive among their K nearest.
func (r Retrieval) Recall(ks []int) ([]float64, error) {
	if err := checkK(ks); err != nil {
		return nil, err
	}
	out := make([]float64, len(ks))
	for i, k := range ks {
		out[i] = r.mean(func(q *Query) float64 { return hit(q, k) })
	}
	return out, nil
}

// MAPR is MAP@R, the mean of Query.APAtR.
func (r Retrieval) MAPR() float64 { return r.mean(func(q *Query) float64 { return q.APAtR }) }

// RPrecision is the mean of Query.RPrecision.
func (r Retrieval) RPrecision() float64 {
	return r.mean(func(q *Query) float64 { return q.RPrecision })
}

// MRR is the mean of 1 / Query.First.
func (r Retrieval) MRR() float64 {
	return r.mean(func(q *Query) float64 { return 1 / float64(q.First) })
}

// MAP is the mean of Query.AP.
func (r Retrieval) MAP() float64 { return r.mean(func(q *Query) float64 { return q.AP }) }

// Ranked counts the queries that the means are taken over.
func (r Retrieval) Ranked() int { return len(r.Queries) - r.Lone }

// mean of value over the queries with a positive; 0 where there is none.
func (r Retrieval) mean(value func(*Query) float64) float64 {
	if r.Ranked() == 0 {
		return 0
	}
	var sum float64
	for i := range r.Queries {
		if q := &r.Queries[i]; q.Positives > 0 {
			sum += value(q)
		}
	}
	return sum / float64(r.Ranked())
}

func hit(q *Query, k int) float64 {
	if q.First <= k {
		return 1
	}
	return 0
}

func checkK(ks []int) error {
	for _, k := range ks {
		if k < 1 {
			return fmt.Errorf("evaluate: Recall@%d: K must be at least 1", k)
		}
	}
	return nil
}

// score turns the negatives above each positive (positives from nearest to farthest) into the query's values; AP
// hears of the first depth ranks, of all where depth is 0.
func score(above []int32, depth int) Query {
	r := len(above)
	q := Query{Positives: r}
	if r == 0 {
		return q
	}
	within := 0
	for j, negatives := range above {
		rank := j + 1 + int(negatives)
		precision := float64(j+1) / float64(rank)
		if depth == 0 || rank <= depth {
			q.AP += precision
		}
		if rank <= r {
			within++
			q.APAtR += precision
		}
	}
	q.First = 1 + int(above[0])
	q.RPrecision = float64(within) / float64(r)
	q.APAtR /= float64(r)
	q.AP /= float64(r)
	return q
}
