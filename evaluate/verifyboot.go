package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// VerifyIntervals are the bootstrap's intervals of a [Verification].
type VerifyIntervals struct {
	AUC, EER Interval
	FNMR     []Interval // aligned with Verification.FNMR
}

// levels is how many thresholds the bootstrap keeps counts for, of each class.
const levels = 600

// intervals draws classes with replacement. A class that is drawn w times weighs its genuine pairs w times; an impostor pair of classes a and b weighs
// w_a*w_b, of which the bootstrap takes the linear part, w_a + w_b - 1 (the projection of a U-statistic, Hoeffding 1948), so that counts by class
// suffice. The thresholds are those that divide all pairs evenly, and impostors by ratios down to a tenth of the smallest rate.
func (p *pairing) intervals(all Pairs, o VerifyOptions) (*VerifyIntervals, error) {
	level := all.levels(o.FMR)
	counts := p.countClasses(level)
	classes := counts.classes
	figures := make([][]float64, 2+len(o.FMR))
	same, different := make([]float64, levels), make([]float64, levels)
	weight := make([]float64, classes)
	for r := range o.Resamples {
		rng := rand.New(rand.NewPCG(o.Seed, uint64(r)))
		clear(weight)
		for range classes {
			weight[rng.IntN(classes)]++
		}
		clear(same)
		for b, n := range counts.total {
			different[b] = -n
		}
		for c, w := range weight {
			if w == 0 {
				continue
			}
			for b := range levels {
				same[b] += w * float64(counts.same[c*levels+b])
				different[b] += w * float64(counts.different[c*levels+b])
			}
		}
		smooth(different)
		w := walk(same, different, o.FMR)
		if math.IsNaN(w.auc) {
			continue // no class with two rows was drawn
		}
		figures[0], figures[1] = append(figures[0], w.auc), append(figures[1], w.eer)
		for i, v := range w.fnmr {
			figures[2+i] = append(figures[2+i], v)
		}
	}
	if len(figures[0]) == 0 {
		return nil, ErrNoPairs
	}
	interval := func(values []float64) Interval {
		slices.Sort(values)
		tail := (1 - o.Confidence) / 2
		return Interval{quantile(values, tail), quantile(values, 1-tail)}
	}
	out := &VerifyIntervals{AUC: interval(figures[0]), EER: interval(figures[1])}
	for _, values := range figures[2:] {
		out.FNMR = append(out.FNMR, interval(values))
	}
	return out, nil
}

// smooth takes negative counts, which the linear part can give, off the counts below, so that the running sums from the top never fall.
func smooth(counts []float64) {
	owed := 0.0
	for b := len(counts) - 1; b >= 0; b-- {
		counts[b] -= owed
		owed = 0
		if counts[b] < 0 {
			owed, counts[b] = -counts[b], 0
		}
	}
}

// levels maps bins to levels thresholds, ascending.
func (p Pairs) levels(rates []float64) []uint16 {
	genuine, impostors := p.totals()
	least := math.Log(0.1 * slices.Min(append([]float64{1e-2}, rates...)))
	rank := make([]float64, len(p.Same)) // grows from 0 to levels along the bins, from the top
	var s, d uint64
	for b := len(rank) - 1; b >= 0; b-- {
		s += p.Same[b]
		d += p.Different[b]
		fmr := float64(d) / float64(impostors)
		byRatio := 0.0
		if fmr > 0 {
			byRatio = max(0, 1-math.Log(fmr)/least)
		}
		rank[b] = (float64(s)/float64(genuine) + fmr + byRatio) / 3
	}
	level := make([]uint16, len(rank))
	for b, r := range rank {
		level[b] = uint16(max(0, min(levels-1, levels-1-int(r*levels))))
	}
	return level
}

// classCounts are the pairs of each class by level, [classes, levels]: impostor pairs count for both of their classes.
type classCounts struct {
	classes         int
	same, different []uint32
	total           []float64 // impostor pairs of each level
}

// countClasses goes over all pairs once more.
func (p *pairing) countClasses(level []uint16) classCounts {
	class := map[int32]int{}
	for _, side := range []sorted{p.q, p.g} {
		for _, l := range side.labels {
			if _, ok := class[l]; !ok {
				class[l] = len(class)
			}
		}
	}
	number := func(side sorted) []int32 {
		out := make([]int32, side.n())
		for i, l := range side.labels {
			out[i] = int32(class[l])
		}
		return out
	}
	ofQuery, ofRow := number(p.q), number(p.g)
	c := classCounts{classes: len(class), same: make([]uint32, len(class)*levels), different: make([]uint32, len(class)*levels), total: make([]float64, levels)}
	workers := workerCount(p.o.Workers, (len(p.drawn)+blockRows/4-1)/(blockRows/4))
	var mu sync.Mutex // of c: a table for each worker would take 50 MB with ten thousand classes
	p.each(p.drawn, workers, make([]scratch, workers), func(_, i, first int, row []float32) {
		a := int(ofQuery[i])
		mu.Lock()
		defer mu.Unlock()
		for j, s := range row {
			l, b := int(level[p.bin(s)]), int(ofRow[first+j])
			if a == b {
				c.same[a*levels+l]++
				continue
			}
			c.different[a*levels+l]++
			c.different[b*levels+l]++
			c.total[l]++
		}
	}, nil)
	return c
}
