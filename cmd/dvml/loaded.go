package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/engine"
	"github.com/dvml/dvml/method"
	"github.com/dvml/dvml/store"
)

// loaded is a checkpoint with the settings it was made with.
type loaded struct {
	vars   *model.Store
	info   checkpoint.Info
	config *config.Config
}

// loadModel reads a checkpoint, or published weights of a backbone.
func loadModel(path string) (*loaded, error) {
	vars, info, err := checkpoint.Load(path)
	if errors.Is(err, checkpoint.ErrForeign) {
		b, err := checkpoint.ReadBackbone(path)
		if err != nil {
			return nil, err
		}
		return backboneAlone(b)
	}
	if err != nil {
		return nil, err
	}
	cfg, err := config.Parse([]byte(info.Config))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &loaded{vars, info, cfg}, nil
}

// backboneAlone is a model without heads, of which only the features can be had.
func backboneAlone(b *checkpoint.Backbone) (*loaded, error) {
	cfg, err := config.Preset("report-1")
	if err != nil {
		return nil, err
	}
	cfg.Backbone.Spec, cfg.Image.Normalisation = b.Spec, b.Normalisation
	text, err := cfg.YAML()
	if err != nil {
		return nil, err
	}
	l := &loaded{model.NewStore(), checkpoint.Info{Config: string(text), BestStep: -1, Normalisation: b.Normalisation}, cfg}
	return l, b.Fill(l.vars)
}

// rows embeds the images at indices of data as kind, [len(indices), dim].
func (l *loaded) rows(ctx context.Context, data *store.Reader, indices []int, kind embed.Kind, batch int, backendName string, s *screen) (rows []float32, dim int, err error) {
	backend, err := engine.New(first(backendName, l.config.Backend))
	if err != nil {
		return nil, 0, err
	}
	m, err := method.NewModel(l.config.Backbone.Spec, l.config.Method, max(l.info.Classes, 2), l.config.Seed)
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
