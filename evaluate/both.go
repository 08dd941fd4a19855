package evaluate

import "math"

// NearestOfBoth returns, for each row of emb [N, dim], the similarity of the nearest other row of its class, and of the nearest row of another class;
// minus infinity where there is none.
func NearestOfBoth(emb []float32, dim int, labels []int32, o RetrieveOptions) (own, foreign []float32, err error) {
	p, err := newPairing(emb, labels, nil, nil, dim, PairOptions{Distance: o.Distance, Steps: 1, Most: math.MaxInt64, Workers: o.Workers})
	if err != nil {
		return nil, nil, err
	}
	own, foreign = make([]float32, len(labels)), make([]float32, len(labels))
	for i := range own {
		own[i], foreign[i] = float32(math.Inf(-1)), float32(math.Inf(-1))
	}
	p.ordered = true
	workers := workerCount(o.Workers, (len(p.drawn)+blockRows/4-1)/(blockRows/4))
	p.each(p.drawn, workers, make([]scratch, workers), func(_, i, first int, row []float32) {
		class, at := p.g.ranges[p.q.labels[i]], p.q.order[i]
		lo, hi := clamp(class.lo-first, len(row)), clamp(class.hi-first, len(row))
		for j, s := range row {
			if j >= lo && j < hi {
				own[at] = max(own[at], s)
			} else {
				foreign[at] = max(foreign[at], s)
			}
		}
	}, o.Progress)
	return own, foreign, nil
}
