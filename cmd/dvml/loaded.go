package main

import (
	"context"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

// loaded is a checkpoint with the settings it was made with.
type loaded struct {
	vars   *model.Store
	info   checkpoint.Info
	config *train.Config
}

// rows embeds the images at indices of data as kind, [len(indices), dim].
func (l *loaded) rows(ctx context.Context, data *store.Reader, indices []int, kind embed.Kind, batch int, backendName string, s *screen) (rows []float32, dim int, err error) {
	backend, err := engine.New(first(backendName, l.config.Backend))
	if err != nil {
		return nil, 0, err
	}
	m, err := dvml.NewModel(l.config.Backbone.Spec, l.config.Method, max(l.info.Classes, 2), l.config.Seed)
	if err != nil {
		return nil, 0, err
	}
	e, err := embed.New(backend, l.vars, m, kind, batch)
	if err != nil {
		return nil, 0, err
	}
	defer e.Close()
	rows, err = e.Rows(ctx, data, indices, l.config.TestPlan(), s.count("embedding"))
	return rows, e.Dim(), err
}
