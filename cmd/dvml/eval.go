package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/evaluate"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
)

type evalCmd struct {
	Checkpoint string `arg:"" help:"A state of a run, or a backbone: what dvml import wrote, or a file it reads (then its pooled features are measured)."`
	Data       string `help:"The HDF5 file. Default: the one the run was trained on."`
	Split      string `enum:"test,train" default:"test" help:"Which images: test (held-out classes) or train."`
	Features   bool   `help:"Measure the backbone's pooled features instead of z_I."`
	K          []int  `help:"The K of Recall@K. Default: the run's."`
	Restarts   int    `default:"1" help:"Restarts of k-means."`
	Bootstrap  int    `help:"Resamples for 95% confidence intervals of the retrieval metrics; 0: none."`
	Seed       uint64 `default:"1" help:"Seed of k-means and of the bootstrap."`
	Batch      int    `default:"32" help:"Images that go through the network at once."`
	Backend    string `help:"Engine: cpu, cpu:bfloat16, go, xla; default $$DVML_BACKEND."`
	Neighbours string `help:"Draw some queries and what is found nearest to each into this PNG file."`
	networkFlags
	JSON bool `help:"Print JSON."`
}

// Run evaluates.
func (c *evalCmd) Run(ctx context.Context) error {
	network, err := c.options()
	if err != nil {
		return err
	}
	m, err := dvml.Open(c.Checkpoint, dvml.Backend(c.Backend), dvml.Network(network))
	if err != nil {
		return err
	}
	kind := m.Kind()
	if c.Features {
		kind = embed.Features
	}
	data, err := openData(first(c.Data, m.Config().Data))
	if errors.Is(err, fs.ErrNotExist) && c.Data == "" {
		err = fmt.Errorf("%w; where the run's data has moved, say where it lies now by --data FILE.h5", err)
	}
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
	rows, dim, err := m.Rows(ctx, data, indices, kind, c.Batch, screen.count("embedding"))
	if err != nil {
		return err
	}
	labels, all := make([]int32, len(indices)), data.Labels()
	for i, n := range indices {
		labels[i] = all[n]
	}
	options := m.Config().Evaluate.Options(c.Seed)
	options.Restarts, options.Bootstrap = c.Restarts, c.Bootstrap
	if len(c.K) > 0 {
		options.K = c.K
	}
	result, err := evaluate.EvaluateParts(rows, dim, labels, data.InGallery(indices), options)
	if err != nil {
		return err
	}
	screen.close()
	if err := c.print(result, len(indices), dim); err != nil || c.Neighbours == "" {
		return err
	}
	if err := drawNeighbours(data, indices, rows, dim, c.Neighbours, 8, 6); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "queries and what is found nearest:", c.Neighbours)
	return nil
}

// print shows the metrics of images.
func (c *evalCmd) print(r evaluate.Result, images, dim int) error {
	gallery := images - r.Queries - r.Lone // 0: all search one another
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", "  ")
		return out.Encode(struct {
			Images, Dim, Gallery int
			evaluate.Result
		}{images, dim, gallery, r})
	}
	fmt.Printf("%s of %s, %s each\n\n", plural.Of(images, "image"), plural.Of(r.Clusters, "class"), plural.Of(dim, "dimension"))
	if gallery > 0 {
		fmt.Printf("%s search a gallery of %d\n\n", plural.Of(images-gallery, "image"), gallery)
	}
	values, between := r.Named(), intervals(r)
	width := 0 // of the intervals
	for _, text := range between {
		width = max(width, len("  ")+len(text))
	}
	for _, name := range metricOrder(values) {
		fmt.Println(strings.TrimRight(fmt.Sprintf("  %-6s %6.3f%*s   %s", name, values[name], width, between[name], meanings[name]), " "))
	}
	if r.Lone > 0 {
		fmt.Printf("%s without another of its class: counted in NMI and F1 alone\n", plural.Of(r.Lone, "image"))
	}
	return nil
}

// intervals writes the confidence intervals of r, by the names of the metrics.
func intervals(r evaluate.Result) map[string]string {
	texts := map[string]string{}
	if r.Intervals == nil {
		return texts
	}
	add := func(name string, i evaluate.Interval) { texts[name] = fmt.Sprintf("%.3f to %.3f", i.Low, i.High) }
	add("RP", r.Intervals.RPrecision)
	add("MAP@R", r.Intervals.MAPR)
	for i, k := range r.K {
		add(fmt.Sprintf("R@%d", k), r.Intervals.Recall[i])
	}
	return texts
}
