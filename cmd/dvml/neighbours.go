package main

import (
	"github.com/dvml/dvml/diagnose"
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
	all, err := diagnose.Queries(r, indices, unit, dim, queries, k)
	if err != nil {
		return err
	}
	return figure.WritePNG(path, figure.Neighbours(all))
}
