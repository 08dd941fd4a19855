package evaluate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Interval is a confidence interval.
type Interval struct{ Low, High float64 }

// Intervals are the percentile intervals of the retrieval metrics. NMI and F1 have none: a resample repeats rows, and repeated rows share a
// cluster, so that both come out too high; their scatter is seen by other seeds.
type Intervals struct {
	MAPR, RPrecision, MRR, MAP Interval
	Recall                     []Interval // aligned with Bootstrap.K
}

// Bootstrap are the choices of [Retrieval.Intervals].
type Bootstrap struct {
	Resamples  int     // at least 1; 1,000 is usual
	ByClass    bool    // draw classes with all their queries: what other classes would give. Wider, for queries of a class succeed together
	Confidence float64 // 0: 0.95
	Seed       uint64
	K          []int // of Recall@K; nil: DefaultK
}

func (b *Bootstrap) check() error {
	if b.Confidence == 0 {
		b.Confidence = 0.95
	}
	if b.Confidence < 0 || b.Confidence >= 1 || b.Confidence != b.Confidence {
		return fmt.Errorf("evaluate: bootstrap: confidence %v: want a level between 0 and 1", b.Confidence)
	}
	if b.Resamples < 0 {
		return fmt.Errorf("evaluate: bootstrap: %d resamples", b.Resamples)
	}
	if b.K == nil {
		b.K = DefaultK
	}
	return checkK(b.K)
}

// Intervals draws queries (or classes) with replacement, takes the means of each draw, and gives the middle Confidence of them (Efron's percentile
// interval). The gallery stays as it is: the interval says how far the means depend on which images were asked for.
func (r Retrieval) Intervals(b Bootstrap) (Intervals, error) {
	if err := b.check(); err != nil {
		return Intervals{}, err
	}
	if b.Resamples == 0 {
		return Intervals{}, fmt.Errorf("evaluate: bootstrap: no resamples: want at least 1")
	}
	if r.Ranked() == 0 {
		return Intervals{}, fmt.Errorf("evaluate: bootstrap: no query has a sample of its class to find")
	}
	units := r.units(b.ByClass)
	const means = 4 // before the recalls
	width := means + len(b.K)
	values := make([]float64, len(units)*width) // [units, width]: sums over a unit's queries
	for u, queries := range units {
		sum := values[u*width : (u+1)*width]
		for _, i := range queries {
			q := &r.Queries[i]
			sum[0] += q.APAtR
			sum[1] += q.RPrecision
			sum[2] += 1 / float64(q.First)
			sum[3] += q.AP
			for c, k := range b.K {
				sum[means+c] += hit(q, k)
			}
		}
	}
	drawn := make([][]float64, width) // [width][resamples]
	sums := make([]float64, width)
	for s := range b.Resamples {
		rng := rand.New(rand.NewPCG(b.Seed, uint64(s)))
		clear(sums)
		queries := 0
		for range units {
			u := rng.IntN(len(units))
			queries += len(units[u])
			for c, v := range values[u*width : (u+1)*width] {
				sums[c] += v
			}
		}
		for c, v := range sums {
			drawn[c] = append(drawn[c], v/float64(queries))
		}
	}
	interval := func(c int) Interval {
		slices.Sort(drawn[c])
		tail := (1 - b.Confidence) / 2
		return Interval{quantile(drawn[c], tail), quantile(drawn[c], 1-tail)}
	}
	out := Intervals{MAPR: interval(0), RPrecision: interval(1), MRR: interval(2), MAP: interval(3)}
	for i := range b.K {
		out.Recall = append(out.Recall, interval(means+i))
	}
	return out, nil
}

// units are the queries that are drawn together: each ranked query by itself, or those of a class.
func (r Retrieval) units(byClass bool) [][]int {
	var units [][]int
	of := map[int32]int{}
	for i := range r.Queries {
		if r.Queries[i].Positives == 0 {
			continue
		}
		u, seen := of[r.Labels[i]]
		if !byClass || !seen {
			u = len(units)
			units = append(units, nil)
			of[r.Labels[i]] = u
		}
		units[u] = append(units[u], i)
	}
	return units
}

// quantile of ascending values, linear between them.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	lo := int(math.Floor(at))
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + (at-float64(lo))*(sorted[hi]-sorted[lo])
}
