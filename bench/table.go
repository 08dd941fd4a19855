package bench

import "fmt"

// Table writes the figures as lines of text; where other is given, each with its ratio to other's (for a latency the inverse: above 1 is better).
func Table(r, other *Result) []string {
	var lines []string
	add := func(name string, v, theirs float64, unit string, lessIsBetter bool) {
		line := fmt.Sprintf("%-34s %9.1f %s", name, v, unit)
		if theirs > 0 {
			ratio := v / theirs
			if lessIsBetter {
				ratio = theirs / v
			}
			line += fmt.Sprintf("   %9.1f   ratio %.2f", theirs, ratio)
		}
		lines = append(lines, line)
	}
	network := func(name string, n, theirs *Network) {
		if n == nil {
			return
		}
		if theirs == nil {
			theirs = &Network{}
		}
		add(name+", training", n.Train, theirs.Train, "img/s", false)
		add(name+", embedding", n.Embed, theirs.Embed, "img/s", false)
		add(name+", one image", n.EmbedOne, theirs.EmbedOne, "ms   ", true)
	}
	if other == nil {
		other = &Result{}
	}
	network("original form, DVML's losses", r.Caffe, other.Caffe)
	network("batch norm form", r.BN, other.BN)
	for _, l := range Layers {
		if v, ok := r.Layers[l.Name()]; ok {
			add(l.Name(), v[0], other.Layers[l.Name()][0], "GFLOP/s", false)
			add(l.Name()+" with gradients", v[1], other.Layers[l.Name()][1], "GFLOP/s", false)
		}
	}
	if r.Matmul > 0 {
		add(fmt.Sprintf("product of matrices, %d^3", MatmulSide), r.Matmul, other.Matmul, "GFLOP/s", false)
	}
	if r.MaxRSS > 0 {
		add("peak memory", float64(r.MaxRSS), float64(other.MaxRSS), "MB   ", true)
	}
	return lines
}
