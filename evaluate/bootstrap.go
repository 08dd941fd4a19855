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

// Intervals draws queries with replacement, takes the means of each draw, and gives the middle Confidence of them (Efron's percentile
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
	const means = 4 // before the recalls
	width := means + len(b.K)
	values := make([]float64, 0, r.Ranked()*width) // [ranked queries, width]
	for i := range r.Queries {
		q := &r.Queries[i]
		if q.Positives == 0 {
			continue
		}
		values = append(values, q.APAtR, q.RPrecision, 1/float64(q.First), q.AP)
		for _, k := range b.K {
			values = append(values, hit(q, k))
		}
	}
	drawn := make([][]float64, width) // [width][resamples]
	sums := make([]float64, width)
	for s := range b.Resamples {
		rng := rand.New(rand.NewPCG(b.Seed, uint64(s)))
		clear(sums)
		for range r.Ranked() {
			at := rng.IntN(r.Ranked()) * width
			for c, v := range values[at : at+width] {
				sums[c] += v
			}
		}
		for c, v := range sums {
			drawn[c] = append(drawn[c], v/float64(r.Ranked()))
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

// quantile of ascending values, linear between them.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	lo := int(math.Floor(at))
	hi := min(lo+1, len(sorted)-1)
	return sorted[lo] + (at-float64(lo))*(sorted[hi]-sorted[lo])
}
