package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/dvml/dvml/checkpoint"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/train"
)

type evalCmd struct {
	Checkpoint string `arg:"" type:"existingfile" help:"A state of a run, or a backbone that dvml import wrote (then its pooled features are measured)."`
	Data       string `help:"The HDF5 file. Default: the one the run was trained on."`
	Split      string `enum:"test,train" default:"test" help:"Which images: test (held-out classes) or train."`
	Features   bool   `help:"Measure the backbone's pooled features instead of z_I."`
	K          []int  `help:"The K of Recall@K. Default: the run's."`
	Restarts   int    `default:"1" help:"Restarts of k-means."`
	Bootstrap  int    `help:"Resamples for 95% confidence intervals of the retrieval metrics; 0: none."`
	Seed       uint64 `default:"1" help:"Seed of k-means and of the bootstrap."`
	Batch      int    `default:"32" help:"Images that go through the network at once."`
	Backend    string `help:"Engine: cpu, go, xla; default $$DVML_BACKEND."`
	JSON       bool   `help:"Print JSON."`
}

// Run evaluates.
func (c *evalCmd) Run(ctx context.Context) error {
	m, err := loadModel(c.Checkpoint)
	if err != nil {
		return err
	}
	kind := embed.ZI
	if c.Features || m.info.Classes == 0 {
		kind = embed.Features
	}
	data, err := store.Open(first(c.Data, m.config.Data))
	if err != nil {
		return err
	}
	defer data.Close()
	split := store.Test
	if c.Split == "train" {
		split = store.Train
	}
	screen := newScreen(os.Stderr)
	defer screen.close()
	indices := data.Indices(split)
	rows, dim, err := m.rows(ctx, data, indices, kind, c.Batch, c.Backend, screen)
	if err != nil {
		return err
	}
	labels := make([]int32, len(indices))
	for i, n := range indices {
		labels[i] = data.Labels()[n]
	}
	options := m.config.Evaluate.Options(c.Seed)
	options.Restarts, options.Bootstrap = c.Restarts, c.Bootstrap
	if len(c.K) > 0 {
		options.K = c.K
	}
	result, err := evaluate.Evaluate(rows, dim, labels, options)
	if err != nil {
		return err
	}
	screen.close()
	return c.print(result, len(indices), dim)
}

func (c *evalCmd) print(r evaluate.Result, images, dim int) error {
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Images, Dim int
			evaluate.Result
		}{images, dim, r})
	}
	fmt.Printf("%d images of %d clusters, %d dimensions\n%s\n", images, r.Clusters, dim, strings.ReplaceAll(metricLine(train.Named(r)), "  ", "\n"))
	if i := r.Intervals; i != nil {
		fmt.Printf("intervals: %+v\n", *i)
	}
	return nil
}

// metricOrder lists the names of metrics as tables show them: NMI, F1, Recall@K by K, the rest.
func metricOrder(m map[string]float64) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	rank := func(name string) int {
		if k, err := strconv.Atoi(strings.TrimPrefix(name, "R@")); err == nil {
			return k
		}
		return map[string]int{"NMI": -2, "F1": -1, "RP": 1 << 30, "MAP@R": 1<<30 + 1}[name]
	}
	slices.SortFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

// loadModel reads a checkpoint and the settings it was made with.
func loadModel(path string) (*loaded, error) {
	vars, info, err := checkpoint.Load(path)
	if err != nil {
		return nil, err
	}
	cfg, err := train.ParseConfig([]byte(info.Config))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &loaded{vars, info, cfg}, nil
}
