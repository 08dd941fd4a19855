package main

import (
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/figure"
	"github.com/dvml/dvml/store"
)

// drawNeighbours draws queries, spread over the images at indices with embeddings rows, and the k nearest of the others to each.
func drawNeighbours(r *store.Reader, indices []int, rows []float32, dim int, path string, queries, k int) error {
	unit, err := evaluate.Normalised(rows, dim)
	if err != nil {
		return err
	}
	k = min(k, len(indices)-1)
	near, err := evaluate.Neighbours(unit, dim, k)
	if err != nil {
		return err
	}
	labels := r.Labels()
	var all []figure.Query
	for q := range min(queries, len(indices)) {
		n := (2*q + 1) * len(indices) / (2 * min(queries, len(indices)))
		img, err := picture(r, indices[n])
		if err != nil {
			return err
		}
		query := figure.Query{Image: img, Caption: r.Classes()[labels[indices[n]]]}
		for _, j := range near[n*k : (n+1)*k] {
			img, err := picture(r, indices[j])
			if err != nil {
				return err
			}
			query.Neighbours = append(query.Neighbours, figure.Neighbour{Image: img, Right: labels[indices[j]] == labels[indices[n]]})
		}
		all = append(all, query)
	}
	return figure.WritePNG(path, figure.Neighbours(all))
}
