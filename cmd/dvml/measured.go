package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dvml/dvml"
	"github.com/dvml/dvml/config"
	"github.com/dvml/dvml/embed"
	"github.com/dvml/dvml/internal/plural"
	"github.com/dvml/dvml/store"
	"github.com/dvml/dvml/vectors"
)

// measured is what eval measures: embeddings with their classes.
type measured struct {
	rows    []float32 // [N, dim]
	dim     int
	labels  []int32
	names   []string // of the classes; labels from len(names) on are of rows without one
	gallery []bool   // rows that the others search; nil: all search one another
	note    string   // on what the model was trained on; "": nothing to say

	features map[string]float64 // the metrics of the untrained features on the same images, where they are known

	data    *store.Reader // where the rows are images of a data file
	indices []int
}

func (m *measured) name(label int32) string {
	if int(label) < len(m.names) {
		return m.names[label]
	}
	return "(no class)"
}

// openRunData opens the data file at path, by default that of the run.
func openRunData(path string, m *dvml.Model) (*store.Reader, error) {
	data, err := openData(first(path, m.Config().Data))
	if errors.Is(err, fs.ErrNotExist) && path == "" {
		err = fmt.Errorf("%w; where the run's data has moved, say where it lies now by --data FILE.h5", err)
	}
	return data, err
}

// gather finds or makes the embeddings that the flags name.
func (c *evalCmd) gather(ctx context.Context, screen *screen) (*measured, error) {
	switch {
	case c.Mirror && c.Checkpoint == "":
		return nil, errors.New("--mirror takes a model: embeddings that are made already have no photographs")
	case (c.Queries == "") != (c.Gallery == ""):
		return nil, errors.New("--queries and --gallery go together")
	case c.Embeddings != "" && (c.Checkpoint != "" || c.Data != ""):
		return nil, errors.New("--embeddings cannot be combined with a checkpoint or --data: the embeddings are made already")
	case c.Embeddings != "":
		return fromFile(c.Embeddings, c.Labels)
	case c.Labels != "":
		return nil, errors.New("--labels belongs to --embeddings")
	case c.Queries != "" && c.Checkpoint == "":
		return c.parts(fromFileAlone)
	case c.Checkpoint == "":
		return nil, errors.New("name a checkpoint, or --embeddings FILE with --labels FILE")
	case c.Features && (c.Mirror || c.Dims > 0):
		return nil, errors.New("--features measures the network's features as they are: it cannot be combined with --mirror and --dims")
	}
	network, err := c.options()
	if err != nil {
		return nil, err
	}
	options := []dvml.Option{dvml.Backend(c.Backend), dvml.Network(network)}
	if c.Mirror {
		options = append(options, dvml.Mirror())
	}
	m, err := openModel(c.Checkpoint, options...)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	var out *measured
	if c.Queries != "" {
		out, err = c.parts(func(path string) (*vectors.Set, error) { return c.embedInput(ctx, m, path, screen) })
	} else {
		out, err = c.fromData(ctx, m, screen)
	}
	if err == nil {
		out.note = trainedOn(out, m.Checkpoint().Names)
	}
	return out, err
}

// fromData embeds the images of a split of the data file.
func (c *evalCmd) fromData(ctx context.Context, m *dvml.Model, screen *screen) (*measured, error) {
	data, err := openRunData(c.Data, m)
	if err != nil {
		return nil, err
	}
	kind, split := m.Kind(), store.Test
	if c.Features {
		kind = embed.Features
	}
	if c.Split == "train" {
		split = store.Train
	}
	out := &measured{data: data, indices: data.Indices(split), names: data.Classes()}
	info := m.Checkpoint()
	if run := m.Config(); !c.Features && split == store.Test && data.Fingerprint() == info.Data && (run.Fold == config.Fold{}) && !run.All {
		out.features = info.Features
	}
	out.gallery = data.InGallery(out.indices)
	all := data.Labels()
	for _, n := range out.indices {
		out.labels = append(out.labels, all[n])
	}
	out.rows, out.dim, err = m.Rows(ctx, data, out.indices, kind, c.Batch, screen.count("embedding"))
	if err != nil {
		return nil, errors.Join(err, data.Close())
	}
	if len(c.K) == 0 {
		c.K = m.Config().Evaluate.K
	}
	return out, nil
}

// parts joins queries and gallery, each of which take reads.
func (c *evalCmd) parts(take func(path string) (*vectors.Set, error)) (*measured, error) {
	queries, err := take(c.Queries)
	if err != nil {
		return nil, err
	}
	gallery, err := take(c.Gallery)
	if err != nil {
		return nil, err
	}
	if queries.Dim != gallery.Dim {
		return nil, fmt.Errorf("queries have %s, the gallery %d: one model must have made both", plural.Of(queries.Dim, "dimension"), gallery.Dim)
	}
	for path, s := range map[string]*vectors.Set{c.Queries: queries, c.Gallery: gallery} {
		if s.Classes == nil {
			return nil, fmt.Errorf("%s: nothing says what its photographs show: put those of each thing into a folder of its own", path)
		}
	}
	out := &measured{dim: queries.Dim, rows: append(queries.Rows, gallery.Rows...)}
	out.labels, out.names = vectors.Number(append(queries.Classes, gallery.Classes...))
	out.gallery = make([]bool, len(out.labels))
	for i := len(queries.Classes); i < len(out.gallery); i++ {
		out.gallery[i] = true
	}
	return out, nil
}

// embedInput embeds a folder, an archive or a data file.
func (c *evalCmd) embedInput(ctx context.Context, m *dvml.Model, path string, screen *screen) (*vectors.Set, error) {
	all, shut, err := photographs([]string{path}, nil)
	if err != nil {
		return nil, err
	}
	defer shut()
	s := &vectors.Set{Dim: m.Dim()}
	bad, progress, done := broken{screen: screen}, screen.count("embedding "+filepath.Base(path)), 0
	err = embedAll(ctx, m, all, c.Batch, nil, func(batch []embedded) error {
		for _, e := range batch {
			if err := bad.take(e); err != nil {
				return err
			}
			if e.vector != nil {
				s.Rows, s.Classes = append(s.Rows, e.vector...), append(s.Classes, e.class)
			}
		}
		done += len(batch)
		progress(done, len(all))
		return nil
	})
	if err == nil && len(s.Rows) == 0 {
		err = fmt.Errorf("%s: no photograph could be read", path)
	}
	return s, err
}

// fromFileAlone reads embeddings with their classes.
func fromFileAlone(path string) (*vectors.Set, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s is a folder: name the checkpoint that its photographs are to be embedded by", path)
	}
	return vectors.Read(path)
}

// fromFile reads embeddings, and their labels from a file of their own where one is named.
func fromFile(path, labels string) (*measured, error) {
	s, err := vectors.Read(path)
	if err != nil {
		return nil, err
	}
	if labels != "" {
		if s.Classes, err = vectors.ReadLabels(labels); err != nil {
			return nil, err
		}
		if len(s.Classes) != s.N() {
			return nil, fmt.Errorf("%s holds %s, %s %s: expected one for each", labels, plural.Of(len(s.Classes), "label"), path, plural.Of(s.N(), "embedding"))
		}
	}
	if s.Classes == nil {
		return nil, fmt.Errorf("%s says nothing of classes: name a file with a label for each embedding by --labels", path)
	}
	out := &measured{rows: s.Rows, dim: s.Dim}
	out.labels, out.names = s.Labels()
	return out, nil
}

// trainedOn says how many of the measured classes the model was trained on, by their names.
func trainedOn(m *measured, trained []string) string {
	if len(trained) == 0 {
		return ""
	}
	known := map[string]bool{}
	for _, name := range trained {
		known[name] = true
	}
	classes, seen := map[int32]bool{}, 0
	for _, l := range m.labels {
		if !classes[l] && int(l) < len(m.names) {
			classes[l] = true
			if known[m.names[l]] {
				seen++
			}
		}
	}
	if seen == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d of the %d classes measured were trained on: this is not what the model does with classes that it has not seen", seen, len(classes)))
}
