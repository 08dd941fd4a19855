package bench

import (
	"fmt"
	"maps"
	"slices"
)

// names of the networks by part.
var names = map[string]string{"caffe": "original form, DVML's losses", "bn": "batch norm form"}

// PairsTable writes pairs as lines of text.
func PairsTable(pairs []Pair) []string {
	var lines []string
	for _, p := range pairs {
		lines = append(lines, fmt.Sprintf("%-34s %9.1f img/s   %9.1f   ratio %.2f", names[p.Part]+", training", p.One, p.Other, p.Ratio))
	}
	return lines
}

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
	network(names["caffe"], r.Caffe, other.Caffe)
	network(names["bn"], r.BN, other.BN)
	for _, name := range slices.Sorted(maps.Keys(r.Files)) {
		network(name, r.Files[name], other.Files[name])
	}
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
